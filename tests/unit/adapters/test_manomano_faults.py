"""What ManoMano's answers mean, in the shapes that clients have met."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    UnderReviewError,
    UnknownListingError,
)
from adapters.exchange import Answer
from adapters.manomano.faults import complaints_of, error_of
from adapters.manomano.results import UNSAID, results_of

SENT: dict[str, dict[str, Any]] = {"A": {}, "B": {}}


def answer(status: int, body: Any, **more: Any) -> Answer:
    return Answer(status, {}, b"" if body is None else orjson.dumps(body), **more)


@pytest.mark.parametrize(
    ("status", "body", "kind", "known"),
    [
        (400, {"error": {"app_code": "ERR_1405", "message": "maximum 20"}}, PermanentError, True),
        (
            400,
            {"error": {"app_code": "ERR_PIM_OFFER_API_REQUEST_VALIDATION", "message": "weight"}},
            RejectedListingError,
            True,
        ),
        (400, {"message": "seller_contract_id is wrong"}, ConfigurationError, True),
        (401, {"message": "Unauthorized"}, AuthenticationError, True),
        (403, {"message": "Forbidden"}, AuthenticationError, True),
        (429, {"error_code": 1015, "retry_after": 30}, RateLimitedError, True),
        (429, None, RateLimitedError, True),
        (502, {"message": "Bad gateway"}, ChannelUnavailableError, False),
        (302, None, ConfigurationError, True),
        (400, {"error": {"app_code": "ERR_NEW", "message": "never seen"}}, RejectedListingError, False),
    ],
)
def test_a_refused_call_is_what_its_code_or_status_says(
    status: int, body: Any, kind: type[AdapterError], known: bool
) -> None:
    error = error_of(answer(status, body), writes=True)
    assert type(error) is kind
    assert error.known is known
    assert error.effect_unknown is (status >= 500)


@pytest.mark.parametrize(
    ("header", "body", "delay"),
    [(7.0, {"retry_after": 30}, 7.0), (None, {"retry_after": 30}, 30.0), (None, {"retry_after": "soon"}, None)],
)
def test_how_long_to_wait_stands_in_the_header_or_in_the_body(
    header: float | None, body: Any, delay: float | None
) -> None:
    error = error_of(answer(429, body, retry_after=header), writes=True)
    assert isinstance(error, RateLimitedError)
    assert error.delay == delay


@pytest.mark.parametrize(
    "entry",
    [
        {"sku": "A", "response": {"status": 400, "reason_phrase": "Bad Request"}, "errors": ["NO_CONTENT_APPROVED"]},
        {"sku": "A", "response": {"status": 200}, "errors": [{"code": "NO_CONTENT_APPROVED", "message": "wait"}]},
        {"sku": "A", "result": {"http_code": 422, "error": {"app_code": "X", "message": "NO_CONTENT_APPROVED"}}},
    ],
)
def test_a_refused_offer_is_found_inside_a_call_that_succeeded(entry: dict[str, Any]) -> None:
    found = results_of(answer(200, {"content": [entry, {"sku": "B", "response": {"status": 200}}]}), SENT, every=True)
    assert isinstance(found["A"].error, UnderReviewError)
    assert found["B"].error is None


def test_patch_tells_of_refused_offers_alone_also_in_groups_of_a_contract() -> None:
    item = {"sku": "A", "errors": [{"code": "OFFER_NOT_FOUND", "message": "no"}]}
    found = results_of(answer(207, {"content": [{"seller_contract_id": 1, "items": [item]}]}), SENT, every=False)
    assert isinstance(found["A"].error, UnknownListingError)
    assert found["B"].error is None


def test_an_offer_that_put_does_not_mention_may_or_may_not_be_there() -> None:
    found = results_of(answer(200, {"content": [{"sku": "A", "response": {"status": 200}}]}), SENT, every=True)
    assert found["A"].error is None
    error = found["B"].error
    assert error is not None
    assert error.effect_unknown


def test_an_answer_without_any_offer_is_a_remark_and_after_a_207_an_unknown_effect() -> None:
    assert results_of(answer(200, {"offers": []}), SENT, every=True)["A"].warnings == (UNSAID,)
    assert results_of(answer(204, None), SENT, every=False)["A"].warnings == ()
    error = results_of(answer(207, {"content": []}), SENT, every=False)["A"].error
    assert error is not None
    assert error.effect_unknown


def test_words_of_a_refused_offer_carry_their_cure_and_no_secret() -> None:
    body = {"content": [{"sku": "A", "errors": ["ALL_GRID_NOT_ELIGIBLE_FOR_OFFER my-key"]}]}
    error = results_of(answer(200, body, hidden=("my-key",)), SENT, every=True)["A"].error
    assert error is not None
    assert "carrier_grids" in error.message
    assert "my-key" not in error.message


def test_errors_come_as_texts_objects_and_lists() -> None:
    found = complaints_of([{"app_code": "A", "message": "one"}, "two", None, {"x": 1}])
    assert [(each.code, each.words) for each in found] == [("A", "one"), ("", "two")]
