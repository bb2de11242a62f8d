"""Compares what an account's channel shows with what it accepted, listing by listing, and has repaired what drifted.

Only answers count: a listing is missing where the channel was asked for it and said so, never because a reading broke
off. To repair is to send the newest state again by the usual way, under all brakes; nothing is withdrawn from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from consumer.control.jobs import Job, JobStore
from consumer.control.stocktaking import Stocktaking
from consumer.events import Sequence as EventSequence
from consumer.listings.debts import Debt
from consumer.listings.drift import Drift, Kind, comparable, drifts
from consumer.listings.owed import Cause, moment
from consumer.listings.state import ListingKey, ListingState

_ANY = EventSequence("")

# Cursor: {"last": the id of the listing looked at last}.


class Reconciler:
    """For one account. repaired: the kinds of drift that are to be repaired."""

    def __init__(self, taking: Stocktaking, jobs: JobStore) -> None:
        self._account = taking.account
        self._asker = taking.asker
        self._listings = taking.listings
        self._debts = taking.debts
        self._clock = taking.clock
        self._jobs = jobs

    async def run(self, job: Job, repaired: Sequence[Kind], see: Callable[[Job, Sequence[Drift]], None]) -> Job:
        """From where the job stands to the last listing. see: is told of every step, with the drifts it met.

        Raises AdapterError where the channel cannot be asked, PyMongoError, JobTakenError: asked for again, the job
        goes on where it is.
        """
        account, size = self._account, self._asker.size
        while True:
            last = job.cursor.get("last", "")
            states = await self._listings.following(account.channel, account.tenant, account.name, last, size)
            if not states:
                return job
            found = await self._compare(states)
            await self._repair([drift for drift in found if drift.kind in repaired])
            counts = _counts(states, found, repaired)
            job = await self._jobs.save(job.counted(counts, {"last": states[-1].id}))
            see(job, found)

    async def _compare(self, states: Sequence[ListingState]) -> list[Drift]:
        asked = [state for state in states if comparable(state)]
        if not asked:
            return []
        shown = await self._asker.read_back([state.sku for state in asked])
        found = {state.id: drifts(state, shown.get(state.sku)) for state in asked}
        # What was sent between our reading and the channel's answer is no drift.
        now = await self._listings.load([listing_id for listing_id, there in found.items() if there])
        same = {state.id for state in asked if state.id in now and now[state.id].revision == state.revision}
        return [drift for listing_id, there in found.items() if listing_id in same for drift in there]

    async def _repair(self, found: Sequence[Drift]) -> None:
        """The mark of doubt first: then the newest state is sent whole, though it looks equal."""
        words = {drift.listing_id: str(drift) for drift in found}
        if words:
            now = moment(self._clock())
            await self._listings.mark_uncertain(words)
            keys = {one: ListingKey.parse(one) for one in words}
            debts = [Debt(keys[one], Cause.DRIFT, now, _ANY, words=said) for one, said in words.items()]
            await self._debts.mark(debts, now)


def _counts(states: Sequence[ListingState], found: Sequence[Drift], repaired: Sequence[Kind]) -> Mapping[str, int]:
    counts: dict[str, Any] = {
        "compared": sum(comparable(state) for state in states),
        "passed_over": sum(not comparable(state) for state in states),
        "repaired": len({drift.listing_id for drift in found if drift.kind in repaired}),
    }
    for drift in found:
        counts[drift.kind.value] = counts.get(drift.kind.value, 0) + 1
    return counts
