"""What delivery tells people: figures that stay bounded, and words."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from adapters.errors import AdapterError, ChannelUnavailableError, RejectedListingError
from adapters.model import Outcome
from consumer.delivery.batches import Send
from consumer.delivery.commands import Answer, Call
from consumer.delivery.reporting import Reporter
from consumer.delivery.work import AccountKey
from consumer.metrics import delivery_metrics
from tests.unit.delivery.making import CHANNEL, make_work

ACCOUNT = AccountKey("shop", "default")
METRIC = "marketsync_delivery_unknown_errors_total"


def answer(error: AdapterError | None, *, known: bool = True) -> Answer:
    if error is not None:
        error.known = known
    return Answer(Send(make_work("A-1"), "create", "A-1", None), Outcome("A-1", error), error)


def test_failures_that_no_table_has_are_counted_by_what_they_were_taken_for() -> None:
    registry = CollectorRegistry()
    reporter = Reporter(CHANNEL, delivery_metrics(registry), lambda: 0.0)
    reporter.answered(
        Call(ACCOUNT, "create", ()),
        [
            answer(None),
            answer(RejectedListingError("known", code="25005")),
            answer(RejectedListingError("new", code="99001"), known=False),
            answer(RejectedListingError("new", code="99002"), known=False),
            answer(ChannelUnavailableError("new", status=599), known=False),
        ],
    )
    found = {
        kind: registry.get_sample_value(METRIC, {"channel": CHANNEL, "account": str(ACCOUNT), "kind": kind})
        for kind in ("rejected_listing", "channel_unavailable")
    }
    assert found == {"rejected_listing": 2, "channel_unavailable": 1}
