"""The window into a running process: /metrics for Prometheus, /health/live and /health/ready for whoever restarts it.

A small server in a thread of its own, so that it answers while the process is busy. `read_metrics` is the other side.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families

from consumer.errors import UnavailableError

Registry = CollectorRegistry
"""Where the metrics of one process are."""

Reasons = Callable[[], Sequence[str]]
"""Why not, in words; nothing = all is well. Called from the server's threads."""

Note = Callable[[], str]
"""What else to know about a process that is ready, in words, may be empty. Called from the server's threads."""


def make_registry() -> Registry:
    """A registry of this process alone, with its CPU, memory and open files."""
    registry = Registry()
    ProcessCollector(registry=registry)
    return registry


class HealthServer:
    """Serves one process. unready: why work cannot flow now (503 on /health/ready, the process is left alone).

    stuck: why only a restart helps (503 on /health/live). note: told on /health/ready beside the verdict.
    """

    def __init__(
        self, registry: Registry, address: tuple[str, int], *, unready: Reasons, stuck: Reasons, note: Note = str
    ) -> None:
        self._registry = registry
        self._address = address
        self._unready = unready
        self._stuck = stuck
        self._note = note
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """Serve until `stop`; returns the base address. Raises UnavailableError when the port is taken."""
        host, port = self._address
        try:
            server = ThreadingHTTPServer((host, port), _handler(self._answer))
        except OSError as error:
            raise UnavailableError(
                f"cannot serve metrics on {host}:{port} ({error.strerror}): set MARKETSYNC_METRICS_PORT to a free port,"
                " or to 0 for any"
            ) from error
        server.daemon_threads = True
        self._server = server
        Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True).start()
        return f"http://{host}:{server.server_address[1]}"

    def stop(self) -> None:
        """Stop serving. Idempotent."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _answer(self, path: str, accept: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/metrics":
            encoder, content_type = choose_encoder(accept)
            return HTTPStatus.OK, content_type, encoder(self._registry)
        if path == "/health/live":
            return _verdict("live", self._stuck())
        if path == "/health/ready":
            return _verdict("ready", self._unready(), self._note())
        return HTTPStatus.NOT_FOUND, "text/plain", b"/metrics /health/live /health/ready\n"


def _verdict(word: str, reasons: Sequence[str], note: str = "") -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    body = {"status": f"not {word}" if reasons else word, "reasons": list(reasons)}
    if note:
        body["note"] = note
    return status, "application/json", json.dumps(body).encode()


def _handler(answer: Callable[[str, str], tuple[HTTPStatus, str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # A client that opens a connection and says nothing must not hold its thread for ever.
        timeout = 10

        def do_GET(self) -> None:
            status, content_type, body = answer(self.path.split("?")[0], self.headers.get("Accept", ""))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Scrapes are not worth a line each."""

    return Handler


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a /metrics page."""

    name: str
    labels: dict[str, str]
    value: float


def read_metrics(base_url: str, deadline: float = 5) -> list[Sample]:
    """What a process reports at `base_url`. Raises UnavailableError when it does not answer within `deadline`."""
    try:
        with urllib.request.urlopen(f"{base_url}/metrics", timeout=deadline) as answer:  # noqa: S310 - our own address
            page = answer.read().decode()
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"no metrics at {base_url}: {error}") from error
    return list(_samples(page))


def _samples(page: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield Sample(sample.name, dict(sample.labels), float(sample.value))
