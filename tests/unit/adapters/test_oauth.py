"""Access tokens: renewed in time, one renewal at a time, every refusal ends in the right recovery, none is shown."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import httpx
import pytest
from pydantic import SecretStr

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
    TemporaryError,
)
from adapters.oauth import Credentials, TokenSource
from tests.planted import plant
from tests.unit.adapters.wire import ORIGIN, make_http

REFRESH, SECRET = f"v^1.1#{plant('refresh')}", plant("client")


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def token_number(number: int) -> str:
    """The number-th access token that is given out."""
    return f"v^1.1#{plant('access')}-{number}"


class TokenEndpoint:
    """Gives out numbered tokens; `answers` come first, in order."""

    def __init__(self, *answers: httpx.Response | Exception, lifetime: Any = 7200) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.lifetime = lifetime
        self.extra: dict[str, str] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)  # lets other tasks in, as a real call does
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        body = {"access_token": token_number(len(self.requests)), "expires_in": self.lifetime, **self.extra}
        return httpx.Response(200, json=body)

    def forms(self) -> list[dict[str, list[str]]]:
        return [parse_qs(request.content.decode()) for request in self.requests]


def make_source(endpoint: TokenEndpoint, clock: Callable[[], float] | None = None, **changed: str) -> TokenSource:
    given = {"refresh_token": REFRESH, "access_token": "", **changed}
    credentials = Credentials(
        token_url=f"{ORIGIN}/token",
        client_id="app",
        client_secret=SecretStr(SECRET),
        refresh_token=SecretStr(given["refresh_token"]),
        access_token=SecretStr(given["access_token"]),
        cure="Set EBAY_REFRESH_TOKEN.",
    )
    return TokenSource(make_http(endpoint), credentials, clock=clock or Clock())


async def failure(source: TokenSource) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await source.token()
    return caught.value


async def test_asks_as_the_vendor_wants_it() -> None:
    endpoint = TokenEndpoint()
    assert (await make_source(endpoint).token()).get_secret_value() == token_number(1)
    (request,) = endpoint.requests
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"app:{SECRET}".encode()).decode()
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert endpoint.forms() == [{"grant_type": ["refresh_token"], "refresh_token": [REFRESH]}]


async def test_a_token_of_the_application_is_asked_for_without_a_seller_and_renewed() -> None:
    endpoint, nobody = TokenEndpoint(), SecretStr("")
    credentials = Credentials(f"{ORIGIN}/token", "app", SecretStr(SECRET), nobody, nobody, scope="base of-it")
    source = TokenSource(make_http(endpoint), credentials, clock=Clock())
    first = await source.token()
    assert (await source.renew(first)).get_secret_value() == token_number(2)
    assert endpoint.forms() == [{"grant_type": ["client_credentials"], "scope": ["base of-it"]}] * 2


async def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    clock, endpoint = Clock(), TokenEndpoint()
    source = make_source(endpoint, clock)
    first = await source.token()
    clock.now += 7200 - 301
    assert await source.token() == first
    clock.now += 2
    assert await source.token() != first
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(("lifetime", "lasts"), [(60, 30), (None, 300), ("7200", 300), (-1, 300)])
async def test_odd_lifetimes_are_survived(lifetime: Any, lasts: float) -> None:
    clock, endpoint = Clock(), TokenEndpoint(lifetime=lifetime)
    source = make_source(endpoint, clock)
    await source.token()
    clock.now += lasts - 1
    await source.token()
    assert len(endpoint.requests) == 1
    clock.now += 2
    await source.token()
    assert len(endpoint.requests) == 2


async def test_many_tasks_share_one_renewal() -> None:
    endpoint = TokenEndpoint()
    source = make_source(endpoint)
    tokens = await asyncio.gather(*(source.token() for _ in range(50)))
    assert len(set(tokens)) == 1
    renewed = await asyncio.gather(*(source.renew(tokens[0]) for _ in range(50)))
    assert len(set(renewed)) == 1
    assert renewed[0] != tokens[0]
    assert len(endpoint.requests) == 2


async def test_many_tasks_share_one_failure_and_the_next_one_tries_again() -> None:
    endpoint = TokenEndpoint(httpx.Response(503))
    source = make_source(endpoint)
    found = await asyncio.gather(*(source.token() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(one, ChannelUnavailableError) for one in found)
    assert len(endpoint.requests) == 1
    await source.token()
    assert len(endpoint.requests) == 2


async def test_a_cancelled_renewal_leaves_nothing_behind() -> None:
    release = asyncio.Event()

    class Slow(TokenEndpoint):
        async def __call__(self, request: httpx.Request) -> httpx.Response:
            await release.wait()
            return await super().__call__(request)

    source = make_source(Slow())
    first = asyncio.create_task(source.token())
    second = asyncio.create_task(source.token())
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert (await second).get_secret_value()
    assert first.cancelled() or first.done()


async def test_the_refresh_token_survives_answers_that_do_not_name_it() -> None:
    endpoint = TokenEndpoint()
    source = make_source(endpoint)
    await source.renew(await source.token())
    assert [form["refresh_token"] for form in endpoint.forms()] == [[REFRESH], [REFRESH]]


async def test_a_rotated_refresh_token_is_used_from_then_on() -> None:
    endpoint = TokenEndpoint()
    endpoint.extra = {"refresh_token": f"v^1.1#{plant('rotated')}"}
    source = make_source(endpoint)
    await source.renew(await source.token())
    assert [form["refresh_token"] for form in endpoint.forms()] == [[REFRESH], [f"v^1.1#{plant('rotated')}"]]


async def test_a_ready_token_without_refresh_token_is_used_as_it_is() -> None:
    endpoint = TokenEndpoint()
    source = make_source(endpoint, refresh_token="", access_token=plant("ready"))
    token = await source.token()
    assert token.get_secret_value() == plant("ready")
    with pytest.raises(AuthenticationError, match="EBAY_REFRESH_TOKEN"):
        await source.renew(token)
    assert endpoint.requests == []


async def test_a_ready_token_is_ignored_beside_a_refresh_token() -> None:
    source = make_source(TokenEndpoint(), access_token=plant("ready"))
    assert (await source.token()).get_secret_value() == token_number(1)


async def test_no_credential_at_all_is_dead() -> None:
    assert isinstance(await failure(make_source(TokenEndpoint(), refresh_token="")), AuthenticationError)


def oauth(status: int, error: str, words: str = "words of the vendor") -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": words})


def gateway(status: int, number: int, **headers: str) -> httpx.Response:
    errors = [{"errorId": number, "domain": "ACCESS", "message": "words of the vendor"}]
    return httpx.Response(status, json={"errors": errors}, headers=headers)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (oauth(400, "invalid_grant"), AuthenticationError, "invalid_grant"),
        (oauth(401, "invalid_client"), AuthenticationError, "invalid_client"),
        (oauth(400, "invalid_client"), AuthenticationError, "invalid_client"),
        (oauth(400, "unauthorized_client"), AuthenticationError, "unauthorized_client"),
        (oauth(400, "invalid_scope"), ConfigurationError, "invalid_scope"),
        (oauth(400, "something_new"), AuthenticationError, "something_new"),
        (httpx.Response(404, text="no such page"), ConfigurationError, None),
        (httpx.Response(302, headers={"Location": "https://x.test"}), ConfigurationError, None),
        (gateway(429, 2001), RateLimitedError, "2001"),
        (gateway(500, 2003), ChannelUnavailableError, "2003"),
        (gateway(401, 1001), AuthenticationError, "1001"),
        (httpx.Response(503, text="<html>busy</html>"), ChannelUnavailableError, None),
        (httpx.Response(408), ChannelUnavailableError, None),
        (httpx.Response(200, json={"expires_in": 7200}), ChannelUnavailableError, None),
        (httpx.Response(200, text="<html>login</html>"), ChannelUnavailableError, None),
    ],
)
async def test_refusals_end_in_their_recovery(answer: httpx.Response, kind: type[AdapterError], code: str) -> None:
    error = await failure(make_source(TokenEndpoint(answer)))
    assert type(error) is kind
    assert error.code == code
    assert not error.effect_unknown
    if b"words of the vendor" in answer.content:
        assert "words of the vendor" in str(error)


async def test_a_dead_credential_names_its_cure() -> None:
    assert "Set EBAY_REFRESH_TOKEN." in str(await failure(make_source(TokenEndpoint(oauth(400, "invalid_grant")))))


async def test_too_many_tokens_say_how_long_to_wait() -> None:
    error = await failure(make_source(TokenEndpoint(gateway(429, 2001, **{"Retry-After": "90"}))))
    assert isinstance(error, RateLimitedError)
    assert error.delay == 90.0


@pytest.mark.parametrize(
    "broken", [aiohttp.SocketTimeoutError(), aiohttp.ConnectionTimeoutError(), aiohttp.ServerDisconnectedError()]
)
async def test_an_unreachable_token_address_is_temporary_and_has_no_effect(broken: Exception) -> None:
    error = await failure(make_source(TokenEndpoint(broken)))
    assert isinstance(error, TemporaryError)
    assert not error.effect_unknown


async def test_no_secret_shows(caplog: pytest.LogCaptureFixture) -> None:
    basic = base64.b64encode(f"app:{SECRET}".encode()).decode()
    echo = oauth(400, "invalid_grant", f"refresh token {REFRESH} of {SECRET}, sent with Basic {basic}")
    source = make_source(TokenEndpoint(echo))
    with caplog.at_level(logging.DEBUG):
        error = await failure(source)
        token = await source.token()
    for text in (str(error), repr(error), repr(token), repr(source), repr(vars(source)), caplog.text):
        for secret in (REFRESH, SECRET, basic, token.get_secret_value()):
            assert secret not in text
