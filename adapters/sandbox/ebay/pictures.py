"""Addresses of pictures on eBay's own server."""

from __future__ import annotations

from collections.abc import Sequence

PICTURES_AT = "https://i.ebayimg.com/"


def mixed(addresses: Sequence[str]) -> bool:
    """Whether some of the pictures are eBay's and others are not, which one listing may not have."""
    return len({address.startswith(PICTURES_AT) for address in addresses}) > 1
