"""Real child processes: restarted when they die, drained when we end, gone when the parent is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from consumer.processes import Child, ChildError, Supervisor, doubling, free_ports
from tests.waiting import eventually, wait_until

# Writes a line per start to $DIARY and one when it ends by SIGTERM.
_STEADY = """
    import os, sys
    from threading import Event
    from consumer.processes import stop_on_signals

    def note(line):
        with open(os.environ["DIARY"], "a") as diary:
            diary.write(f"{line} {os.getpid()}\\n")

    ended = Event()
    stop_on_signals(ended.set, supervised=True)
    note("started")
    ended.wait()
    note("drained")
"""


def steady(name: str, diary: Path) -> Child:
    return Child(name, ("-c", textwrap.dedent(_STEADY)), {"DIARY": str(diary)})


def script(name: str, body: str) -> Child:
    return Child(name, ("-c", textwrap.dedent(body)))


def lines(diary: Path, word: str) -> list[int]:
    text = diary.read_text() if diary.exists() else ""
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith(word)]


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervisor.run())
    yield task
    supervisor.stop()
    with suppress(ChildError):
        await task


def make_supervisor(
    *children: Child, patience: float = 10, backoff: Callable[[int], float] = lambda _: 0.01
) -> Supervisor:
    return Supervisor(children, patience=patience, backoff=backoff)


def _has_started(diary: Path, times: int) -> bool:
    return len(lines(diary, "started")) == times


async def test_children_come_and_go_while_the_others_run(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    supervisor = make_supervisor(steady("one", one))
    async with running(supervisor):
        await eventually(lambda: lines(one, "started"), 10)
        for times in (1, 2):
            supervisor.start(steady("two", two))
            await eventually(partial(_has_started, two, times), 10)
            await supervisor.end("two")
            assert len(lines(two, "drained")) == times
        assert lines(one, "drained") == []
    assert len(lines(one, "drained")) == 1
    assert len(lines(two, "started")) == 2


async def test_a_child_that_was_to_go_and_ends_badly_stops_no_other(tmp_path: Path) -> None:
    one = tmp_path / "one"
    supervisor = make_supervisor(steady("one", one), patience=0.2)
    async with running(supervisor) as task:
        await eventually(lambda: lines(one, "started"), 10)
        deaf = tmp_path / "deaf"
        supervisor.start(
            script(
                "deaf",
                f"""
                import signal, time, pathlib
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                pathlib.Path({str(deaf)!r}).write_text("started 1")
                time.sleep(600)
                """,
            )
        )
        await eventually(deaf.exists, 10)
        await supervisor.end("deaf")
        assert not task.done()
        assert lines(one, "drained") == []


async def test_a_killed_child_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    supervisor = make_supervisor(steady("one", one), steady("two", two))
    async with running(supervisor):
        await eventually(lambda: lines(one, "started") and lines(two, "started"), 10)
        os.kill(lines(one, "started")[0], signal.SIGKILL)
        await eventually(lambda: len(lines(one, "started")) == 2, 10)
    assert len(lines(two, "started")) == 1
    assert lines(one, "drained") == lines(one, "started")[1:]
    assert lines(two, "drained") == lines(two, "started")


async def test_unusable_settings_stop_everything(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    supervisor = make_supervisor(steady("steady", diary), script("wrong", "raise SystemExit(2)"))
    with pytest.raises(ChildError, match="wrong cannot run with these settings") as caught:
        await asyncio.wait_for(supervisor.run(), 20)
    assert caught.value.exit_code == 2
    assert lines(diary, "drained") == lines(diary, "started")


async def test_a_child_that_does_not_end_is_killed_and_told(tmp_path: Path) -> None:
    deaf = f"""
        import signal, pathlib
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path({str(tmp_path / "deaf")!r}).touch()
        while True:
            signal.pause()
    """
    supervisor = make_supervisor(script("deaf", deaf), patience=0.3)
    task = asyncio.create_task(supervisor.run())
    await eventually((tmp_path / "deaf").exists, 10)
    supervisor.stop()
    with pytest.raises(ChildError, match="deaf did not end cleanly: killed by SIGKILL"):
        await asyncio.wait_for(task, 20)


async def test_children_that_keep_dying_are_started_ever_more_slowly() -> None:
    asked: list[int] = []

    def backoff(deaths: int) -> float:
        asked.append(deaths)
        return 0.01 if deaths < 3 else 60

    supervisor = make_supervisor(script("short", "raise SystemExit(1)"), backoff=backoff)
    async with running(supervisor):
        await eventually(lambda: len(asked) == 3, 20)
    assert asked == [1, 2, 3]


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    parent = f"""
        import asyncio
        from consumer.processes import Child, Supervisor

        async def main():
            child = Child("child", ("-c", {textwrap.dedent(_STEADY)!r}))
            await Supervisor([child], patience=10, backoff=lambda _: 1).run()

        asyncio.run(main())
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent)], env={**os.environ, "DIARY": str(diary)})
    try:
        child = wait_until(lambda: lines(diary, "started"), 10)[0]
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: lines(diary, "drained") == [child], 10)
    wait_until(lambda: not alive(child), 10)


def test_the_backoff_doubles_up_to_its_ceiling() -> None:
    assert [doubling(0.5, 3)(deaths) for deaths in (1, 2, 3, 4, 5000)] == [0.5, 1, 2, 3, 3]


def test_free_ports_skip_what_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = free_ports("127.0.0.1", port, 2)
    assert port not in ports
    assert ports[0] > port
    assert ports[1] > ports[0]
