"""What people decided about dead letters. Topics only grow, so who discarded or brought back which is kept in MongoDB.

Collection `letters`: one document per letter that somebody looked after, forgotten some time after its topic did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.control.letters import DeadLetter, Standing, place_id, written_at
from consumer.mongo import AsyncCollection, Document, UpdateOne

COLLECTION = "letters"

_FORGET = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. standing: DISCARDED or REDRIVEN. job: that brought it back, "" where none did."""

    standing: Standing
    who: str
    why: str
    at: datetime
    job: str = ""


class LetterBook:
    """The decisions. All methods raise PyMongoError."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection

    async def ensure_indexes(self) -> None:
        """Old decisions go by themselves. Idempotent."""
        await self._collection.create_index([("at", 1)], name="forget", expireAfterSeconds=_FORGET)

    async def decisions(self, letters: Sequence[DeadLetter]) -> dict[str, Decision]:
        """Letter id → what was decided, for those of these letters that somebody looked after."""
        by_place = {place_id(letter.record): letter for letter in letters}
        found = await self._collection.find({"_id": {"$in": list(by_place)}}, batch_size=len(by_place) or 1).to_list()
        return {
            by_place[one["_id"]].id: Decision(Standing(one["standing"]), one["who"], one["why"], one["at"], one["job"])
            for one in found
            if one["written"] == written_at(by_place[one["_id"]].record)
        }

    async def decide(self, letters: Sequence[DeadLetter], decision: Decision) -> None:
        """Keep this decision about all of them; it takes the place of an earlier one."""
        if not letters:
            return
        fields = {
            "standing": decision.standing.value,
            "who": decision.who,
            "why": decision.why,
            "at": decision.at,
            "job": decision.job,
        }
        writes = [
            UpdateOne(
                {"_id": place_id(letter.record)},
                {"$set": {**fields, "written": written_at(letter.record), "letter": letter.id}},
                upsert=True,
            )
            for letter in letters
        ]
        await self._collection.bulk_write(writes, ordered=False)


def moment(now: float) -> datetime:
    """Seconds since 1970 as it is kept."""
    return datetime.fromtimestamp(now, UTC)
