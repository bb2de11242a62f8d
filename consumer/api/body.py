"""Refuses bodies that are too large, before they are in memory."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _TooLargeError(HTTPException):
    """The body went on beyond the limit. One of the framework's own: it takes any other for a body it cannot read."""


class BodyLimit:
    """ASGI middleware. most: bytes of one body."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what comes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise _TooLargeError(413, f"The body has more than {self._most:,} bytes: send less at once.")
            return message

        await self._app(scope, counted, send)
