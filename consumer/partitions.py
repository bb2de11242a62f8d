"""Where Kafka puts a product: the partition of its key, as Java's producer and ours place it (murmur2).

All topics keyed by product have one partition count that never changes, so the number also says who owns what has no
topic: listings that are owed.
"""

from __future__ import annotations

from consumer.events import encode_key

_MASK = 0xFFFFFFFF
_FACTOR = 0x5BD1E995
_SEED = 0x9747B28C


def partition_of(tenant: str, entity_code: str, partitions: int) -> int:
    """The product's partition in topics with so many of them."""
    return _murmur2(encode_key(tenant, entity_code)) % partitions


def _murmur2(key: bytes) -> int:
    """Kafka's hash of a key, made positive."""
    digest = _SEED ^ len(key)
    whole = len(key) - len(key) % 4
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * _FACTOR & _MASK
        word = (word ^ word >> 24) * _FACTOR & _MASK
        digest = digest * _FACTOR & _MASK ^ word
    if key[whole:]:
        digest = (digest ^ int.from_bytes(key[whole:], "little")) * _FACTOR & _MASK
    digest = (digest ^ digest >> 13) * _FACTOR & _MASK
    return (digest ^ digest >> 15) & 0x7FFFFFFF
