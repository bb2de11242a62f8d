"""One call to a channel and its answer, as values: no secret shows in their repr or in words quoted from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from pydantic import SecretStr

from adapters.redaction import redacted
from adapters.values import value_object

_LONGEST_PAUSE = 24 * 3600.0  # a Retry-After beyond a day is a mistake of the channel or of its clock


@value_object
class Request:
    """One call. authorization: value of the Authorization header; secrets: what else must never be shown.

    secret_headers: headers that carry a credential, for channels that name them otherwise.
    harmless: it changes nothing on the channel although its method is not GET, like a search by POST or a token.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    authorization: SecretStr | None = None
    secrets: tuple[SecretStr, ...] = ()
    harmless: bool = False
    secret_headers: Mapping[str, SecretStr] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves us not knowing what the channel shows."""
        return not self.harmless and self.method not in ("GET", "HEAD")

    def hidden(self) -> tuple[str, ...]:
        """Every secret text of this call, the bare credential of the Authorization header included."""
        values = [secret.get_secret_value() for secret in (*self.secrets, *self.secret_headers.values())]
        if self.authorization is not None:
            values += [self.authorization.get_secret_value(), *self.authorization.get_secret_value().split()[1:]]
        return tuple(value for value in values if value)


@value_object
class Answer:
    """What the channel answered. retry_after: seconds it asks us to wait, if it does."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    retry_after: float | None = None
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def json(self) -> Any:
        """The body as JSON; None when it is empty or not JSON."""
        try:
            return orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            return None

    def quote(self, text: str) -> str:
        """Words of this answer for a person: without secrets, cut to what fits a message."""
        return redacted(text, self.hidden)

    @property
    def excerpt(self) -> str:
        """The beginning of the body, quoted."""
        return self.quote(self.body[:4000].decode("utf-8", "replace"))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (since 1970) that a Retry-After header asks for: a number or an HTTP date, RFC 9110 10.2.3."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_PAUSE)
    try:
        return min(max(0.0, parsedate_to_datetime(value).timestamp() - now), _LONGEST_PAUSE)
    except (ValueError, OverflowError):
        return None
