"""One trace from the PIM's write to the channel's answer; nothing of it is loaded while traces are off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from consumer.events import EventWriter, Operation
from consumer.traceparent import chosen, trace_of, traceparent
from consumer.traces import Span, Traces, configure_traces, connect, current

TRACE = ("0123456789abcdef0123456789abcdef", "0123456789abcdef")


def test_the_trace_of_a_change_is_its_own_and_stays() -> None:
    headers = EventWriter("acme", Operation.UPDATED).headers("id-1", "P-1", sequence="0" * 24, time="2026-11-23")
    found = trace_of(headers)
    assert found == trace_of([("traceparent", traceparent(b"id-1"))])
    assert found != trace_of([("traceparent", traceparent(b"id-2"))])
    assert found is not None
    assert [len(text) for text in found] == [32, 16]


@pytest.mark.parametrize("value", [b"", b"nonsense", b"00-1-2-01", b"\xff" * 55])
def test_a_header_that_is_no_trace_is_none(value: bytes) -> None:
    assert trace_of([("traceparent", value)]) is None


def test_every_process_follows_the_same_share() -> None:
    traces = [trace for n in range(2000) if (trace := trace_of([("traceparent", traceparent(b"%d" % n))]))]
    followed = [trace for trace, _ in traces if chosen(trace, 0.25)]
    assert 400 < len(followed) < 600
    assert not any(chosen(trace, 0) for trace, _ in traces)
    assert all(chosen(trace, 1) for trace, _ in traces)


def test_off_unless_configured() -> None:
    configure_traces("", 1.0, "capture")
    assert not current().on
    assert Traces().of([("traceparent", traceparent(b"1"))]) is None


def test_nothing_is_loaded_while_traces_are_off() -> None:
    program = (
        "import sys, consumer.bootstrap.service, consumer.bootstrap.capturing;"
        "from consumer.bootstrap.start import begin; begin('test');"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A collector's address, and what it was sent."""
    taken: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces", taken
    server.shutdown()
    server.server_close()


def test_a_collector_gets_spans_that_belong_together(
    collector: tuple[str, list[ExportTraceServiceRequest]],
) -> None:
    url, taken = collector
    tell, close = connect(url, "deliver ebay")
    written = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    tell(Span("pim write to kafka", TRACE, written, written + 1, first=True, attributes={"product": "P-1"}))
    tell(Span("ebay revise_offer", TRACE, written + 1, written + 2, failed="no such category"))
    close()
    (resource,) = taken[0].resource_spans
    assert {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"] == "marketsync"
    first, call = resource.scope_spans[0].spans
    assert (first.trace_id.hex(), first.span_id.hex(), first.parent_span_id) == (*TRACE, b"")
    assert (call.trace_id.hex(), call.parent_span_id.hex()) == TRACE
    assert call.span_id.hex() not in ("", TRACE[1])
    assert (call.status.message, call.end_time_unix_nano - call.start_time_unix_nano) == ("no such category", 10**9)
