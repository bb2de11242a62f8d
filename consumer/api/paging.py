"""Pages: how much at once, and where the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Query

from consumer.api.problem import ApiError

Most = Annotated[int, Query(alias="limit", ge=1, le=500, description="How many at most.")]
Cursor = Annotated[str, Query(max_length=2000, description="`next` of the page before; nothing = the first page.")]


def cursor_after(last: str) -> str:
    """A cursor for the page after this id."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def last_of(cursor: str) -> str:
    """The id that a cursor stands for, "" for none. Raises ApiError for what is no cursor of ours."""
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ApiError(422, "cursor", "query.cursor: this is no cursor.", cure="Send `next` as it came.") from error
