"""Amazon's calls, one method each: HTTP in, typed answers and `AdapterError` out. Knows nothing of listings.

Listings Items 2021-08-01, Feeds 2021-06-30, Product Type Definitions 2020-09-01. Every call names who calls in a
User-Agent and carries the token in x-amz-access-token; requests are not signed any more since 2023-10-02.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import SecretStr

from adapters.amazon.faults import error_of, issue_words, issues_of, refusal
from adapters.amazon.settings import AmazonAccount, check_feed_type
from adapters.errors import AdapterError, ChannelUnavailableError, UnknownListingError
from adapters.exchange import Answer, Request
from adapters.http import HttpClient
from adapters.oauth import TokenSource

FILES = frozenset({"amazonaws.com"})  # where Amazon keeps feeds, reports and schemas
SEARCH_SIZE = 20  # items on a page, and SKUs asked for at once, of searchListingsItems
USER_AGENT = f"marketsync/0.1 (Language=Python/{platform.python_version()}; Platform={platform.system()})"
_ITEMS = "/listings/2021-08-01/items"
_FEEDS = "/feeds/2021-06-30"
_TYPES = "/definitions/2020-09-01/productTypes"
# Languages that definitions are told in; another one is an error of the call.
_TYPE_LOCALES = frozenset({
    "ar_AE", "de_DE", "en_AE", "en_AU", "en_CA", "en_GB", "en_IN", "en_SG", "en_US", "es_ES", "es_MX", "es_US", "fr_CA",
    "fr_FR", "it_IT", "ja_JP", "nl_NL", "pl_PL", "pt_BR", "pt_PT", "sv_SE", "tr_TR", "zh_CN", "zh_TW",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Submission:
    """What Amazon says at once of a write. warnings: its remarks on one that it took; issues: as they came."""

    error: AdapterError | None = None
    warnings: tuple[str, ...] = ()
    issues: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


class AmazonClient:
    """Calls Amazon for one account. A call that is refused for its token is repeated once with a fresh one.

    rates: by operation, the calls per second that Amazon last said it allows (x-amzn-RateLimit-Limit).
    """

    def __init__(self, http: HttpClient, tokens: TokenSource, account: AmazonAccount) -> None:
        self._http = http
        self._tokens = tokens
        self._account = account
        self._items = f"{account.api_url}{_ITEMS}/{quoted(account.merchant_id)}"
        self._place = f"marketplaceIds={account.marketplace_id}"
        self._spoken = f"{self._place}&issueLocale={account.locale}"
        self.rates: dict[str, float] = {}

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._http.close()

    async def check_credentials(self) -> None:
        """Have an access token, or raise what `TokenSource.token` raises."""
        await self._tokens.token()

    async def put_item(self, sku: str, body: Mapping[str, Any]) -> Submission:
        """putListingsItem: creates the listing or replaces all of it."""
        url = f"{self._items}/{quoted(sku)}?{self._spoken}"
        return _submission(await self.call("putListingsItem", "PUT", url, body))

    async def preview_item(self, sku: str, body: Mapping[str, Any]) -> Submission:
        """putListingsItem with mode=VALIDATION_PREVIEW: the same checks, and nothing changes."""
        url = f"{self._items}/{quoted(sku)}?{self._spoken}&mode=VALIDATION_PREVIEW"
        return _submission(await self.call("preview", "PUT", url, body, harmless=True))

    async def patch_item(self, sku: str, body: Mapping[str, Any]) -> Submission:
        """patchListingsItem: some attributes, as their patches say."""
        url = f"{self._items}/{quoted(sku)}?{self._spoken}"
        return _submission(await self.call("patchListingsItem", "PATCH", url, body))

    async def delete_item(self, sku: str) -> Submission:
        """deleteListingsItem. UnknownListingError where there is none."""
        url = f"{self._items}/{quoted(sku)}?{self._spoken}"
        return _submission(await self.call("deleteListingsItem", "DELETE", url))

    async def get_item(self, sku: str, included: Iterable[str]) -> Mapping[str, Any] | None:
        """getListingsItem; None where there is none."""
        url = f"{self._items}/{quoted(sku)}?{self._spoken}&includedData={','.join(included)}"
        try:
            answer = await self.call("getListingsItem", "GET", url)
        except UnknownListingError:
            return None
        return _mapping(answer, "getListingsItem")

    async def search_items(self, included: Iterable[str], **query: str) -> Mapping[str, Any]:
        """searchListingsItems: one page. query: as Amazon names it, encoded already where it has to be."""
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        url = f"{self._items}?{self._spoken}&includedData={','.join(included)}&pageSize={SEARCH_SIZE}{asked}"
        body = _mapping(await self.call("searchListingsItems", "GET", url), "searchListingsItems")
        if not isinstance(body.get("items"), list) or not isinstance(body.get("numberOfResults"), int):
            # Not to be taken for an account without items.
            raise ChannelUnavailableError("Amazon: searchListingsItems was answered without items or their number")
        return body

    async def get_definition(self, product_type: str) -> Mapping[str, Any]:
        """getDefinitionsProductType: where the schema is, and its checksum."""
        locale = self._account.locale if self._account.locale in _TYPE_LOCALES else "DEFAULT"
        asked = f"{self._place}&sellerId={quoted(self._account.merchant_id)}&locale={locale}"
        rules = "requirements=LISTING&requirementsEnforced=ENFORCED"
        url = f"{self._account.api_url}{_TYPES}/{quoted(product_type)}?{asked}&{rules}"
        operation = "getDefinitionsProductType"
        return _mapping(await self.call(operation, "GET", url), operation)

    async def search_definitions(self, keywords: str) -> Mapping[str, Any]:
        """searchDefinitionsProductTypes by keyword."""
        url = f"{self._account.api_url}{_TYPES}?{self._place}&keywords={quoted(keywords)}"
        operation = "searchDefinitionsProductTypes"
        return _mapping(await self.call(operation, "GET", url), operation)

    async def create_feed_document(self, content_type: str) -> Mapping[str, Any]:
        """createFeedDocument: an address that takes one file, for five minutes."""
        body = {"contentType": content_type}
        url = f"{self._account.api_url}{_FEEDS}/documents"
        answer = await self.call("createFeedDocument", "POST", url, body, harmless=True)
        return _mapping(answer, "createFeedDocument")

    async def create_feed(self, feed_type: str, document_id: str) -> str:
        """createFeed for the account's marketplace. Returns its id."""
        body = {
            "feedType": check_feed_type(feed_type),
            "marketplaceIds": [self._account.marketplace_id],
            "inputFeedDocumentId": document_id,
        }
        answer = await self.call("createFeed", "POST", f"{self._account.api_url}{_FEEDS}/feeds", body)
        feed_id = _mapping(answer, "createFeed").get("feedId")
        if not isinstance(feed_id, str) or not feed_id:
            raise ChannelUnavailableError("Amazon: createFeed was answered without an id", effect_unknown=True)
        return feed_id

    async def get_feed(self, feed_id: str) -> Mapping[str, Any]:
        """getFeed. UnknownListingError where Amazon knows it not, or not any more."""
        return _mapping(
            await self.call("getFeed", "GET", f"{self._account.api_url}{_FEEDS}/feeds/{quoted(feed_id)}"), "getFeed"
        )

    async def get_feed_document(self, document_id: str) -> Mapping[str, Any]:
        """getFeedDocument: a fresh address of the file, for five minutes."""
        url = f"{self._account.api_url}{_FEEDS}/documents/{quoted(document_id)}"
        return _mapping(await self.call("getFeedDocument", "GET", url), "getFeedDocument")

    async def upload(self, url: str, content_type: str, body: bytes) -> Answer:
        """PUT a file where Amazon said. The type is part of the address's signature; our token is no business there."""
        headers = {"Content-Type": content_type, "User-Agent": USER_AGENT}
        return await self._http.send(Request("PUT", url, headers=headers, body=body, harmless=True))

    async def download(self, url: str) -> Answer:
        """GET a file from where Amazon said."""
        return await self._http.send(Request("GET", url, headers={"User-Agent": USER_AGENT}))

    async def call(
        self, operation: str, method: str, url: str, body: Mapping[str, Any] | None = None, *, harmless: bool = False
    ) -> Answer:
        """One call for the seller. harmless: it changes nothing although its method is not GET. Raises AdapterError."""
        token = await self._tokens.token()
        content = b"" if body is None else orjson.dumps(body)
        answer = await self._http.send(_request(method, url, content, token, harmless))
        if answer.status in (401, 403):
            fresh = await self._tokens.renew(token)
            answer = await self._http.send(_request(method, url, content, fresh, harmless))
        self._note_rate(operation, answer)
        if not 200 <= answer.status < 300:
            raise error_of(answer, writes=not harmless and method != "GET")
        return answer

    def _note_rate(self, operation: str, answer: Answer) -> None:
        """Amazon sends it with some answers only, and never with a 429."""
        if said := answer.headers.get("x-amzn-ratelimit-limit"):
            try:
                rate = float(said)
            except ValueError:
                return
            if rate > 0:
                self.rates[operation] = rate


_READS = {"Accept": "application/json", "User-Agent": USER_AGENT}
_WRITES = {**_READS, "Content-Type": "application/json"}


def _request(method: str, url: str, content: bytes, token: SecretStr, harmless: bool) -> Request:
    return Request(
        method,
        url,
        headers=_WRITES if content else _READS,
        body=content,
        harmless=harmless,
        secret_headers={"x-amz-access-token": token},
    )


def _submission(answer: Answer) -> Submission:
    """A 200 is no yes: INVALID in it is a refusal."""
    body = answer.json()
    status = body.get("status") if isinstance(body, Mapping) else None
    issues = issues_of(body)
    if status == "INVALID":
        return Submission(refusal(issues, answer.status), issues=tuple(issues))
    if status not in ("ACCEPTED", "VALID"):
        raise ChannelUnavailableError(
            f"Amazon: a submission was answered without a known status: {answer.excerpt}",
            status=answer.status,
            effect_unknown=True,
        )
    return Submission(None, tuple(issue_words(issue) for issue in issues), tuple(issues))


def _mapping(answer: Answer, operation: str) -> Mapping[str, Any]:
    body = answer.json()
    if not isinstance(body, Mapping):
        words = f"Amazon: {operation} was answered with something that is no object: {answer.excerpt}"
        raise ChannelUnavailableError(words, status=answer.status, effect_unknown=operation == "createFeed")
    return body


def quoted(text: str) -> str:
    """For one segment of a path, or a query: a slash, a space or a comma in a SKU must arrive as it is.

    A segment of nothing but dots means a folder to whoever is in between, so its dots are encoded.
    """
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")
