"""The categories that feeds have shown: a channel that maps them by hand has to be told of new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consumer.feeds.model import CATEGORIES, FeedKey
from consumer.mongo import Database, Document, UpdateOne


@dataclass(frozen=True, slots=True)
class SeenCategory:
    """One category of a feed. offers: in the last file that had it. told: when somebody told the channel of it."""

    name: str
    offers: int
    since: datetime
    told: datetime | None


class CategoryBook:
    """For threads. Every method raises PyMongoError. Categories are as many as a person can map, so memory is small."""

    def __init__(self, database: Database[Document]) -> None:
        self._categories = database[CATEGORIES]

    def note(self, key: FeedKey, offers: Mapping[str, int], now: datetime) -> None:
        """A file has these categories, each in so many offers. Only what is new or different is written."""
        known = {one.name: one.offers for one in self.all(key)}
        changes = [
            UpdateOne(
                {"_id": f"{key}/{name}"},
                {"$set": {"offers": count}, "$setOnInsert": {"feed": str(key), "name": name, "since": now}},
                upsert=True,
            )
            for name, count in offers.items()
            if name and known.get(name) != count
        ]
        gone = [name for name, count in known.items() if count and not offers.get(name)]
        changes += [UpdateOne({"_id": f"{key}/{name}"}, {"$set": {"offers": 0}}) for name in gone]
        if changes:
            self._categories.bulk_write(changes, ordered=False)

    def all(self, key: FeedKey) -> list[SeenCategory]:
        """Those of one feed, by name."""
        return [
            SeenCategory(one["name"], one["offers"], one["since"], one.get("told"))
            for one in self._categories.find({"feed": str(key)}).sort("name")
        ]

    def untold(self, key: FeedKey) -> list[SeenCategory]:
        """Those that wait to be told to the channel, by name."""
        return [one for one in self.all(key) if one.told is None and one.offers]

    def tell(self, key: FeedKey, now: datetime) -> int:
        """All there are have been told. Returns how many were new."""
        return self._categories.update_many({"feed": str(key), "told": None}, {"$set": {"told": now}}).modified_count
