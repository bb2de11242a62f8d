"""The stand-in of eBay as a process: it says when it serves, serves, and ends cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.ebay import Seller
from tests.contract.ebay_calls import TOKEN
from tests.waiting import wait_until

_DEADLINE = 20


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "adapters.sandbox.ebay", "--port", "0", "--ready-file", str(tmp_path / "ready")]
    command += ["--client-id", "mine", "--seller", "second:id2:secret2:refresh2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        yield child
        if child.poll() is None:
            child.kill()


def test_it_prints_its_address_when_it_serves_and_stops_on_sigterm(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    url = json.loads(line)["url"]
    assert (tmp_path / "ready").read_text() == line
    with httpx.Client(base_url=url) as http:
        form = {"grant_type": "refresh_token", "refresh_token": Seller().refresh_token}
        assert http.post(TOKEN, data=form, auth=("mine", Seller().client_secret)).status_code == 200
        form["refresh_token"] = "refresh2"
        assert http.post(TOKEN, data=form, auth=("id2", "secret2")).status_code == 200
        # a kept-alive connection must not hold the process back
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=_DEADLINE)
    assert (process.returncode, rest, complaints) == (0, "", "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_call_under_way_does_not_hold_sigterm_back(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    url = httpx.URL(json.loads(process.stdout.readline())["url"])
    httpx.post(url.join("/_sandbox/faults"), json={"kind": "latency", "seconds": 3600})
    lines = (
        f"GET /sell/inventory/v1/location HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {Seller().access_token}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 0), timeout=_DEADLINE) as connection:
        connection.sendall(lines.encode())
        wait_until(lambda: httpx.get(url.join("/_sandbox/faults")).json()["faults"][0]["hits"], _DEADLINE)
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=_DEADLINE)
    assert (process.returncode, rest, complaints) == (0, "", "")
