"""Products that were read from the PIM, as states to be sent. Pure.

The sequence of a state that was read is the cluster time of its read, behind every change of that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import structlog

from consumer.capture.classify import ProductChange, Unidentified, entity_code_of
from consumer.capture.records import RecordWriter
from consumer.control.targets import State
from consumer.events import Operation, read_sequence
from consumer.mongo import Document
from consumer.mongo.documents import UndecodableDocumentError, decode, may_hold_non_finite, to_json

_log = structlog.get_logger()

Time = tuple[int, int]


class PimStates:
    """Makes states of products. writer: knows which tenant a database belongs to."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer

    def read(self, database: str, time: Time, documents: Iterable[bytes]) -> tuple[list[State], int]:
        """The states of these documents, read at a cluster time; and how many of them cannot be sent, which is logged.

        Capture tells of those too, with a dead letter, whenever they are written to.
        """
        states, lost = [], 0
        for raw in documents:
            state = self._one(database, time, raw)
            if state is None:
                lost += 1
            else:
                states.append(state)
        return states, lost

    def gone(self, database: str, time: Time, codes: Iterable[str]) -> list[State]:
        """States that say of these products that at this cluster time there was none."""
        made = [
            self._made(database, time, ProductChange(Operation.DELETED, code, {}, None, None), code) for code in codes
        ]
        return [state for state in made if isinstance(state, State)]

    def _one(self, database: str, time: Time, raw: bytes) -> State | None:
        try:
            document: Document = decode(raw)
        except UndecodableDocumentError as error:
            _log.error("product cannot be read", database=database, error=str(error))
            return None
        code = entity_code_of(document)
        if code is None:
            _log.error("product without a usable entity_code", database=database, document=document.get("_id"))
            return None
        name = to_json({"_id": document.get("_id")}).decode()
        change = ProductChange(Operation.READ, code, document, None, None)
        made = self._made(database, time, change, name, finite=not may_hold_non_finite(raw))
        if isinstance(made, Unidentified):
            _log.error("product cannot be sent", database=database, product=code, error=made.words)
            return None
        return made

    def _made(
        self, database: str, time: Time, change: ProductChange, name: str, *, finite: bool = True
    ) -> State | Unidentified:
        sequence = read_sequence(*time)
        moment = datetime.fromtimestamp(time[0], UTC).isoformat(timespec="milliseconds")
        made = self._writer.event(change, (database, f"{sequence}/{name}", sequence, moment), finite=finite)
        return made if isinstance(made, Unidentified) else State(made[1], made[2], made[3])
