"""What the demo sells: 304 products in the PIM's shape and their eBay categories.

Origin and licence: data/NOTICE.txt.
"""

from __future__ import annotations

from importlib.resources import files

import orjson

from consumer.mongo import Document
from consumer.mongo.documents import from_extended_json

_DATA = files("consumer.demo") / "data"


def load_products() -> list[Document]:
    """The products as documents for MongoDB, without `_id`."""
    lines = (_DATA / "pim-products.jsonl").read_bytes().splitlines()
    return [from_extended_json(orjson.loads(line)) for line in lines]


def ebay_categories() -> dict[str, str]:
    """PIM category id -> eBay category id."""
    categories: dict[str, str] = orjson.loads((_DATA / "ebay-categories.json").read_bytes())
    return categories
