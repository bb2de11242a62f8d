"""How far capture came, as the record that travels in the same transaction as the events it covers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from consumer.capture.pending import Waiting
from consumer.capture.snapshots.progress import (
    SnapshotProgress,
    decode_progress,
    not_read,
    snapshot_key,
    unreadable,
)
from consumer.events import Sequence, change_sequence
from consumer.kafka import TopicNames, read_compacted
from consumer.mongo.change_stream import ClusterTime, token_time
from consumer.mongo.documents import from_extended_json, to_json_document

_LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to here is committed.

    token: resuming after it repeats and misses nothing. time: cluster time of the last change seen. index: its place
    among the changes of that time, from 0; -1 before the first.
    """

    token: Mapping[str, Any]
    time: ClusterTime
    index: int

    @property
    def sequence(self) -> Sequence:
        """The sequence of the last change covered; sorts before every sequence when there was none."""
        return change_sequence(*self.time, self.index) if self.index >= 0 else Sequence("")

    @property
    def reached(self) -> int:
        """Cluster time, in seconds, up to which everything is covered: also where nothing of ours changed."""
        return (token_time(self.token) or self.time)[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known at take-over. position: None when the stream has never run.

    snapshots: of the databases that are followed, each one's own. requested: those that somebody asked for.
    left: databases it once read whole or began to, and does not follow any more. waiting: products that may be gone.
    """

    position: Position | None
    snapshots: tuple[SnapshotProgress, ...]
    requested: tuple[SnapshotProgress, ...] = ()
    left: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def stream_key(stream: str) -> bytes:
    """Key of the stream's position record."""
    return f"stream/{stream}".encode()


def waiting_key(stream: str, database: str, entity_code: str) -> bytes:
    """Key of the record of a product that may be gone."""
    return f"waiting/{stream}/{database}/{entity_code}".encode()


def encode_position(position: Position) -> bytes:
    """The record's value."""
    return orjson.dumps(
        {
            "layout": _LAYOUT,
            "token": to_json_document(position.token),
            "time": position.time,
            "index": position.index,
        }
    )


def decode_position(value: bytes) -> Position:
    """Raises MarketsyncError for a record of another layout: capture must not start at a guess."""
    try:
        record = _record(value)
        seconds, increment = record["time"]
        return Position(
            token=from_extended_json(record["token"]), time=(int(seconds), int(increment)), index=int(record["index"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(value) from error


def encode_waiting(waiting: Waiting) -> bytes:
    """The record's value."""
    return orjson.dumps(
        {
            "layout": _LAYOUT,
            "database": waiting.database,
            "entity_code": waiting.entity_code,
            "sequence": waiting.sequence,
            "identity": waiting.identity,
            "time": waiting.time,
        }
    )


def decode_waiting(value: bytes) -> Waiting:
    """Raises MarketsyncError for a record of another layout."""
    try:
        record = _record(value)
        fields = {name: record[name] for name in ("database", "entity_code", "sequence", "identity", "time")}
        if not all(isinstance(text, str) for text in fields.values()):
            raise TypeError(fields)
        return Waiting(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(value) from error


def read_standing(bootstrap: str, names: TopicNames, *, stream: str, databases: Iterable[str]) -> Standing:
    """What the stream's last owner committed. Fence that owner first. Raises UnavailableError, MarketsyncError.

    databases: those followed from now on.
    """
    values = read_compacted(bootstrap, names.positions)
    return standing_of(values, stream=stream, databases=tuple(databases))


def standing_of(values: Mapping[bytes, bytes], *, stream: str, databases: Collection[str]) -> Standing:
    """`read_standing` from the records of the positions topic by key. Raises MarketsyncError."""
    stored = values.get(stream_key(stream))
    prefix = snapshot_key(stream, "")
    own = {key.removeprefix(prefix).decode() for key in values if key.startswith(prefix)}
    requests = {key for key in own if "/" in key}  # no database has a slash in its name
    return Standing(
        position=decode_position(stored) if stored else None,
        snapshots=tuple(
            decode_progress(value) if (value := values.get(snapshot_key(stream, name))) else not_read(name)
            for name in databases
        ),
        requested=tuple(
            decode_progress(values[prefix + key.encode()])
            for key in sorted(requests)
            if key.partition("/")[0] in databases
        ),
        left=tuple(sorted(own - requests - set(databases))),
        waiting=_waiting_in(values, stream, databases),
    )


def _waiting_in(values: Mapping[bytes, bytes], stream: str, databases: Collection[str]) -> tuple[Waiting, ...]:
    """In the order of their changes. Those of databases not followed are left where they are."""
    prefix = f"waiting/{stream}/".encode()
    found = [decode_waiting(value) for key, value in values.items() if key.startswith(prefix)]
    return tuple(sorted((one for one in found if one.database in databases), key=lambda one: one.sequence))


def _record(value: bytes) -> dict[str, Any]:
    record: dict[str, Any] = orjson.loads(value)
    if record["layout"] != _LAYOUT:
        raise ValueError(record["layout"])
    return record
