"""Whether a file may be published: never an empty one, never a much smaller one without a person's word. Pure."""

from __future__ import annotations

from datetime import datetime

from adapters.feeds import FeedRules
from consumer.feeds.model import FeedState, Hold


def held(state: FeedState, count: int, rules: FeedRules, now: datetime) -> Hold | None:
    """Why a file with so many offers is held, None = it may be published. A channel takes down what is not in it."""
    before = state.published.count if state.published else 0
    words = _words(before, count, rules)
    if words is None or (not count and not before):
        return None
    release = state.release
    if release is not None and now < release.until and count >= release.least:
        return None
    return Hold(now, count, before, words)


def _words(before: int, count: int, rules: FeedRules) -> str | None:
    lost = before - count
    if not count:
        return f"it would be empty, and the published file has {before} offers"
    if lost > rules.shrink_count and lost > before * rules.shrink_share:
        return f"it would have {count} offers, {lost} fewer than the published file ({lost / before:.0%} of {before})"
    return None
