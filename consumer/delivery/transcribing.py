"""Keeps what went over the wire for listings, without making a change wait for it.

The way of a change only gathers references; cutting and writing is done by a task of its own, and what does not fit
into its bound is counted as lost. What carried credentials in its body is kept without bodies.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import structlog

from adapters.exchange import Request
from adapters.listening import Exchange, Listener, listening
from consumer.delivery.commands import Answer, Call
from consumer.listings.exchanges import ExchangeStore, Kept
from consumer.logs import SecretCutter
from consumer.mongo import PyMongoError
from consumer.settings import DeliverySettings

_log = structlog.get_logger()

_MOST_OF_A_CALL = 60
_MOST_WAITING = 2000
_MOST_BYTES = 32_000_000
_WRITTEN_AT_ONCE = 50
_PAUSE = 1.0
_LAST = 2.0
_LONGEST = 300
# Whoever has such an address may read or write the file behind it: Amazon tells them in replies.
_SIGNED = re.compile(r"((?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token)=)[^&\"'\s\\]+")
_LEFT_OUT = "(left out: it carries credentials)"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One exchange to be written. skus: of the listings, in their order."""

    exchange: Exchange
    listings: tuple[str, ...]
    skus: tuple[str, ...]
    operation: str
    missed: int
    size: int


class Transcriber:
    """One process's.

    days: how long exchanges are kept, 0 = none is. share: of calls that were accepted whole, how many are. longest:
    bytes of a body. cutter: cuts secrets. lost: told how many did not fit.
    """

    def __init__(
        self,
        store: ExchangeStore,
        *,
        days: int,
        share: float,
        longest: int,
        cutter: SecretCutter,
        lost: Callable[[int], None],
    ) -> None:
        self._store = store
        self._days = days
        self._share = share
        self._longest = longest
        self._cutter = cutter
        self._lost = lost
        self._owed = 0.0
        self._bytes = 0
        self._waiting: deque[_Waiting] = deque()

    @contextmanager
    def heard(self) -> Iterator[Listener | None]:
        """What goes over the wire inside is heard, where anything is kept at all."""
        listener = Listener(_MOST_OF_A_CALL) if self._days else None
        with listening(listener):
            yield listener

    def keep(self, call: Call, answers: Sequence[Answer], listener: Listener | None) -> None:
        """This call has ended so. Quick: nothing is looked at but sizes."""
        if listener is None or not listener.heard or not self._is_kept(answers):
            return
        listings = tuple(str(answer.send.work.key) for answer in answers)
        skus = tuple(answer.outcome.sku for answer in answers)
        for exchange in listener.heard:
            size = min(len(exchange.request.body), self._longest) + min(_reply_size(exchange), self._longest)
            if len(self._waiting) >= _MOST_WAITING or self._bytes + size > _MOST_BYTES:
                self._lost(1)
                continue
            self._bytes += size
            self._waiting.append(_Waiting(exchange, listings, skus, call.operation, listener.missed, size))

    async def run(self) -> None:
        """Write until cancelled."""
        if not self._days:
            return
        try:
            await self._store.prepare(self._days)
        except PyMongoError as error:
            _log.warning("old exchanges may stay: their index cannot be made", error=str(error)[:_LONGEST])
        while True:
            await asyncio.sleep(_PAUSE)
            await self._write_all()

    async def close(self) -> None:
        """Write what waits, if that is quickly done."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._write_all(), _LAST)
        if self._waiting:
            self._lost(len(self._waiting))

    def _is_kept(self, answers: Sequence[Answer]) -> bool:
        """All that went wrong, and of the rest its share, evenly."""
        if any(answer.error is not None for answer in answers):
            return True
        self._owed += self._share
        if self._owed < 1:
            return False
        self._owed -= 1
        return True

    async def _write_all(self) -> None:
        while self._waiting:
            part = [self._waiting.popleft() for _ in range(min(_WRITTEN_AT_ONCE, len(self._waiting)))]
            self._bytes -= sum(one.size for one in part)
            try:
                # In a thread: cutting texts is work, and calls must not wait for it.
                await self._store.write(await asyncio.to_thread(self._all_cut, part))
            except asyncio.CancelledError:
                self._lost(len(part))  # part of it may be stored; which, nobody knows
                raise
            except PyMongoError as error:
                self._lost(len(part))
                _log.warning("exchanges are lost", exchanges=len(part), error=str(error)[:_LONGEST])
                return

    def _all_cut(self, part: Sequence[_Waiting]) -> list[Kept]:
        return [self._cut(one) for one in part]

    def _cut(self, waiting: _Waiting) -> Kept:
        exchange = waiting.exchange
        request, answer = exchange.request, exchange.answer
        bare = bool(request.secrets)
        return Kept(
            at=datetime.fromtimestamp(exchange.begun, UTC),
            listings=_concerned(waiting),
            operation=waiting.operation,
            method=request.method,
            url=self._text(request, request.url.encode()),
            status=0 if answer is None else answer.status,
            took=round(exchange.took, 3),
            request=_LEFT_OUT if bare else self._text(request, request.body),
            reply="" if answer is None else _LEFT_OUT if bare else self._text(request, answer.body),
            words="" if exchange.error is None else self._cutter.text(exchange.error.message)[:_LONGEST],
            missed=waiting.missed,
        )

    def _text(self, request: Request, body: bytes) -> str:
        text = body.decode("utf-8", "replace")
        # Cut before it is shortened: half a secret would not be known as one.
        for secret in sorted(request.hidden(), key=len, reverse=True):
            text = text.replace(secret, "***")
        text = _SIGNED.sub(r"\1***", self._cutter.text(text))
        return text if len(text) <= self._longest else f"{text[: self._longest]}… ({len(body)} bytes in all)"


def make_transcriber(store: ExchangeStore, settings: DeliverySettings, lost: Callable[[int], None]) -> Transcriber:
    """As the settings say. Credentials are cut by what each request calls secret, and by their looks."""
    return Transcriber(
        store,
        days=settings.exchange_days,
        share=settings.exchange_share,
        longest=settings.exchange_bytes,
        cutter=SecretCutter(),
        lost=lost,
    )


def _reply_size(exchange: Exchange) -> int:
    return 0 if exchange.answer is None else len(exchange.answer.body)


def _concerned(waiting: _Waiting) -> tuple[str, ...]:
    """Those of the call's listings that it names; all where it names none."""
    request = waiting.exchange.request
    named = tuple(
        listing
        for listing, sku in zip(waiting.listings, waiting.skus, strict=True)
        if quote(sku, safe="") in request.url or sku.encode() in request.body
    )
    return named or waiting.listings
