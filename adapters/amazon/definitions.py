"""Product types: fetched when they are needed, kept by the checksum of their schema, asked for anew once a day.

Source: Product Type Definitions 2020-09-01. A link to a schema works for seven days; a schema is 0.5 to 0.9 MB.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jsonschema.protocols import Validator

from adapters.amazon.client import AmazonClient
from adapters.amazon.schema import make_validator
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.shaping import Shapes
from adapters.errors import AdapterError, ChannelUnavailableError, PermanentError

FRESH_FOR = 86_400.0  # seconds that a product type is taken for unchanged
ASKED_AGAIN = 300.0  # seconds after which one that could not be had is asked for once more
MOST_KEPT = 64  # product types of an account; beyond it the one longest unused goes


@dataclass(frozen=True, slots=True)
class Definition:
    """One product type. checksum: print of its schema, "" = none could be had. refusal: what Amazon says of a product
    type that it does not have. until: when it is asked for again."""

    shapes: Shapes
    validator: Validator | None = None
    checksum: str = ""
    refusal: str = ""
    until: float = 0.0


class Definitions:
    """The product types of one account. clock: monotonic seconds."""

    def __init__(
        self, client: AmazonClient, account: AmazonAccount, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._context = {
            "marketplace_id": account.marketplace_id,
            "language_tag": account.locale,
            "currency": account.place.currency,
            "audience": "ALL",
        }
        self._unknown = Definition(Shapes(None, self._context))
        self._held: OrderedDict[str, Definition] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    def of(self, product_type: str) -> Definition:
        """What is known of a product type; one of which nothing is known checks nothing."""
        held = self._held.get(product_type)
        if held is None:
            return self._unknown
        self._held.move_to_end(product_type)
        return held

    def known(self, product_type: str) -> bool:
        """Whether asking for it now would call nobody."""
        held = self._held.get(product_type)
        return not product_type or (held is not None and self._clock() < held.until)

    async def learn(self, product_types: Iterable[str]) -> None:
        """Fetch those that are not known or not fresh. What cannot be had is no error: then less is checked."""
        wanted = [name for name in dict.fromkeys(product_types) if not self.known(name)]
        for name in wanted:
            lock = self._asking.setdefault(name, asyncio.Lock())
            async with lock:
                if not self.known(name):
                    self._keep(name, await self._fetched(name))
            if not lock.locked():
                self._asking.pop(name, None)

    def _keep(self, name: str, definition: Definition) -> None:
        self._held[name] = definition
        self._held.move_to_end(name)
        while len(self._held) > MOST_KEPT:
            self._held.popitem(last=False)

    async def _fetched(self, name: str) -> Definition:
        """The product type as it is now; as it was, where it could not be had."""
        before = self._held.get(name, self._unknown)
        try:
            told = await self._client.get_definition(name)
            checksum, url = _schema_link(told)
            if checksum != before.checksum:
                schema = await self._schema(checksum, url)
                before = Definition(Shapes(schema, self._context), make_validator(schema), checksum)
        except AdapterError as error:
            refusal = error.message if isinstance(error, PermanentError) else ""
            return replace(before, refusal=refusal, until=self._clock() + ASKED_AGAIN)
        return replace(before, refusal="", until=self._clock() + FRESH_FOR)

    async def _schema(self, checksum: str, url: str) -> Mapping[str, Any]:
        answer = await self._client.download(url)
        if answer.status != 200:
            raise ChannelUnavailableError(f"Amazon: a schema could not be fetched, status {answer.status}")
        found = base64.b64encode(hashlib.md5(answer.body, usedforsecurity=False).digest()).decode()
        schema = answer.json()
        if found != checksum or not isinstance(schema, Mapping):
            raise ChannelUnavailableError("Amazon: a schema arrived damaged: its checksum is another one")
        return schema


def _schema_link(told: Mapping[str, Any]) -> tuple[str, str]:
    link = told.get("schema")
    resource = link.get("link") if isinstance(link, Mapping) else None
    if not isinstance(link, Mapping) or not isinstance(resource, Mapping):
        raise ChannelUnavailableError("Amazon: a product type was described without its schema")
    return str(link.get("checksum") or ""), str(resource.get("resource") or "")
