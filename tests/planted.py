"""Secrets that tests plant: recognisable wherever they turn up, whole or in part, plain or in base64."""

from __future__ import annotations

import base64
import re

# Letters and digits only: neither an address nor JSON nor a form writes them otherwise.
MARK = "planted0secret0"


def plant(name: str) -> str:
    """A secret of this name. No name: two of them are never told apart by a test."""
    return f"{MARK}{name}"


def _in_base64(mark: str) -> list[str]:
    """What base64 makes of the mark wherever it begins: of three places, without the signs its neighbours share."""
    return [base64.b64encode(b"\0" * place + mark.encode()).decode()[4 if place else 0 : -4] for place in range(3)]


# The access tokens that the stand-in of eBay mints are as secret as what they are minted for.
_MINTED = r"v\^1\.1#[0-9a-f]{64}"
_MARKS = re.compile("|".join([MARK, *map(re.escape, _in_base64(MARK)), _MINTED]))


def shown_in(text: str | bytes) -> str | None:
    """Where a planted secret shows in the text: the words before it, None where none does."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    found = _MARKS.search(text)
    return None if found is None else f"...{text[max(0, found.start() - 120) : found.start()]}<{found[0][:10]}...>"
