"""Background commands of one account on their way into one job, for channels that take many at once. Pure.

Only background work gathers: what happens now goes by single calls, and a newer state of a listing that waits here
takes it out again. A job leaves when it is full, or when its oldest command has waited long enough and there are enough
of them; fewer go singly. Bounded: beside one job on its way, one more gathers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.model import Bulk
from consumer.delivery.batches import Send
from consumer.delivery.work import Work
from consumer.listings.state import ListingKey

MOST_GATHERED = 1000
"""Commands of an account that gather in memory, whatever its channel takes in one job."""

# Seconds before what refused a job as one too many is asked again, where it does not say when.
_REST = 60.0


class Gathering:
    """rule: how the channel takes jobs; None = not any more. patience: seconds nothing may wait longer here."""

    def __init__(self, rule: Bulk | None, patience: float) -> None:
        self.rule = rule
        self.under_way = 0
        self._patience = patience
        self._preparing: set[ListingKey] = set()
        self._sends: dict[ListingKey, tuple[Send, float]] = {}
        self._skus: set[str] = set()
        self._until = 0.0

    def __len__(self) -> int:
        """All that is on its way into a job, or in one."""
        return len(self._sends) + len(self._preparing) + self.under_way

    @property
    def size(self) -> int:
        """How many commands make a job full."""
        return 0 if self.rule is None else min(self.rule.size, MOST_GATHERED)

    @property
    def room(self) -> int:
        """How many more works may be taken for planning."""
        return max(0, self.size - len(self._sends) - len(self._preparing))

    def take(self, works: Iterable[Work]) -> None:
        """These are being planned."""
        self._preparing.update(work.key for work in works)

    def planned(self, work: Work) -> bool:
        """The work's planning is over. False: it was not taken for a job."""
        if work.key not in self._preparing:
            return False
        self._preparing.discard(work.key)
        return True

    def add(self, send: Send, now: float) -> bool:
        """A command is ready. False: it goes singly."""
        alone = send.work.suspect is not None or send.work.attempts > 0
        if alone or self.rule is None or send.sku in self._skus or len(self._sends) >= self.size:
            return False
        self._sends[send.work.key] = (send, now)
        self._skus.add(send.sku)
        return True

    def job(self, now: float) -> tuple[Send, ...]:
        """The commands of the next job; empty while there is none. `start` it, or it is given again."""
        if self.rule is None or self.under_way or now < self._until:
            return ()
        full = len(self._sends) >= self.size
        if full or (self._sends and self._lingered(now) and len(self._sends) >= self._threshold):
            return tuple(send for send, _ in self._sends.values())
        return ()

    def start(self) -> None:
        """The job is sent."""
        self.under_way = len(self._sends)
        self._sends.clear()
        self._skus.clear()

    def ended(self) -> None:
        """The job was taken by the channel, or was not."""
        self.under_way = 0

    def rest(self, delay: float, now: float) -> None:
        """The channel says that it is one job too many. delay: seconds it asks to wait, 0 = it does not say."""
        self._until = now + (delay or _REST)

    def too_few(self, most: int, now: float) -> list[tuple[Send, float]]:
        """Take out up to `most` that have waited long enough, and are too few to make a job of."""
        if not self._sends or not (self.rule is None or self._lingered(now)) or len(self._sends) >= self._threshold:
            return []
        return [self._pop(key) for key in list(self._sends)[: max(0, most)]]

    def remove(self, unwanted: Callable[[Send], bool]) -> list[Send]:
        """Take these out; they are not called."""
        found = [key for key, (send, _) in self._sends.items() if unwanted(send)]
        return [self._pop(key)[0] for key in found]

    def older(self, than: float) -> list[Send]:
        """Take out what has been under way since before this time."""
        found = [key for key, (_, since) in self._sends.items() if since < than]
        return [self._pop(key)[0] for key in found]

    def pull(self, key: ListingKey) -> Send | None:
        """Take this one out, if it waits here."""
        return self._pop(key)[0] if key in self._sends else None

    def due(self) -> float | None:
        """When there is something to decide."""
        if not self._sends or self.under_way:
            return None
        return max(next(iter(self._sends.values()))[1] + self._linger, self._until)

    @property
    def _threshold(self) -> int:
        return 0 if self.rule is None else max(1, min(self.rule.threshold, self.size))

    @property
    def _linger(self) -> float:
        return 0.0 if self.rule is None else min(self.rule.linger, self._patience)

    def _lingered(self, now: float) -> bool:
        return next(iter(self._sends.values()))[1] + self._linger <= now

    def _pop(self, key: ListingKey) -> tuple[Send, float]:
        send, since = self._sends.pop(key)
        self._skus.discard(send.sku)
        return send, since
