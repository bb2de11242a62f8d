"""eBay's REST calls as requests: a token, the two languages, JSON in and out, `AdapterError` for every refusal.

Every call carries Content-Language and Accept-Language: the contracts ask for them on some calls only, the servers were
seen to refuse others without. Posts without content send `{}`, else eBay's edge says 411.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import SecretStr

from adapters.ebay.faults import error_of, numbers_of
from adapters.ebay.settings import NEW_CONSENT, EbayAccount
from adapters.errors import AuthenticationError
from adapters.exchange import Answer, Request
from adapters.http import HttpClient
from adapters.oauth import TokenSource

_INSUFFICIENT_PERMISSIONS = 1100  # also what eBay says of a token that has ended


class Calls:
    """Calls eBay for one account. A call that is refused for its token is repeated once with a fresh one.

    tokens: the seller's. application: the application's own, which are good for what concerns no seller (categories,
    quotas, keys of notifications) and for nothing of a seller's.
    """

    def __init__(self, http: HttpClient, tokens: TokenSource, application: TokenSource, account: EbayAccount) -> None:
        self._http = http
        self._tokens = tokens
        self._application = application
        self._account = account

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._http.close()

    async def check_credentials(self) -> None:
        """Have an access token of the seller, or raise what `TokenSource.token` raises."""
        await self._tokens.token()

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, harmless: bool = False
    ) -> Answer:
        """One call for the seller. harmless: it changes nothing although its method is not GET. Raises AdapterError."""
        return await self._call(self._tokens, self._request(method, path, body, harmless))

    async def ask(self, path: str) -> Answer:
        """A GET for the application. Raises AdapterError."""
        return await self._call(self._application, self._request("GET", path, None, harmless=True))

    async def _call(self, tokens: TokenSource, request: Request) -> Answer:
        token = await tokens.token()
        answer = await self._http.send(_with_token(request, token))
        if _token_is_refused(answer):
            answer = await self._http.send(_with_token(request, await tokens.renew(token)))
            if _token_is_refused(answer):
                raise _refused_again(answer)
        if not 200 <= answer.status < 300:
            raise error_of(answer, writes=request.writes)
        return answer

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, harmless: bool) -> Request:
        headers = {
            "Accept": "application/json",
            "Accept-Language": self._account.locale,
            "Content-Language": self._account.locale,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = b"" if body is None else orjson.dumps(body)
        return Request(method, self._account.api_url + path, headers=headers, body=content, harmless=harmless)


def mapping_of(answer: Answer) -> Mapping[str, Any]:
    """The JSON object in an answer, empty where there is none."""
    body = answer.json()
    return body if isinstance(body, Mapping) else {}


def quoted(text: str) -> str:
    """For a path or a query: slashes, spaces, commas and plus signs of a SKU must arrive as they are."""
    return quote(text, safe="")


def _with_token(request: Request, token: SecretStr) -> Request:
    return Request(
        request.method,
        request.url,
        headers=request.headers,
        body=request.body,
        authorization=SecretStr(f"Bearer {token.get_secret_value()}"),
        harmless=request.harmless,
    )


def _token_is_refused(answer: Answer) -> bool:
    return answer.status == 401 or (answer.status == 403 and _INSUFFICIENT_PERMISSIONS in numbers_of(answer))


def _refused_again(answer: Answer) -> AuthenticationError:
    """The consent was taken back, or does not cover this call."""
    error = error_of(answer, writes=False)
    words = f"{error.message.rstrip('.')}. A fresh access token was refused too. {NEW_CONSENT}"
    dead = AuthenticationError(words, code=error.code, status=error.status)
    dead.known = error.known
    return dead
