"""Records among the product events that are no product: so far one, which says that a tenant has been read whole.

Markers travel in the topics they are about, behind what they are about, one in each partition. Key: the tenant; it has
no slash, so no product has it. Headers: CloudEvents 1.0 as for products, without a subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from consumer.errors import UndecodableEventError
from consumer.events import SNAPSHOT_COMPLETED_TYPE, Headers, Sequence, is_sequence


class SnapshotCause(StrEnum):
    """Why all products of a tenant are read. Readers take a word they do not know for REQUEST."""

    FIRST = "first"
    """The tenant is followed from now on, or capture was told to forget how far it came."""

    GAP = "gap"
    """Changes were missed."""

    REQUEST = "request"
    """Somebody asked for it."""


@dataclass(frozen=True, slots=True)
class SnapshotCompleted:
    """All current products of a tenant were read and stand before this record, in every partition.

    sequence: of a read made before the first product was read. A product of this partition of which nothing is known
    from then on, by a read or a change, had no current version any more, or could not be published.
    id: the snapshot's own; the records of all partitions share it. time: when it was complete. products: how many were
    read.
    """

    id: str
    tenant: str
    sequence: Sequence
    time: datetime
    cause: SnapshotCause
    products: int


def is_marker(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether the record with these headers is a marker and no product."""
    return any(name == "ce_type" and value == SNAPSHOT_COMPLETED_TYPE.encode() for name, value in headers)


def encode_marker(marker: SnapshotCompleted) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the record."""
    time = marker.time.isoformat(timespec="milliseconds")
    value = {
        "tenant": marker.tenant,
        "sequence": marker.sequence,
        "time": time,
        "cause": marker.cause,
        "products": marker.products,
    }
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_type", SNAPSHOT_COMPLETED_TYPE.encode()),
        ("ce_source", f"/marketsync/{marker.tenant}/pimproducts".encode()),
        ("content-type", b"application/json"),
        ("tenant", marker.tenant.encode()),
        ("ce_id", marker.id.encode()),
        ("ce_time", time.encode()),
        ("ce_sequence", marker.sequence.encode()),
    ]
    return marker.tenant.encode(), orjson.dumps(value), headers


def decode_marker(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> SnapshotCompleted:
    """The marker in a record that `is_marker`. Raises UndecodableEventError naming what could not be read."""
    try:
        body: Any = orjson.loads(value or b"")
        sequence = body["sequence"]
        if not is_sequence(sequence):
            raise ValueError(sequence)
        return SnapshotCompleted(
            id=dict(headers).get("ce_id", b"").decode("utf-8", "replace"),
            tenant=_text(body["tenant"]),
            sequence=Sequence(sequence),
            time=datetime.fromisoformat(body["time"]).astimezone(UTC),
            cause=SnapshotCause(body["cause"]) if body["cause"] in set(SnapshotCause) else SnapshotCause.REQUEST,
            products=int(body["products"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise UndecodableEventError(
            "snapshot completed", f"cannot be read ({type(error).__name__}: {error})"
        ) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value
