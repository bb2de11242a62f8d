"""Which fields of a PIM document a listing may depend on."""

from __future__ import annotations

from itertools import chain

from consumer.listings.reader import ALIASES

SHOWN: frozenset[str] = frozenset(
    (
        *chain.from_iterable(ALIASES.values()),
        "attributes",
        "category",
        "currency",
        "image",
        "isCurrent",
        "not_visible",
        "product_model",
        "product_status",
        "sku",
        "status",
    )
)
"""Top-level names, and nothing below them is left out. A test holds this to what the reader really looks at."""
