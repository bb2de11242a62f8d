"""What the demo sells: 304 products in the PIM's shape and their categories on the channels.

Origin and licence: data/NOTICE.txt.
"""

from __future__ import annotations

from importlib.resources import files

import orjson

from consumer.mongo import Document
from consumer.mongo.documents import from_extended_json

_DATA = files("consumer.demo") / "data"
_UNKNOWN: Document = {"brand": {"label": "Sample"}, "weight": 0.5, "weight_uom": "KG"}
# Where everything but tools goes, and where tools do.
_PLACES = {"amazon": ("HOME", "TOOLS"), "manomano": ("20696", "30111")}


def load_products() -> list[Document]:
    """The products as documents for MongoDB, without `_id`.

    The sample knows no weights, no models and not every brand, without which ManoMano and Amazon take nothing.
    """
    lines = (_DATA / "pim-products.jsonl").read_bytes().splitlines()
    documents = [from_extended_json(orjson.loads(line)) for line in lines]
    return [{**_UNKNOWN, "product_model": document["sku"], **document} for document in documents]


def categories(channel: str) -> dict[str, str]:
    """PIM category id -> category of the channel: as far as the stand-ins know any."""
    ebay: dict[str, str] = orjson.loads((_DATA / "ebay-categories.json").read_bytes())
    if channel == "ebay":
        return ebay
    return {category: _place(channel, category.removeprefix("cat-")) for category in ebay}


def _place(channel: str, name: str) -> str:
    if channel == "trovaprezzi":
        return f"sample catalogue;{name.replace('-', ' ')}"
    goods, tools = _PLACES[channel]
    return tools if name == "tools" else goods
