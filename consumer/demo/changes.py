"""The people and programs that work in a PIM, as a seeded source of writes.

Writes look as they do in the real PIM: `updated_at` moves with each edit, a deletion removes every version of a
product, and search indexing stamps documents without changing the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from consumer.mongo import Collection, Document, ObjectId

_FIRST_NEW = 90001


class Shopkeeper:
    """Changes products one write at a time. `made` counts what was done; the same seed gives the same writes."""

    def __init__(self, products: Collection[Document], catalogue: Sequence[Document], seed: int) -> None:
        self._products = products
        self._catalogue = catalogue
        self._codes = [document["entity_code"] for document in catalogue]
        self._gone: list[Document] = []
        self._new = _FIRST_NEW
        # A demo needs surprise and the same surprise again, not secrecy.
        self._random = Random(seed)  # noqa: S311
        self.made: Counter[str] = Counter()

    def change(self) -> None:
        """Make one write, of a kind drawn by how often it happens in a shop."""
        kinds, weights = zip(*_SHARES, strict=True)
        kind = self._random.choices(kinds, weights)[0]
        kind(self)
        self.made[kind.__name__.replace("_", " ")] += 1

    def change_price(self) -> None:
        """A new price, sometimes with a sale price."""
        retail = round(self._random.uniform(2, 900), 2)
        pricing: dict[str, Any] = {"pricing.retail": retail, "pricing.list": round(retail * 0.6, 2)}
        if self._random.random() < 0.3:
            self._edit({**pricing, "pricing.sale": round(retail * 0.85, 2)})
        else:
            self._edit(pricing, "pricing.sale")

    def change_stock(self) -> None:
        """Goods came in or were counted."""
        self._edit({"quantity": self._random.randint(1, 200), "stock_status": "in_stock"})

    def sell_out(self) -> None:
        """The last piece is gone."""
        self._edit({"quantity": 0, "stock_status": "out_of_stock"})

    def rename(self) -> None:
        """A better title."""
        document = self._random.choice(self._catalogue)
        self._edit({"name.en": f"{document['name']['en'][:60]} mark {self._random.randint(2, 99)}"})

    def add(self) -> None:
        """A new product, or one that was deleted comes back."""
        if self._gone and self._random.random() < 0.5:
            document = self._gone.pop(self._random.randrange(len(self._gone)))
        else:
            code = f"NEW-{self._new}"
            self._new += 1
            document = {**self._random.choice(self._catalogue), "entity_code": code, "sku": code}
        self._products.insert_one({**document, "_id": ObjectId(), "created_at": _now(), "updated_at": _now()})
        self._codes.append(document["entity_code"])

    def delete(self) -> None:
        """A product leaves the shop, with all its versions."""
        code = self._codes.pop(self._random.randrange(len(self._codes)))
        document = self._products.find_one({"entity_code": code, "isCurrent": True})
        self._products.delete_many({"entity_code": code})
        if document:
            self._gone.append(document)

    def index_for_search(self) -> None:
        """The search engine's stamp: noise for every channel."""
        self._products.update_one(self._any(), {"$set": {"solr_indexed_at": _now()}})

    def _edit(self, fields: Document, *removed: str) -> None:
        update: Document = {"$set": {**fields, "updated_at": _now()}}
        if removed:
            update["$unset"] = dict.fromkeys(removed, "")
        self._products.update_one(self._any(), update)

    def _any(self) -> Document:
        return {"entity_code": self._random.choice(self._codes), "isCurrent": True}


_SHARES: tuple[tuple[Callable[[Shopkeeper], None], int], ...] = (
    (Shopkeeper.change_price, 38),
    (Shopkeeper.change_stock, 26),
    (Shopkeeper.sell_out, 8),
    (Shopkeeper.rename, 10),
    (Shopkeeper.index_for_search, 10),
    (Shopkeeper.add, 5),
    (Shopkeeper.delete, 3),
)


def _now() -> datetime:
    return datetime.now(UTC)
