"""Which fields of a PIM document a listing may depend on."""

from __future__ import annotations

from itertools import chain

from consumer.listings import packagings
from consumer.listings.reader import ALIASES

SHOWN: frozenset[str] = frozenset(
    (
        *chain.from_iterable(ALIASES.values()),
        *(f"{packagings.PATH}.*.{name}" for name in packagings.FIELDS),
        "attributes",
        "category",
        "channel_categories",
        "channels",
        "currency",
        "dimension_height",
        "dimension_length",
        "dimension_uom",
        "dimension_width",
        "image",
        "isCurrent",
        "marketing_features",
        "not_visible",
        "product_model",
        "product_status",
        "product_type",
        "promotions",
        "short_description",
        "sku",
        "status",
        "technical_specifications",
        "weight",
        "weight_uom",
    )
)
"""Names, or paths with dots where not all below a name is looked at; `*` stands for a place in a list.

Nothing below them is left out. A test holds this to what the reader really looks at.
"""
