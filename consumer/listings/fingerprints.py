"""Whether two states look the same on a channel."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from adapters.model import Rendered
from consumer.listings.state import Fingerprint

_BYTES = 16


def fingerprint(rendered: Rendered) -> Fingerprint:
    """Hashes of the two parts; the order of members does not matter."""
    return Fingerprint(content=_hash(rendered.content), offer=_hash(rendered.offer))


def _hash(part: Mapping[str, Any]) -> str:
    return blake2b(orjson.dumps(dict(part), option=orjson.OPT_SORT_KEYS), digest_size=_BYTES).hexdigest()
