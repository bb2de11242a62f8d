"""Refuses bodies that are too large, before they are in memory."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumer.api.problem import answer


class _TooLargeError(Exception):
    """The body went on beyond the limit."""


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
        taken, begun = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLargeError:
            if not begun:
                words = f"The body has more than {self._most:,} bytes."
                await answer(413, "too-large", words, cure="Send less at once, or raise API_BODY.")(
                    scope, receive, send
                )
