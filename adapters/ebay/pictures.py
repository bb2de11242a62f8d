"""Pictures on eBay's server, as they are kept with a listing: by the address each was copied from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.values import value_object


@value_object
class Picture:
    """One picture on eBay's server. expires: seconds since 1970."""

    address: str
    expires: float


def pictures_in(text: str) -> dict[str, Picture]:
    """What a listing's reference says was uploaded; nothing where it is not one of ours."""
    try:
        found: Any = orjson.loads(text) if text else {}
        return {str(source): Picture(str(one[0]), float(one[1])) for source, one in found.items()}
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError, LookupError):
        return {}


def as_reference(pictures: Mapping[str, Picture]) -> str:
    """To be kept with the listing."""
    return orjson.dumps({source: [one.address, one.expires] for source, one in pictures.items()}).decode()
