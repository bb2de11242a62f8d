"""Product events as they travel through Kafka: the one place where capture and delivery meet.

Key: `tenant/entity_code` in UTF-8. Headers: CloudEvents 1.0, Kafka binary binding, plus `tenant`. Value: JSON whose
`product` and `before` are MongoDB relaxed Extended JSON v2, so that decimals and dates stay exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType

import orjson

from adapters.values import value_object
from consumer.errors import UndecodableEventError
from consumer.traceparent import HEADER, traceparent

Headers = list[tuple[str, bytes]]

TYPE_PREFIX = "marketsync.product."
TYPE_VERSION = ".v1"
SNAPSHOT_COMPLETED_TYPE = "marketsync.snapshot.completed.v1"
"""The one type in the product topics that is no product: `consumer.markers`."""


class Operation(StrEnum):
    """What happened to the product. READ = a state that was read (snapshot, resync), not a change."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    READ = "read"


TOPICS: Mapping[Operation, str] = {
    Operation.CREATED: "pim.products.created",
    Operation.UPDATED: "pim.products.updated",
    Operation.DELETED: "pim.products.deleted",
    Operation.READ: "pim.products.resync",
}
# Headers of a record that is not for everybody: a state sent again on purpose, by a job of `consumer.control`.
TARGET_CHANNEL = "marketsync-channel"
"""The only channel it concerns; absent = every channel."""
TARGET_ACCOUNT = "marketsync-account"
"""The only account of its tenant that it concerns; absent = all of them."""
FORCE = "marketsync-force"
"""b"1": what is believed of the channel is not trusted, so the state is sent although nothing changed."""
JOB = "marketsync-job"
"""Id of the job that sent it."""
REDRIVES = "marketsync-redrives"
"""How often this state was brought back from the dead letters, as text."""
LASTING = frozenset({FORCE, JOB, REDRIVES})
"""Those of them that stay with the state through retry topics and dead letters."""

POSITIONS_TOPIC = "marketsync.capture.positions"
CAPTURE_DEAD_LETTERS_TOPIC = "marketsync.capture.dead-letters"
GAPS_TOPIC = "marketsync.capture.gaps"
ORDERS_TOPIC = "marketsync.orders"
ORDER_RECEIPTS_TOPIC = "marketsync.orders.receipts"


def retry_topic(channel: str, delay: int) -> str:
    """The topic in which this channel's listings wait `delay` seconds."""
    return f"marketsync.{channel}.retry.{delay}s"


def dead_letters_topic(channel: str) -> str:
    """Where this channel's updates end that nobody could deliver."""
    return f"marketsync.{channel}.dead-letters"


Sequence = NewType("Sequence", str)
"""Cluster time and the position inside it, fixed width, hexadecimal: compares as text, newest is greatest."""

_LAST_POSITION = 0xFFFFFFFF


def change_sequence(time: int, increment: int, position: int) -> Sequence:
    """The sequence of the change number `position` (from 0) inside the cluster time (time, increment)."""
    return Sequence(f"{time:08x}{increment:08x}{position:08x}")


def is_sequence(text: object) -> bool:
    """Whether this has the form of a sequence."""
    return isinstance(text, str) and len(text) == 24 and all(c in "0123456789abcdef" for c in text)


def time_of(sequence: str) -> tuple[int, int]:
    """The cluster time in a sequence: seconds since 1970, and the count inside the second."""
    return int(sequence[:8], 16), int(sequence[8:16], 16)


def read_sequence(time: int, increment: int) -> Sequence:
    """The sequence of a state read at cluster time (time, increment): after every change of that time."""
    return Sequence(f"{time:08x}{increment:08x}{_LAST_POSITION:08x}")


@value_object
class Kin:
    """What was read of a product's relatives at the time the product itself was read.

    variants: whole documents of the products that name it as their parent. parent: whether the product that it names
    as its own parent is there; True also where it names none.
    """

    variants: tuple[Mapping[str, Any], ...] = ()
    parent: bool = True


@value_object
class ProductEvent:
    """A change of a product, with its whole state.

    id: the change's own, equal when the same change is read again. time: when the PIM wrote it (a read: when it was
    read). changed: top-level fields an update touched, None where the whole product counts as changed.
    product: the whole document, None for DELETED. before: the document before the change, where an image exists.
    kin: its relatives, None where they were not read.
    """

    id: str
    operation: Operation
    tenant: str
    entity_code: str
    sequence: Sequence
    time: datetime
    changed: tuple[str, ...] | None
    product: Mapping[str, Any] | None
    before: Mapping[str, Any] | None = None
    kin: Kin | None = None


def encode_key(tenant: str, entity_code: str) -> bytes:
    """The Kafka key of a product."""
    return f"{tenant}/{entity_code}".encode()


class EventWriter:
    """Writes events of one tenant and operation; what is the same in all of them is made once.

    Documents come as JSON text or as anything orjson writes as an object. time: ISO 8601 with offset.
    """

    def __init__(self, tenant: str, operation: Operation) -> None:
        self._tenant = tenant
        self._operation = str(operation)
        # The order of these headers is part of nothing; readers look up by name.
        self._headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_type", f"{TYPE_PREFIX}{operation}{TYPE_VERSION}".encode()),
            ("ce_source", f"/marketsync/{tenant}/pimproducts".encode()),
            ("content-type", b"application/json"),
            ("tenant", tenant.encode()),
        ]

    def headers(self, identity: str, entity_code: str, *, sequence: str, time: str) -> Headers:
        """The CloudEvents attributes of an event, as Kafka headers."""
        name = identity.encode()
        return [
            *self._headers,
            ("ce_id", name),
            (HEADER, traceparent(name)),
            ("ce_subject", entity_code.encode()),
            ("ce_time", time.encode()),
            ("ce_sequence", sequence.encode()),
        ]

    def value(  # noqa: PLR0913  the members of an event, each by its name
        self,
        entity_code: str,
        *,
        sequence: str,
        time: str,
        changed: Iterable[str] | None,
        product: Any,
        before: Any,
        kin: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The JSON value of an event. kin: variants and parent as in `Kin`; None = they were not read."""
        value = {
            "operation": self._operation,
            "tenant": self._tenant,
            "entity_code": entity_code,
            "sequence": sequence,
            "time": time,
            "changed": changed,
            "product": orjson.Fragment(product) if type(product) is bytes else product,
            "before": orjson.Fragment(before) if type(before) is bytes else before,
        }
        return orjson.dumps(value if kin is None else value | {"kin": kin})


def encode_headers(event: ProductEvent) -> Headers:
    """The CloudEvents attributes of an event, as Kafka headers."""
    writer = EventWriter(event.tenant, event.operation)
    return writer.headers(event.id, event.entity_code, sequence=event.sequence, time=_iso(event.time))


def encode_value(event: ProductEvent) -> bytes:
    """The JSON value of an event whose documents hold only JSON values (Extended JSON already applied)."""
    return EventWriter(event.tenant, event.operation).value(
        event.entity_code,
        sequence=event.sequence,
        time=_iso(event.time),
        changed=event.changed,
        product=event.product,
        before=event.before,
        kin=None if event.kin is None else {"variants": list(event.kin.variants), "parent": event.kin.parent},
    )


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def is_deletion(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether the record with these headers says that a product was deleted."""
    kind = f"{TYPE_PREFIX}{Operation.DELETED}{TYPE_VERSION}".encode()
    return any(name == "ce_type" and value == kind for name, value in headers)


def decode(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> ProductEvent:
    """The event in a Kafka record. Raises UndecodableEventError naming the field that could not be read."""
    attributes = dict(headers)
    body = _decode_body(value)
    operation = _decode_operation(attributes, body)
    tenant = _text(body, "tenant")
    entity_code = _text(body, "entity_code")
    if key != encode_key(tenant, entity_code):
        raise UndecodableEventError("key", f"is {key!r}, the value belongs to {tenant}/{entity_code}")
    product = _document(body, "product")
    if product is None and operation is not Operation.DELETED:
        raise UndecodableEventError("product", f"is missing, a {operation} event carries the whole product")
    return ProductEvent(
        id=attributes.get("ce_id", b"").decode("utf-8", "replace"),
        operation=operation,
        tenant=tenant,
        entity_code=entity_code,
        sequence=_decode_sequence(body),
        time=_decode_time(body),
        changed=_decode_changed(body),
        product=product,
        before=_document(body, "before"),
        kin=_decode_kin(body) if "kin" in body else None,
    )


def _decode_body(value: bytes | None) -> Mapping[str, Any]:
    if value is None:
        raise UndecodableEventError("value", "is empty (a tombstone); product topics carry none")
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise UndecodableEventError("value", f"is not JSON ({error})") from error
    if not isinstance(body, dict):
        raise UndecodableEventError("value", "is JSON but not an object")
    return body


def _decode_operation(attributes: Mapping[str, bytes], body: Mapping[str, Any]) -> Operation:
    kind = attributes.get("ce_type", b"").decode("utf-8", "replace")
    if not (kind.startswith(TYPE_PREFIX) and kind.endswith(TYPE_VERSION)):
        raise UndecodableEventError("ce_type", f"is {kind!r}, expected {TYPE_PREFIX}<operation>{TYPE_VERSION}")
    try:
        return Operation(_text(body, "operation"))
    except ValueError as error:
        raise UndecodableEventError("operation", str(error)) from error


def _decode_kin(body: Mapping[str, Any]) -> Kin:
    kin = body["kin"]
    variants = kin.get("variants") if isinstance(kin, dict) else None
    if not isinstance(variants, list) or not all(isinstance(each, dict) for each in variants):
        raise UndecodableEventError("kin", "is not an object with a list of variants")
    return Kin(tuple(variants), parent=kin.get("parent") is not False)


def _text(body: Mapping[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise UndecodableEventError(field, "is missing or not a text")
    return value


def _document(body: Mapping[str, Any], field: str) -> Mapping[str, Any] | None:
    value = body.get(field)
    if value is not None and not isinstance(value, dict):
        raise UndecodableEventError(field, "is not an object")
    return value


def _decode_sequence(body: Mapping[str, Any]) -> Sequence:
    text = _text(body, "sequence")
    if not is_sequence(text):
        raise UndecodableEventError("sequence", f"is {text!r}, expected 24 hexadecimal digits")
    return Sequence(text)


def _decode_time(body: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(_text(body, "time")).astimezone(UTC)
    except ValueError as error:
        raise UndecodableEventError("time", str(error)) from error


def _decode_changed(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    changed = body.get("changed")
    if changed is None:
        return None
    if not isinstance(changed, list) or not all(isinstance(name, str) for name in changed):
        raise UndecodableEventError("changed", "is not a list of field names")
    return tuple(changed)
