"""Product changes as Kafka records; what is too large or cannot be written becomes a dead letter."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.capture.classify import DeadLetterReason, ProductChange, Unidentified
from consumer.capture.dead_letters import Origin, encode_dead_letter
from consumer.events import EventWriter, Headers, Operation, encode_key
from consumer.kafka import TopicNames
from consumer.mongo.documents import to_json
from consumer.mongo.pim import tenant_of

Record = tuple[str, bytes, bytes | None, Headers]
"""Topic, key, value, headers."""

# Headers other than the product's name, and the client's own frame.
_OVERHEAD = 2048


class RecordWriter:
    """Makes records. limit: bytes a record may have. tenants: database → tenant where the name does not tell."""

    def __init__(self, names: TopicNames, *, limit: int, tenants: Mapping[str, str] | None = None) -> None:
        self._names = names
        self._limit = limit
        self._tenants = tenants or {}
        self._writers: dict[tuple[str, Operation], tuple[str, str, EventWriter]] = {}

    def event(self, change: ProductChange, origin: tuple[str, str, str, str], *, finite: bool) -> Record | Unidentified:
        """The record of a change; Unidentified where there can be none.

        origin: database, event id, sequence, time (ISO 8601). finite: no NaN or Infinity is in the documents.
        """
        database, identity, sequence, time = origin
        operation, code = change.operation, change.entity_code
        known = self._writers.get((database, operation))
        topic, tenant, writer = known if known is not None else self._writer(database, operation)
        try:
            product = None if operation is Operation.DELETED else to_json(change.product, finite=finite)
            before = None if change.before is None else to_json(change.before, finite=finite)
        except (TypeError, ValueError) as error:
            return Unidentified(DeadLetterReason.UNDECODABLE, f"The document cannot be written as JSON: {error}.")
        key = encode_key(tenant, code)
        room = self._limit - _OVERHEAD - 3 * len(key)
        if before is not None and len(product or b"") + len(before) > room:
            before = None  # a convenience that must not cost the event
        value = writer.value(code, sequence=sequence, time=time, changed=change.changed, product=product, before=before)
        if len(value) > room:
            return Unidentified(
                DeadLetterReason.TOO_LARGE,
                f"The product is {len(value)} bytes as an event, Kafka takes {self._limit}. Make the document smaller,"
                " or raise MARKETSYNC_TOPICS_MAX_MESSAGE_BYTES and the topics' max.message.bytes.",
            )
        return topic, key, value, writer.headers(identity, code, sequence=sequence, time=time)

    @property
    def limit(self) -> int:
        """Bytes a record may have."""
        return self._limit

    def tenant_of(self, database: str) -> str:
        """The tenant whose database this is."""
        return self._tenants.get(database) or tenant_of(database)

    def dead_letter(self, origin: Origin, problem: Unidentified) -> Record:
        """The record of what could not become an event."""
        return self._names.capture_dead_letters, *encode_dead_letter(origin, problem)

    def _writer(self, database: str, operation: Operation) -> tuple[str, str, EventWriter]:
        tenant = self.tenant_of(database)
        made = self._names.of(operation), tenant, EventWriter(tenant, operation)
        self._writers[database, operation] = made
        return made
