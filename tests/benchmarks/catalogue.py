"""The products that benchmarks write, and the writes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from bson import ObjectId
from pymongo import DeleteOne, InsertOne, UpdateOne

from consumer.mongo import Collection, Document

Write = InsertOne[Document] | UpdateOne | DeleteOne

_GROUP = 1000


def identity(number: int) -> ObjectId:
    """The `_id` of product `number`."""
    return ObjectId(f"{number:024x}")


def product(number: int) -> Document:
    """A product whose change event has some 2 KB."""
    return {
        "_id": identity(number),
        "entity_code": f"BENCH-{number:07d}",
        "sku": f"BENCH-{number:07d}",
        "version": 1,
        "isCurrent": True,
        "status": "published",
        "name": {"it": f"Trapano a percussione {number}", "en": f"Impact drill {number}"},
        "description": {"it": "Robusto e maneggevole, con mandrino autoserrante. " * 22},
        "pricing": {
            "list": 58.0,
            "retail": 99.9,
            "sale": 89.9,
            "currency": "EUR",
            "vat_rate": 22,
            "vat_included": True,
        },
        "quantity": number % 100,
        "ean": ["2000000000015"],
        "images": [{"url": f"https://img.example.test/{number}-{i}.jpg", "position": i} for i in range(3)],
        "attributes": {"it": [{"key": "color", "label": "Colore", "value": "Rosso"}] * 3},
    }


def insert(products: Sequence[Collection[Document]], count: int, *, first: int = 0) -> None:
    """Insert products numbered from `first`, in turn into these collections, a group each."""
    for turn, start in enumerate(range(first, first + count, _GROUP)):
        group = [product(number) for number in range(start, min(start + _GROUP, first + count))]
        products[turn % len(products)].insert_many(group, ordered=False)


def change(products: Collection[Document], known: int, count: int) -> int:
    """Write `count` changes: 20 % inserts, 70 % updates of price and stock, 10 % deletes, mixed with a fixed seed.

    known: products that are there already, more than are deleted. Returns how many of the changes are deletes.
    """
    deletes = 0
    for group in _groups(known, count):
        products.bulk_write(group, ordered=False)
        deletes += sum(isinstance(write, DeleteOne) for write in group)
    return deletes


def _groups(known: int, count: int) -> Iterator[list[Write]]:
    """Deleted are the oldest, updated those that no delete of the same group can reach."""
    choose = random.Random(4)
    oldest, newest = 0, known
    for start in range(0, count, _GROUP):
        group: list[Write] = []
        for kind in choose.choices(("insert", "update", "delete"), (20, 70, 10), k=min(_GROUP, count - start)):
            if kind == "insert":
                group.append(InsertOne(product(newest)))
                newest += 1
            elif kind == "delete":
                group.append(DeleteOne({"_id": identity(oldest)}))
                oldest += 1
            else:
                group.append(_repriced(choose.randrange(oldest + _GROUP, newest - _GROUP), choose))
        yield group


def _repriced(number: int, choose: random.Random) -> UpdateOne:
    price, stock = round(choose.uniform(5, 500), 2), choose.randrange(100)
    return UpdateOne({"_id": identity(number)}, {"$set": {"pricing.retail": price, "quantity": stock}})
