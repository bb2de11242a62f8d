"""What metrics and people are told of a feed. Pure but for the gauges."""

from __future__ import annotations

from datetime import datetime

from adapters.feeds import FeedRules
from consumer.feeds.model import FeedState
from consumer.metrics.feeds import FeedMetrics

_GRACE = 60.0
_INTERVALS = 3


def waiting(state: FeedState, now: datetime) -> float:
    """For how many seconds changes have waited to be in the file; 0 where it has all."""
    if not state.dirty or state.waiting_since is None:
        return 0.0
    return max(0.0, (now - state.waiting_since).total_seconds())


def overdue(state: FeedState, rules: FeedRules, now: datetime) -> bool:
    """Whether somebody should look why the file does not follow."""
    return waiting(state, now) > _INTERVALS * rules.interval + _GRACE


def standing(state: FeedState, rules: FeedRules | None, now: datetime) -> str:
    """How it is doing, in a few words. rules: None where no account has this feed any more."""
    if state.held is not None:
        return f"held: {state.held.words}"
    if state.failure is not None:
        return f"failing ({state.failure.count}): {state.failure.words}"
    if rules is None:
        return "no account has it (any more)"
    if state.published is None:
        return "waits for its first file" if state.dirty else "has no offers yet"
    if overdue(state, rules, now):
        return "overdue: is `marketsync feeds serve` running?"
    return "changes wait for the next file" if state.dirty else "up to date"


def tell(metrics: FeedMetrics, state: FeedState, rules: FeedRules, now: datetime) -> None:
    """Set the gauges of one feed."""
    labels = (state.key.tenant, state.key.channel, state.key.account)
    published = state.published
    metrics.offers.labels(*labels).set(published.count if published else 0)
    metrics.bytes.labels(*labels).set(published.plain.size if published else 0)
    if published:
        metrics.published.labels(*labels).set(published.at.timestamp())
        metrics.checked.labels(*labels).set(published.checked.timestamp())
    metrics.waiting.labels(*labels).set(waiting(state, now))
    metrics.held.labels(*labels).set(state.held is not None)
    metrics.failing.labels(*labels).set(state.failure.count if state.failure else 0)
    metrics.overdue.labels(*labels).set(overdue(state, rules, now))
