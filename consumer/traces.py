"""Traces for a collector: what was done with a product change, when, and for how long. Off unless configured.

OpenTelemetry is imported only when traces are turned on. A span is told once, when it is over; the batches go out in
a thread of OpenTelemetry's own, bounded, and a collector that is away costs nothing but the spans.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from secrets import randbits
from typing import TYPE_CHECKING

from consumer.errors import SettingsError
from consumer.traceparent import chosen, trace_of

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Something that was done. begin, end: seconds since 1970. first: it is the trace's first, all others are below it.

    trace: trace id and id of the first span, hexadecimal. failed: in words, empty = it went well.
    """

    name: str
    trace: tuple[str, str]
    begin: float
    end: float
    first: bool = False
    failed: str = ""
    attributes: Mapping[str, str | int] = field(default_factory=dict)


Tell = Callable[[Span], None]


class Traces:
    """The traces of one process. tell: takes spans that are over; None = traces are off. share: of changes, 0 to 1."""

    def __init__(self, tell: Tell | None = None, share: float = 1.0) -> None:
        self._tell = tell
        self._share = share

    def of(self, headers: Iterable[tuple[str, bytes]]) -> tuple[str, str] | None:
        """The trace of the record with these headers, if it is to be followed."""
        if self._tell is None:
            return None
        trace = trace_of(headers)
        return trace if trace is not None and chosen(trace[0], self._share) else None

    def tell(self, span: Span) -> None:
        """This is over."""
        if self._tell is not None:
            self._tell(span)

    @property
    def on(self) -> bool:
        """Whether anything is followed."""
        return self._tell is not None


# Like logging, one for the whole process: set once when it begins, off until then.
_current = Traces()


def current() -> Traces:
    """Those of this process."""
    return _current


def use(traces: Traces) -> None:
    """These are the process's traces from now on."""
    global _current  # noqa: PLW0603  set once at start, as logging is
    _current = traces


def configure_traces(url: str, share: float, process: str) -> None:
    """Send this process's traces to the collector at `url` (OTLP over HTTP). Raises SettingsError without the extra."""
    if url and share:
        tell, close = connect(url, process)
        # What still waits goes out when the process ends in order.
        atexit.register(close)
        use(Traces(tell, share))


def connect(url: str, process: str) -> tuple[Tell, Callable[[], None]]:
    """What takes spans for the collector at `url`, and what sends the rest and ends. Raises SettingsError."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            "MARKETSYNC_TRACES_URL is set, but OpenTelemetry is not installed: install marketsync[traces],"
            " or leave the variable empty"
        ) from error
    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=5))
    resource = Resource.create({"service.name": "marketsync", "marketsync.process": process})
    return lambda span: processor.on_end(_as_readable(span, resource)), processor.shutdown


def _as_readable(span: Span, resource: Resource) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    trace, first = int(span.trace[0], 16), int(span.trace[1], 16)
    sampled = TraceFlags(TraceFlags.SAMPLED)
    above = SpanContext(trace, first, is_remote=True, trace_flags=sampled)
    own = SpanContext(trace, first if span.first else randbits(64) or 1, is_remote=False, trace_flags=sampled)
    return ReadableSpan(
        span.name,
        context=own,
        parent=None if span.first else above,
        resource=resource,
        attributes=span.attributes,
        status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(StatusCode.OK),
        start_time=int(span.begin * _NANO),
        end_time=int(span.end * _NANO),
    )
