"""Tells people what delivery did: metrics, and one log line per delivery as a shop keeper would say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog

from adapters.errors import AdapterError
from consumer.delivery.commands import (
    AccountHalted,
    AccountOpened,
    Answer,
    Call,
    ChannelAnswers,
    ChannelDown,
    Finished,
    Note,
    Postponed,
    Superseded,
)
from consumer.delivery.core import Core
from consumer.delivery.dead_letters import error_kind
from consumer.delivery.planning import Planned
from consumer.delivery.quotas.quotas import Figures
from consumer.delivery.work import AccountKey, Work, account_of
from consumer.errors import UndecodableEventError
from consumer.events import JOB
from consumer.kafka.records import Record
from consumer.metrics import DeliveryMetrics
from consumer.traceparent import trace_of
from consumer.traces import Span, Traces

_log = structlog.get_logger()

_SPELLING = {"ebay": "eBay", "amazon": "Amazon", "manomano": "ManoMano", "trovaprezzi": "Trovaprezzi"}
_ACCEPTED = {
    "create": "offer published",
    "revise_content": "content revised",
    "revise_offer": "price and stock updated",
    "revise_stock": "stock alone updated",
    "withdraw": "offer withdrawn",
}
# Nothing happened that a person would look for at info.
_QUIET = frozenset({"unchanged", "superseded", "submitted", "unlisted", "withdrawn"})
_LONGEST = 300


class Reporter:
    """Turns the core's notes into metrics, log lines and traces. clock: seconds since 1970."""

    def __init__(
        self, channel: str, metrics: DeliveryMetrics, clock: Callable[[], float], traces: Traces | None = None
    ) -> None:
        self._traces = traces or Traces()
        self._channel = channel
        self._spelling = _SPELLING.get(channel, channel)
        self._metrics = metrics
        self._clock = clock
        self._waited: dict[str, float] = {}

    def report(self, notes: Iterable[Note]) -> None:
        """Tell about these happenings."""
        for note in notes:
            match note:
                case Finished():
                    self._trace_end(note)
                    self._finished(note)
                case Superseded():
                    self._metrics.superseded.labels(*self._account(note.work)).inc()
                case Postponed():
                    self._postponed(note)
                case AccountHalted():
                    self._metrics.halted.labels(self._channel, str(note.account)).set(1)
                    _log.error(
                        f"{self._spelling} account {note.account} is halted: {_cut(note.error)}",
                        account=str(note.account),
                        next_try_in=round(note.delay),
                    )
                case AccountOpened():
                    self._metrics.halted.labels(self._channel, str(note.account)).set(0)
                    _log.info(f"{self._spelling} account {note.account} works again", account=str(note.account))
                case ChannelDown():
                    self._metrics.down.labels(self._channel, str(note.account)).set(1)
                    _log.warning(
                        f"{self._spelling} does not answer account {note.account}, which waits: {_cut(note.error)}",
                        account=str(note.account),
                        next_try_in=round(note.delay, 1),
                    )
                case ChannelAnswers():
                    self._metrics.down.labels(self._channel, str(note.account)).set(0)
                    _log.info(f"{self._spelling} answers account {note.account} again", account=str(note.account))

    def answered(self, call: Call, answers: Iterable[Answer], *, seconds: float = 0.0) -> None:
        """What the channel said that its adapter has no table entry for: whether it was taken rightly is a guess.

        seconds: how long the call took.
        """
        if call.sends:
            spent = self._metrics.call_seconds.labels(self._channel, str(call.account), call.operation)
            spent.observe(seconds, _exemplar(call.sends[0].work))
        if self._traces.on:
            self._trace_call(call, answers := list(answers), seconds)
        repeated = self._metrics.repeated_sends.labels(self._channel, str(call.account))
        repeated.inc(sum(send.plan.repeated for send in call.sends))
        for answer in answers:
            error = answer.error
            if isinstance(error, AdapterError) and not error.known:
                self._metrics.unknown_errors.labels(self._channel, str(call.account), error.kind).inc()
                _log.warning(
                    f"{self._spelling} says what we do not know: {_cut(error)}",
                    code=error.code,
                    status=error.status,
                    taken_as=error.kind,
                    account=str(call.account),
                    operation=call.operation,
                )

    def gauges(self, core: Core) -> None:
        """How full it is now."""
        waiting = core.slots.waiting_by_account()
        for account, gate in core.gates.items():
            labels = (self._channel, str(account))
            self._metrics.in_flight.labels(*labels).set(gate.calling)
            self._metrics.capacity.labels(*labels).set(gate.most_in_calls)
            self._metrics.waiting.labels(*labels).set(waiting.get(account, 0))
            self._metrics.halted.labels(*labels).set(gate.halted)
            self._metrics.down.labels(*labels).set(gate.down)
        for figures in core.quotas.figures():
            self._quota(figures)
        self._metrics.unfinished_records.labels(self._channel).set(core.offsets.unfinished)
        self._metrics.paused_partitions.labels(self._channel).set(len(core.resting))

    def _quota(self, figures: Figures) -> None:
        labels = self._channel, figures.key.removeprefix(f"{self._channel}/")
        self._metrics.quotas.used.labels(*labels).set(figures.used)
        self._metrics.quotas.left.labels(*labels).set(figures.left)
        self._metrics.quotas.wait_seconds.labels(*labels).inc(figures.waited - self._waited.get(figures.key, 0.0))
        self._waited[figures.key] = figures.waited

    def forget(self, account: AccountKey) -> None:
        """There is no such account any more: its gauges tell nothing."""
        metrics = self._metrics
        for gauge in (
            metrics.in_flight,
            metrics.capacity,
            metrics.waiting,
            metrics.halted,
            metrics.down,
            metrics.owed.paused,
            metrics.backlog.waiting,
            metrics.backlog.blocked,
        ):
            gauge.remove(self._channel, str(account))

    def undecodable(self, error: Exception, record: Record) -> None:
        """A record that is no event of ours, or one that a bug of ours keeps us from reading."""
        self._metrics.dead_letters.labels(self._channel, error_kind(error)).inc()
        where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        if isinstance(error, UndecodableEventError):
            _log.error(f"record is no product event: {error}", **where)
        else:
            _log.error("bug: a record cannot be taken in", exc_info=error, **where)

    def _finished(self, note: Finished) -> None:
        account = self._account(note.work)
        self._metrics.outcomes.labels(*account, note.operation, note.outcome).inc()
        if note.outcome == "accepted" and note.send is not None:
            planned: Planned = note.send.plan
            age = self._clock() - planned.written.timestamp()
            self._metrics.write_to_channel_seconds.labels(*account).observe(max(0.0, age), _exemplar(note.work))
            self._say(note.work, f"✓ {_ACCEPTED.get(note.operation, note.operation)}")
            for remark in planned.plan.remarks:
                self._say(note.work, remark[:_LONGEST])
            if planned.plan.problems:
                words = "; ".join(map(str, planned.plan.problems))
                self._say(note.work, f"✗ {planned.plan.verdict}: {words[:_LONGEST]}")
        elif note.outcome == "behind":
            self._say(note.work, f"waits: {note.words[:_LONGEST]}")
        elif note.outcome == "submitted" and note.send is not None:
            self._say(note.work, f"{note.operation.replace('_', ' ')} taken; the channel says later how it ended")
        elif note.outcome == "superseded":
            self._metrics.superseded.labels(*account).inc()
        elif note.outcome == "dead_letter":
            self._metrics.dead_letters.labels(self._channel, note.words.partition(":")[0]).inc()
            _log.error(self._line(note.work, f"✗ given up, {note.words[:_LONGEST]}"), **_where(note.work))
        elif note.outcome == "rehearsed":
            self._say(note.work, f"would {note.words.replace('_', ' ')} (dry run)")
        elif note.outcome not in _QUIET:
            self._say(note.work, f"✗ {note.outcome}: {note.words[:_LONGEST]}")

    def _postponed(self, note: Postponed) -> None:
        reason = error_kind(note.error)
        self._metrics.retries.labels(*self._account(note.work), reason, note.place).inc()
        if note.delay > 0 and note.error is not None:
            words = f"waits {note.delay:.0f} s: {_cut(note.error)}"
            _log.debug(self._line(note.work, words), attempts=note.work.attempts, **_where(note.work))

    def _trace_call(self, call: Call, answers: Iterable[Answer], seconds: float) -> None:
        """One span for each change in the call: the channel answered all of them at once."""
        now = self._clock()
        for answer in answers:
            work = answer.send.work
            trace = self._traces.of(work.record.headers)
            if trace is not None:
                name = f"{self._channel} {answer.send.operation}"
                about = _about(work) | {"attempt": work.attempts + 1, "listings_in_call": len(call.sends)}
                failed = "" if answer.error is None else _cut(answer.error)
                self._traces.tell(Span(name, trace, now - seconds, now, failed=failed, attributes=about))

    def _trace_end(self, note: Finished) -> None:
        trace = self._traces.of(note.work.record.headers)
        if trace is not None:
            now = self._clock()
            about = _about(note.work) | {"operation": note.operation, "outcome": note.outcome}
            begin = min(now, note.work.record.timestamp or now)
            self._traces.tell(Span(f"{self._channel} delivery", trace, begin, now, attributes=about))

    def _say(self, work: Work, words: str) -> None:
        _log.info(self._line(work, words), **_where(work))

    def _line(self, work: Work, words: str) -> str:
        return f"{work.key.entity_code} → {self._spelling} … {words}"

    def _account(self, work: Work) -> tuple[str, str]:
        return self._channel, str(account_of(work.key))


def _about(work: Work) -> dict[str, str | int]:
    return {"tenant": work.key.tenant, "account": work.key.account, "product": work.key.entity_code}


def _where(work: Work) -> Mapping[str, str | int]:
    """What each line about a listing is bound to, so that a collector finds all lines of one product or one job."""
    where = _about(work)
    if not work.swept:
        where |= {"topic": work.record.topic, "partition": work.record.partition, "offset": work.record.offset}
    for name, value in work.record.headers:
        if name == JOB:
            where["job"] = value.decode("utf-8", "replace")
    trace = trace_of(work.record.headers)
    return where if trace is None else where | {"trace": trace[0]}


def _exemplar(work: Work) -> dict[str, str] | None:
    """The trace of a change, as Prometheus keeps it beside a figure."""
    trace = trace_of(work.record.headers)
    return None if trace is None else {"trace_id": trace[0]}


def _cut(error: Exception | None) -> str:
    return str(error)[:_LONGEST]
