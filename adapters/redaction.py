"""Texts of channels made fit to be shown: without credentials, and short."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 500
_MASK = "***"
# Credentials by their looks, for secrets that we did not send ourselves and so cannot know by value.
_PATTERNS = (
    re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;}]{16,}"),
    re.compile(
        r"""(?i)(["']?\b\w*(?:token|secret|password|authorization|api[_-]?key)\b["']?\s*[:=]\s*["']?)[^\s"'&,;}]{8,}"""
    ),
    # how eBay's tokens begin, and Amazon's tokens and client secrets
    re.compile(r"(?:v\^1\.1#|Atz[a-z]\||Atz\.sprdt\||amzn1\.oa2-cs\.)[^\s\"'&,;}]+"),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, without these secrets and without what looks like one, cut to 500 characters."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    scheme, setting, token = _PATTERNS
    text = scheme.sub(rf"\1 {_MASK}", text)
    text = setting.sub(rf"\1{_MASK}", text)
    text = " ".join(token.sub(_MASK, text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
