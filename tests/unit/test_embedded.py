"""What the embedded servers decide without a server: ports, jars, locks, processes, words."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from consumer.embedded import EmbeddedError, broker, jars, locks, mongod, ports, servers, wheels
from consumer.embedded.processes import ServerProcess, environment
from tests.waiting import wait_until

ONE_LINE_CURE = "MONGODB_URI and KAFKA_BOOTSTRAP_SERVERS"


class TestPorts:
    def test_chosen_ports_are_free_different_and_remembered(self, tmp_path: Path) -> None:
        file = tmp_path / "ports.json"
        chosen = ports.choose(file, ("broker", "controller"), random.Random(1))
        assert len(set(chosen.values())) == 2
        assert all(ports.is_free(port) for port in chosen.values())
        assert ports.remembered(file, ("broker", "controller")) == chosen
        assert ports.choose(file, ("broker", "controller"), random.Random(2)) == chosen

    def test_only_a_port_that_is_taken_is_replaced(self, tmp_path: Path) -> None:
        file = tmp_path / "ports.json"
        before = ports.choose(file, ("broker", "controller"), random.Random(1))
        with socket.create_server(("127.0.0.1", before["broker"])):
            after = ports.choose(file, ("broker", "controller"), random.Random(2))
        assert after["controller"] == before["controller"]
        assert after["broker"] != before["broker"]

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b"null", b'{"mongod": "1"}', b'{"mongod": 0}', b'{"mongod": 70000}', b"\xff\xfe"]
    )
    def test_a_damaged_file_counts_as_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "ports.json").write_bytes(content)
        assert ports.remembered(tmp_path / "ports.json", ("mongod",)) is None
        assert ports.choose(tmp_path / "ports.json", ("mongod",), random.Random(1))["mongod"] > 0

    def test_accepts_tells_whether_somebody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert ports.accepts(port)
        assert not ports.accepts(port)


def jar_named(name: str, content: bytes) -> jars.Jar:
    return jars.Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest())


def fill(cache: Path, jar: jars.Jar, content: bytes) -> Path:
    path = cache / f"kafka-{jars.KAFKA_VERSION}" / jar.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestJars:
    def test_the_manifest_pins_kafka_and_its_logging(self) -> None:
        pinned = {jar.artifact: jar for jar in jars.pinned_jars()}
        assert pinned["kafka_2.13"].version == pinned["kafka-clients"].version == jars.KAFKA_VERSION
        assert "log4j-slf4j2-impl" in pinned
        assert all(len(jar.sha256) == 64 for jar in pinned.values())

    @pytest.mark.parametrize("line", ["abc", "abc  a:b", "abc  a:b:c:d", "abc a:b:c d"])
    def test_a_malformed_manifest_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match="unpack"):
            jars.parse_manifest(f"# comment\n\n{line}\n")

    def test_a_full_cache_needs_no_resolver(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        jar = jar_named("kafka", b"good")
        path = fill(tmp_path, jar, b"good")
        monkeypatch.setitem(sys.modules, "jgo.maven", None)  # importing it fails
        said: list[str] = []
        assert jars.prepare(tmp_path, [jar], said.append) == [path]
        assert said == []

    def test_a_jar_that_is_not_the_pinned_one_is_refused_in_words(self, tmp_path: Path) -> None:
        jar = jar_named("kafka", b"good")
        path = fill(tmp_path, jar, b"evil")
        with pytest.raises(EmbeddedError, match="is not the file that marketsync is pinned to") as refused:
            jars.prepare(tmp_path, [jar], print)
        assert str(path) in str(refused.value)
        assert jar.sha256 in str(refused.value)
        assert path.read_bytes() == b"evil"

    def test_without_a_network_it_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(scheme, "http://127.0.0.1:9")  # nobody listens there
        said: list[str] = []
        with pytest.raises(EmbeddedError, match=r"cannot download org\.example:kafka:1\.0") as refused:
            jars.prepare(tmp_path, [jar_named("kafka", b"good")], said.append)
        assert ONE_LINE_CURE in str(refused.value)
        assert "\n" not in str(refused.value)
        assert said[0].startswith(f"Downloading Apache Kafka {jars.KAFKA_VERSION} into {tmp_path}")
        assert list((tmp_path / f"kafka-{jars.KAFKA_VERSION}").iterdir()) == []


class TestPrograms:
    def test_a_missing_package_is_named_with_its_cure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(package: str) -> None:
            raise PackageNotFoundError(package)

        monkeypatch.setattr(wheels, "distribution", missing)
        monkeypatch.setenv("PATH", "/nowhere")
        for find, name in ((wheels.mongod, "mongod"), (wheels.java, "java")):
            with pytest.raises(EmbeddedError, match=rf"^{name} is not installed: pip install") as refused:
                find()
            assert ONE_LINE_CURE in str(refused.value)
            assert "\n" not in str(refused.value)

    def test_a_program_without_permission_to_run_gets_it(self, tmp_path: Path) -> None:
        program = tmp_path / "mongod"
        program.write_bytes(b"")
        program.chmod(0o644)
        assert os.access(wheels._runnable(program), os.X_OK)

    def test_windows_is_told_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("consumer.embedded.servers.os.name", "nt")
        with pytest.raises(EmbeddedError, match="Linux and macOS only"):
            servers.start(tmp_path)

    def test_a_home_that_cannot_be_is_refused_in_words(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(EmbeddedError, match="set MARKETSYNC_HOME"):
            servers.start(tmp_path / "file" / "home")


class TestBroker:
    def test_only_one_that_stays_is_compiled_well(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """That takes time and memory, which a test or a demo does not earn back."""
        monkeypatch.setattr(wheels, "java", lambda: Path("java"))
        monkeypatch.setattr(jars, "prepare", lambda *_: [])
        (tmp_path / "data").mkdir()
        places = {"broker": 1, "controller": 2}
        quick = broker.prepare(tmp_path, places, tmp_path, print)
        lasting = broker.prepare(tmp_path, places, tmp_path, print, lasting=True)
        assert set(quick) - set(lasting) == {"-XX:TieredStopAtLevel=1"}
        assert set(lasting) < set(quick)


class TestWords:
    def test_mongod_words_are_its_last_error(self) -> None:
        lines = [
            json.dumps({"s": "E", "msg": "WiredTiger error", "attr": {"error": 28}}),
            json.dumps({"s": "I", "msg": "Shutting down"}),
        ]
        assert mongod.last_words(lines) == 'WiredTiger error {"error": 28}'
        assert mongod.last_words(lines[1:]) == ""

    def test_a_missing_library_comes_with_its_cure(self) -> None:
        said = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
        assert "apt-get install libcurl4" in mongod.last_words([said])

    def test_kafka_words_leave_out_the_warnings_of_the_runtime(self) -> None:
        assert broker.last_words(["ERROR no space left", "WARNING: deprecated"]) == "ERROR no space left"
        assert broker.last_words([]) == ""


class TestServerProcess:
    """With `sleep` in the place of a server."""

    def test_it_runs_until_stopped_and_starts_again(self, tmp_path: Path) -> None:
        process = ServerProcess("sleep", tmp_path)
        assert not process.running()
        for _ in range(2):
            process.launch(["sleep", "60"])
            try:
                pid = wait_until(process.pid, 5)
                os.kill(pid, 0)
                assert ServerProcess("sleep", tmp_path).pid() == pid
                with pytest.raises(EmbeddedError, match="already runs"):
                    process.launch(["sleep", "60"])
            finally:
                process.stop(patience=5)
            assert not process.running()
            assert process.pid() is None

    def test_one_that_ignores_sigterm_is_killed(self, tmp_path: Path) -> None:
        process = ServerProcess("stubborn", tmp_path)
        process.launch(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"])
        wait_until(lambda: process.output_lines() == ["deaf"], 5)
        process.stop(patience=0.2)
        assert not process.running()

    def test_a_stale_id_that_now_belongs_to_another_program_is_left_alone(self, tmp_path: Path) -> None:
        process = ServerProcess("server", tmp_path)
        with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
            try:
                (tmp_path / "process.lock").write_text(str(stranger.pid))
                assert not process.running()
                assert process.pid() is None
                process.stop(patience=1)
                assert stranger.poll() is None
            finally:
                stranger.kill()

    def test_the_output_of_the_run_before_is_kept(self, tmp_path: Path) -> None:
        process = ServerProcess("echo", tmp_path)
        for word in ("first", "second"):
            process.launch(["echo", word])
            wait_until(lambda: not process.running(), 5)
        assert process.output_lines() == ["second"]
        assert (tmp_path / "output.log.1").read_text() == "first\n"

    def test_credentials_stay_with_us(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EBAY_API_SECRET", "x")
        assert "EBAY_API_SECRET" not in environment()
        assert environment()["PATH"] == os.environ["PATH"]


def test_a_lock_is_waited_for_and_then_complained_about(tmp_path: Path) -> None:
    def hold_until(done: threading.Event, held: threading.Event) -> None:
        with locks.exclusive(tmp_path / "lock", deadline=1):
            held.set()
            done.wait(10)

    done, held = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold_until, args=(done, held))
    thread.start()
    try:
        assert held.wait(5)
        with (
            pytest.raises(EmbeddedError, match="another process has been starting"),
            locks.exclusive(tmp_path / "lock", deadline=0.05),
        ):
            pytest.fail("two held the lock at once")
    finally:
        done.set()
        thread.join()
    with locks.exclusive(tmp_path / "lock", deadline=5):
        pass


def test_nothing_runs_where_nothing_was_started(tmp_path: Path) -> None:
    status = servers.status(tmp_path / "home")
    assert (status.mongod.running, status.kafka.running, status.endpoints) == (False, False, None)
    servers.stop(tmp_path / "home")
    assert not (tmp_path / "home").exists()
