"""Amazon's rates as token buckets: one for each seller, application and operation, and some for an application as a
whole (facts page, sections 1, 2 and 7; where model and page differ, the lower one)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.sandbox.amazon.errors import QUOTA_WORDS


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a second, and so many at once after a rest."""

    rate: float
    burst: int


OPERATIONS: Mapping[str, Rate] = {
    "put": Rate(5, 5),
    "patch": Rate(5, 5),
    "delete": Rate(5, 5),
    "get": Rate(5, 5),
    "search": Rate(5, 5),
    "preview": Rate(1, 1),
    "search_product_types": Rate(5, 5),
    "get_product_type": Rate(5, 5),
    "create_document": Rate(0.5, 15),
    "create_feed": Rate(0.0083, 15),
    "create_listings_feed": Rate(5 / 300, 5),
    "get_feed": Rate(2, 15),
    "list_feeds": Rate(0.0222, 10),
    "cancel_feed": Rate(2, 15),
    "get_document": Rate(0.0222, 10),
    "get_participations": Rate(0.016, 15),
    "notifications": Rate(1, 5),
    "search_orders": Rate(0.0056, 20),
    "get_order": Rate(0.5, 30),
    "confirm_shipment": Rate(2, 10),
}
"""Per seller and application."""

APPLICATION: Mapping[str, tuple[Rate, str]] = {
    "put": (Rate(100, 100), "application"),
    "put with relationships": (Rate(25, 25), "relationships"),
    "patch": (Rate(500, 500), "application"),
    "patch of product data": (Rate(100, 100), "product data"),
    "patch with relationships": (Rate(5, 5), "relationships"),
    "delete": (Rate(100, 100), "application"),
    "get": (Rate(100, 100), "application"),
    "preview": (Rate(20, 20), "application"),
}
"""Per application over all its sellers, and the word for it in the refusal (changelog of 2025-06-25)."""


_ONE = 0.999  # a call, but for what floats lose of a moment


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """All buckets. clock: seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def refusal(self, operation: str, seller: str, application: str, kinds: Sequence[str]) -> str:
        """Take one call from every bucket that concerns it. Words when one is empty, "" when the call may go.

        kinds: names of APPLICATION. A refused call takes from no bucket.
        """
        now = self._clock()
        wanted = [(self._fill((operation, seller, application), OPERATIONS[operation], now), QUOTA_WORDS)]
        for kind in kinds:
            rate, word = APPLICATION[kind]
            words = f"The frequency of requests was greater than what is allowed for {_ARTICLE.get(word, '')}{word}."
            wanted.append((self._fill((kind, "", application), rate, now), words))
        for bucket, words in wanted:
            if bucket.left < _ONE:
                return words
        for bucket, _ in wanted:
            bucket.left -= 1
        return ""

    def _fill(self, key: tuple[str, str, str], rate: Rate, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(rate.burst, now)
        bucket.left = min(rate.burst, bucket.left + max(0.0, now - bucket.at) * rate.rate)
        bucket.at = now
        return bucket


_ARTICLE = {"application": "the "}
