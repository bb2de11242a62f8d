"""Amazon's errors -> recoveries, and those of Login with Amazon."""

from __future__ import annotations

import httpx
import pytest

from adapters.amazon.faults import CATEGORIES, CODES, error_of, refusal
from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    UnknownListingError,
)
from adapters.exchange import Answer
from tests.unit.adapters.amazon_wire import Amazon, issue, make_amazon_adapter


def answered(status: int, code: str = "", delay: float | None = None) -> Answer:
    errors = {"errors": [{"code": code, "message": "words", "details": "more"}]} if code else {}
    body = httpx.Response(status, json=errors).content
    return Answer(status, {"x-amzn-requestid": "r-1"}, body, retry_after=delay)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "InvalidInput", RejectedListingError),
        (401, "Unauthorized", AuthenticationError),
        (403, "Unauthorized", AuthenticationError),
        (404, "NotFound", UnknownListingError),
        (413, "RequestTooLarge", RejectedListingError),
        (415, "UnsupportedMediaType", PermanentError),
        (429, "QuotaExceeded", RateLimitedError),
        (500, "InternalFailure", ChannelUnavailableError),
        (503, "ServiceUnavailable", ChannelUnavailableError),
    ],
)
def test_every_status_has_its_recovery(status: int, code: str, kind: type[AdapterError]) -> None:
    error = error_of(answered(status, code), writes=True)
    assert type(error) is kind
    assert (error.code, error.status, error.known) == (code, status, True)
    assert f"{code} words (more)" in error.message
    assert "r-1" in error.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, ConfigurationError), (418, RejectedListingError), (507, ChannelUnavailableError)],
)
def test_a_status_that_is_not_in_the_table_is_counted(status: int, kind: type[AdapterError]) -> None:
    error = error_of(answered(status), writes=True)
    assert type(error) is kind
    assert not error.known


def test_a_code_that_is_not_in_the_table_is_counted() -> None:
    assert not error_of(answered(400, "SomethingNew"), writes=True).known


@pytest.mark.parametrize(("status", "unknown"), [(500, True), (503, True), (429, False), (400, False)])
def test_only_a_failure_of_amazons_own_leaves_the_effect_unknown(status: int, unknown: bool) -> None:
    assert error_of(answered(status), writes=True).effect_unknown is unknown
    assert not error_of(answered(status), writes=False).effect_unknown


@pytest.mark.parametrize("delay", [None, 7.0])
def test_amazon_need_not_say_how_long_to_wait(delay: float | None) -> None:
    error = error_of(answered(429, "QuotaExceeded", delay), writes=True)
    assert isinstance(error, RateLimitedError)
    assert error.delay == delay


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_a_known_category_is_known_whatever_its_number(category: str) -> None:
    assert refusal([issue("123456", "ERROR", category)]).known
    assert not refusal([issue("123456", "ERROR", category, "NEW_CATEGORY")]).known


def test_warnings_are_no_reason_for_a_refusal_that_has_errors() -> None:
    error = refusal([issue("1", "WARNING"), issue("90220"), issue("99022")])
    assert error.message == "Amazon: 90220 words of 90220; 99022 words of 99022"
    assert error.code == "90220"


def test_a_refusal_without_reasons_is_one_and_is_counted() -> None:
    error = refusal([])
    assert error.message == "Amazon: refused without a reason"
    assert not error.known


def test_a_hundred_reasons_are_cut() -> None:
    assert refusal([issue(str(number)) for number in range(100)]).message.endswith("and 95 more")


def test_the_codes_of_the_models_are_known() -> None:
    assert {"400", "BAD_REQUEST", "QuotaExceeded", "Unauthorized"} <= CODES


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_grant", AuthenticationError),
        (401, "invalid_client", AuthenticationError),
        (400, "unauthorized_client", AuthenticationError),
        (400, "access_denied", AuthenticationError),
        (400, "invalid_scope", ConfigurationError),
        (400, "invalid_request", ConfigurationError),
        (400, "server_error", ChannelUnavailableError),
        (400, "temporarily_unavailable", ChannelUnavailableError),
        (503, "", ChannelUnavailableError),
        (429, "", RateLimitedError),
    ],
)
async def test_every_error_of_login_with_amazon_has_its_recovery(
    status: int, code: str, kind: type[AdapterError]
) -> None:
    class Refusing(Amazon):
        async def __call__(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, json={"error": code, "error_description": "words"} if code else {})

    with pytest.raises(AdapterError) as caught:
        await make_amazon_adapter(Refusing()).test_connection()
    assert type(caught.value) is kind
    if kind is AuthenticationError:
        assert "AMAZON_REFRESH_TOKEN" in caught.value.message
