"""At takeover: ends what a broker forgot of the predecessors' transactions, so that nobody stands still for good.

What the committed position does not cover is aborted, and read from the PIM again. What it does cover was told to be
committed (a broker says so of a transaction it forgot): aborting would lose it, so it stays until the stream's next
commit in that partition makes it visible.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import structlog

from consumer.capture.positions import Standing
from consumer.errors import MarketsyncError
from consumer.events import Operation, ProductEvent, decode
from consumer.kafka import TopicNames, TransactionalProducer
from consumer.kafka.forgotten import Place, abort_forgotten, held_back, read_uncommitted

_log = structlog.get_logger()

# Seconds in which other streams' transactions end; ours have been ended by taking over their ids.
_PATIENCE = 5.0


class Forgotten:
    """Of one stream. producers: started, one of each id that writes for it. tenants: those it follows."""

    def __init__(
        self, bootstrap: str, names: TopicNames, producers: Sequence[TransactionalProducer], tenants: Collection[str]
    ) -> None:
        self._bootstrap = bootstrap
        self._names = names
        self._producers = producers
        self._tenants = tenants

    def end(self, read: Callable[[], Standing]) -> bool:
        """End them. read: how far the stream came. Returns whether there were any.

        Raises what TransactionalProducer and `read` raise.
        """
        names = self._names
        topics = [*names.products, names.capture_dead_letters, names.gaps, names.positions]
        held = held_back(self._bootstrap, topics, patience=_PATIENCE)
        if not held:
            return False
        changes = {names.of(operation) for operation in Operation if operation is not Operation.READ}
        others = {place for place in held if place[0] not in changes}
        # Without a position left open, only the changes tell whether what they are part of was told to be committed.
        ended = set(others) if any(topic == names.positions for topic, _ in others) else set()
        self._abort(ended)
        position = read().position
        covered = position.sequence if position is not None else ""
        left = others - ended
        for place in held.keys() - others:
            event = self._first(place, held[place])
            if event is not None and event.sequence <= covered:
                left.add(place)
            else:
                ended.add(place)
        self._abort(ended - others)
        self._tell(ended, left)
        return True

    def _abort(self, places: Collection[Place]) -> None:
        if places:
            for producer in self._producers:
                abort_forgotten(producer, places)

    def _first(self, place: Place, span: tuple[int, int]) -> ProductEvent | None:
        """The first event of our tenants that is held back there."""
        for message in read_uncommitted(self._bootstrap, place, *span):
            key, value = message.key(), message.value()
            headers = [(str(name), text) for name, text in list(message.headers() or ()) if isinstance(text, bytes)]
            try:
                event = decode(
                    key if isinstance(key, bytes) else None, value if isinstance(value, bytes) else None, headers
                )
            except MarketsyncError:
                continue  # no event
            if event.tenant in self._tenants:
                return event
        return None

    def _tell(self, ended: Collection[Place], left: Collection[Place]) -> None:
        _log.error(
            "Kafka had forgotten to end transactions",
            aborted=[f"{topic}/{partition}" for topic, partition in sorted(ended)],
            left=[f"{topic}/{partition}" for topic, partition in sorted(left)],
            outcome="what was aborted is read from the PIM again; what was left becomes visible with the next commit"
            " there, since it was told to be committed, or may have been",
            cure="find out why the brokers lost the transaction's state: are three copies of __transaction_state kept?",
        )
