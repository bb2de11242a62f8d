"""The demo in plain mode: interrupted it leaves nothing behind, and after that it runs to a good end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from consumer.embedded import Endpoints
from consumer.mongo import connect
from tests.acceptance.installation import ROOT
from tests.waiting import wait_until


def environment(servers: Endpoints, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MONGODB_URI": servers.mongodb_uri,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka_bootstrap_servers,
        "MARKETSYNC_HOME": str(home),
        # An account of the shell's owner, which the demo may not touch.
        "EBAY_ENABLED": "true",
        "EBAY_API_URL": "https://api.example.test",
        "EBAY_ACCESS_TOKEN": "somebody-elses-token",
    }


def start(servers: Endpoints, home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "consumer", "demo", *arguments],
        env=environment(servers, home),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def nothing_is_left(servers: Endpoints) -> None:
    with connect(servers.mongodb_uri) as client:
        assert not [name for name in client.list_database_names() if name.endswith("-demo")]
    admin = AdminClient({"bootstrap.servers": servers.kafka_bootstrap_servers})
    wait_until(
        lambda: not [name for name in admin.list_topics(timeout=10).topics if name.startswith("marketsync-demo-")],
        10,
        "topics of the demo are left",
    )


@pytest.mark.timeout(300)
def test_the_demo_is_interrupted_and_then_ends_without_a_difference(servers: Endpoints, tmp_path: Path) -> None:
    ctrl_c_stops_everything(servers, tmp_path)
    demo = start(servers, tmp_path, "--writes", "300", "--seconds", "3", "--seed", "1")
    output, _ = demo.communicate(timeout=150)
    assert demo.returncode == 0, output
    assert "Different: 0." in output
    for account in ("eBay IT", "eBay DE", "Amazon IT", "Amazon DE", "ManoMano", "Trovaprezzi"):
        assert f"304 products live on {account} after" in output
    assert "\x1b" not in output
    nothing_is_left(servers)


def ctrl_c_stops_everything(servers: Endpoints, home: Path) -> None:
    with start(servers, home, "--writes", "5000", "--seconds", "60") as demo:
        assert demo.stdout is not None
        lines = iter(demo.stdout.readline, "")
        assert any("Changes:" in line for line in lines), "it ended before the changes"
        os.killpg(demo.pid, signal.SIGINT)  # a terminal sends it to the whole group
        rest = "".join(lines)
        assert demo.wait(40) == 130, rest
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)
    nothing_is_left(servers)
