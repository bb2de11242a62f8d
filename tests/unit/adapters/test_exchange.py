"""Calls and answers as values: waits that channels ask for, and words quoted without secrets."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from adapters.exchange import Request, retry_after
from adapters.redaction import redacted
from tests.planted import plant
from tests.unit.adapters.wire import ORIGIN, make_http

SECRET, CLIENT_SECRET = f"v^1.1#i^1#{plant('token')}", plant("client")
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("99999999999999", 86400.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


async def test_retry_after_is_read_from_answers_in_any_case() -> None:
    http = make_http(
        lambda request: httpx.Response(429, headers={"RETRY-AFTER": "Mon, 23 Nov 2026 12:01:00 GMT"}), now=NOW
    )
    assert (await http.send(Request("GET", ORIGIN))).retry_after == 60.0


async def test_an_answer_that_repeats_the_credential_is_quoted_without_it(caplog: pytest.LogCaptureFixture) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, text=f"bad token {request.headers['Authorization']} client_secret={CLIENT_SECRET}")

    request = Request("POST", ORIGIN, authorization=SecretStr(f"Bearer {SECRET}"), secrets=(SecretStr(CLIENT_SECRET),))
    with caplog.at_level(logging.DEBUG):
        answer = await make_http(echo).send(request)
    for text in (answer.excerpt, repr(answer), repr(request), caplog.text):
        assert SECRET not in text
        assert CLIENT_SECRET not in text
    assert "bad token" in answer.excerpt


async def test_long_answers_are_cut() -> None:
    answer = await make_http(lambda request: httpx.Response(400, text="x" * 10_000)).send(Request("GET", ORIGIN))
    assert len(answer.excerpt) == 500


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic ***"),
        ('{"access_token": "abcdefgh12345"}', '{"access_token": "***"}'),
        (
            "grant_type=refresh_token&refresh_token=v^1.1#i^1#abc&scope=x",
            "grant_type=refresh_token&refresh_token=***&scope=x",
        ),
        ("the token v^1.1#i^1#p^3 is invalid", "the token *** is invalid"),
        ("Basic information is missing", "Basic information is missing"),
        ("Invalid access token", "Invalid access token"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, shown: str) -> None:
    assert redacted(text) == shown
