"""What follows for a listing that is owed, from what the PIM says of its product now. Pure.

product there      → its newest state is sent
PIM behind         → later
product gone       → looked at once more after a moment, for the PIM replaces versions in two writes; then withdrawn,
                     after a gap only with the leave of the brake or a person
no products at all → held: an empty catalogue is an accident, not a wish
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from consumer.delivery.families import Families, Kindred, KinRead
from consumer.events import EventWriter, Operation, Sequence, encode_key, read_sequence, time_of
from consumer.listings.debts import Claim, Found
from consumer.listings.owed import Cause
from consumer.mongo.current_products import Reading
from consumer.mongo.documents import UndecodableDocumentError, decode_leniently, may_hold_non_finite, to_json

# Seconds. A claim outlasts what a listing may wait in memory; where it does not, the listing is read once more.
CLAIM = timedelta(minutes=5)
# How long a product has to be missing; the PIM's two writes take milliseconds.
GONE_FOR = timedelta(seconds=3)
_LATER = timedelta(seconds=2)
# How soon it is looked at again: a tenant that is suspended, a catalogue that is empty, a listing that is held.
_MUCH_LATER = timedelta(minutes=1)

UNREADABLE = "the product's document cannot be read: repair it in the PIM"
EMPTY = "the tenant has no products at all (collection missing or empty): nothing is withdrawn before a person says so"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A state to be sent, as the record of a read. claim: has to be stored first, or it must not be sent."""

    claim: Claim
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Judged:
    """claims: marks moved ahead without more. gone: their withdrawal needs the brake's leave."""

    wanted: list[Wanted] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    gone: list[Found] = field(default_factory=list)


def judge(found: Iterable[Found], reading: Reading | None, at: datetime, kindred: Kindred | None = None) -> Judged:
    """What follows for these listings of one tenant. reading: None where the tenant is not followed now.

    kindred: which relatives were to be read.
    """
    judged = Judged()
    families = Families(reading, kindred or Kindred())
    for each in found:
        if reading is None:
            judged.claims.append(_later(each, at + _MUCH_LATER))
            continue
        document = reading.documents.get(each.key.entity_code)
        kin = families.kin(each)
        sequence = read_sequence(*reading.time)
        if kin is None:
            judged.claims.append(_later(each, at + _LATER))
        elif document is not None and sequence >= each.owed.sequence:
            wanted = _read(each, document, kin, sequence, at)
            if wanted is None:
                judged.claims.append(Claim(each, at + _MUCH_LATER, words=UNREADABLE, met=True))
            else:
                judged.wanted.append(wanted)
        elif document is not None or not reading.complete or (sequence < each.owed.sequence and not reading.empty):
            judged.claims.append(_later(each, at + _LATER))
        else:
            _judge_gone(judged, each, kin, reading, at)
    return judged


def _judge_gone(judged: Judged, each: Found, kin: KinRead, reading: Reading, at: datetime) -> None:
    owed = each.owed
    since = owed.gone_since or at
    if reading.empty and not owed.allowed:
        judged.claims.append(Claim(each, at + _MUCH_LATER, cause=Cause.HELD, gone_since=since, words=EMPTY))
    elif at - since < GONE_FOR:
        judged.claims.append(Claim(each, at + GONE_FOR, gone_since=since))
    elif owed.allowed or owed.told or (owed.cause is Cause.VARIANT and owed.gap is None):
        judged.wanted.append(_deleted(each, kin, read_sequence(*reading.time), at))
    elif owed.cause is Cause.HELD:
        judged.claims.append(Claim(each, at + _MUCH_LATER, gone_since=since))
    else:
        judged.gone.append(each)


def _later(each: Found, due: datetime) -> Claim:
    return Claim(each, due, gone_since=each.owed.gone_since)


def _read(each: Found, document: bytes, kin: KinRead, sequence: Sequence, at: datetime) -> Wanted | None:
    """None where the document cannot be an event, which its next change tells by a dead letter of capture."""
    try:
        product = decode_leniently(document)
        identity = f"{sequence}/{to_json({'_id': product.get('_id')}).decode()}"
        text = to_json(product, finite=not may_hold_non_finite(document))
    except (UndecodableDocumentError, TypeError, ValueError):
        return None
    claim = Claim(each, at + CLAIM, sequence=sequence, met=True, at_work=True)
    return _wanted(claim, Operation.READ, identity, text, kin)


def _deleted(each: Found, kin: KinRead, sequence: Sequence, at: datetime) -> Wanted:
    # Of a missing collection there is no time it was read at; the debt's own is as new as any.
    newest = max(sequence, each.owed.sequence)
    claim = Claim(each, at + CLAIM, sequence=newest, gone_since=each.owed.gone_since, at_work=True)
    return _wanted(claim, Operation.DELETED, f"{newest}/{each.key.entity_code}", None, kin)


def _wanted(claim: Claim, operation: Operation, identity: str, product: bytes | None, kin: KinRead) -> Wanted:
    key, sequence = claim.found.key, claim.sequence
    assert sequence is not None  # noqa: S101  for the type checker: both callers give one
    writer = EventWriter(key.tenant, operation)
    time = datetime.fromtimestamp(time_of(sequence)[0], UTC).isoformat(timespec="milliseconds")
    value = writer.value(
        key.entity_code,
        sequence=sequence,
        time=time,
        changed=None,
        product=product,
        before=None,
        kin=kin.as_json() if kin.related else None,
    )
    headers = writer.headers(identity, key.entity_code, sequence=sequence, time=time)
    return Wanted(claim, encode_key(key.tenant, key.entity_code), value, tuple(headers))
