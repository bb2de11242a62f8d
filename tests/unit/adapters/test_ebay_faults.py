"""eBay's errors: each known id has a recovery, statuses stand in for the others, eBay's words are kept."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.ebay.faults import ERRORS, WARNINGS, entry_error, error_of, existing_offer, warnings_of
from adapters.errors import (
    AdapterError,
    AuthenticationError,
    ChannelHaltedError,
    ChannelUnavailableError,
    ConfigurationError,
    PermanentError,
    RateLimitedError,
    RejectedListingError,
    TemporaryError,
    UnknownListingError,
)
from adapters.exchange import Answer

RECOVERIES = (TemporaryError, PermanentError, ChannelHaltedError)


def make_answer(status: int, *numbers: int, retry_after: float | None = None, **fields: Any) -> Answer:
    errors = [{"errorId": number, "message": f"words of {number}", **fields} for number in numbers]
    return Answer(status, {}, orjson.dumps({"errors": errors}), retry_after)


def rows() -> list[dict[str, str]]:
    """eBay's own list of errors, kept beside the project."""
    shared = Path(os.environ.get("MARKETSYNC_SHARED", Path(__file__).parents[4] / "shared"))
    path = shared / "specs" / "ebay" / "error_codes.tsv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


OURS = {
    "commerce_taxonomy_v1": {"getDefaultCategoryTreeId", "getItemAspectsForCategory", "getCategorySuggestions"},
    "sell_metadata_v1": {"getItemConditionPolicies", "getListingStructurePolicies"},
    "commerce_media_v1_beta": {"createImageFromUrl"},
    "commerce_notification_v1": {"getPublicKey"},
    "developer_analytics_v1_beta": {"getRateLimits"},
    "sell_account_v1": {"getFulfillmentPolicy", "getFulfillmentPolicyByName"},
}


def test_every_error_of_our_calls_of_other_apis_is_known() -> None:
    ours = [row for row in rows() if OURS.get(row["api"], set()) & set(row["operations"].split(","))]
    if not ours:
        pytest.skip("eBay's list of errors is not beside the project; MARKETSYNC_SHARED names its place")
    unknown = {
        int(row["error_id"])
        for row in ours
        if int(row["error_id"]) not in ERRORS and int(row["error_id"]) not in WARNINGS
    }
    assert unknown == set()


def test_every_error_of_the_inventory_api_has_one_of_the_three_recoveries() -> None:
    inventory = [row for row in rows() if row["api"] == "sell_inventory_v1"]
    if not inventory:
        pytest.skip("eBay's list of errors is not beside the project; MARKETSYNC_SHARED names its place")
    assert len(inventory) == 157
    for row in inventory:
        number, statuses = int(row["error_id"]), [int(status) for status in row["http_statuses"].split(",")]
        if max(statuses) < 300:
            assert number in WARNINGS, f"{number} is a remark on an accepted call: {row['message']}"
        else:
            error = error_of(make_answer(max(statuses), number), writes=True)
            assert error.known, f"{number} is in no branch: {row['message']}"
            assert isinstance(error, RECOVERIES)


def test_no_number_is_in_two_places() -> None:
    assert not WARNINGS & ERRORS.keys()


@pytest.mark.parametrize(
    ("status", "number", "kind"),
    [
        (401, 1001, AuthenticationError),
        (403, 1100, AuthenticationError),
        (400, 2004, PermanentError),
        (429, 2001, RateLimitedError),
        (500, 2003, ChannelUnavailableError),
        (500, 25001, ChannelUnavailableError),
        (500, 25025, TemporaryError),
        (400, 25002, RejectedListingError),
        (400, 25003, RejectedListingError),
        (400, 25007, ConfigurationError),
        (400, 25012, ConfigurationError),
        (400, 25018, ConfigurationError),
        (400, 25026, RejectedListingError),
        (400, 25038, TemporaryError),
        (400, 25097, RejectedListingError),
        (404, 25713, UnknownListingError),
        (400, 25713, UnknownListingError),  # the contract says 400, the server 404: the id decides
        (400, 25702, UnknownListingError),
        (400, 25710, UnknownListingError),
        (400, 25728, PermanentError),
    ],
)
def test_ids_that_decide_behaviour(status: int, number: int, kind: type[AdapterError]) -> None:
    error = error_of(make_answer(status, number), writes=True)
    assert type(error) is kind
    assert error.code == str(number)
    assert error.known
    assert f"words of {number}" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ConfigurationError),
        (400, RejectedListingError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, UnknownListingError),
        (408, ChannelUnavailableError),
        (409, TemporaryError),
        (410, UnknownListingError),
        (418, RejectedListingError),
        (429, RateLimitedError),
        (500, ChannelUnavailableError),
        (503, ChannelUnavailableError),
        (599, ChannelUnavailableError),
    ],
)
def test_unknown_ids_fall_to_their_status_and_are_marked(status: int, kind: type[AdapterError]) -> None:
    for answer in (make_answer(status, 99999), Answer(status, {}, b"<html>busy</html>"), Answer(status, {}, b"")):
        error = error_of(answer, writes=True)
        assert type(error) is kind
        assert not error.known
        assert error.status == status


@pytest.mark.parametrize(
    ("status", "number", "writes", "unknown"),
    [
        (500, 25001, True, True),
        (500, 25001, False, False),
        (500, 25025, True, False),  # "concurrent access": not begun
        (400, 25002, True, False),
        (429, 2001, True, False),
        (401, 1001, True, False),
    ],
)
def test_a_failing_server_leaves_the_effect_of_a_write_unknown(
    status: int, number: int, writes: bool, unknown: bool
) -> None:
    assert error_of(make_answer(status, number), writes=writes).effect_unknown is unknown


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((25001, 25002), RejectedListingError),
        ((25002, 25012), ConfigurationError),
        ((99999, 25713), UnknownListingError),
        ((25014, 25713), UnknownListingError),
    ],
)
def test_of_several_errors_the_weightiest_decides_and_all_are_told(
    numbers: tuple[int, ...], kind: type[AdapterError]
) -> None:
    error = error_of(make_answer(400, *numbers), writes=True)
    assert type(error) is kind
    for number in numbers:
        assert f"words of {number}" in str(error)


def test_the_channels_wait_is_kept() -> None:
    error = error_of(make_answer(429, 2001, retry_after=30.0), writes=True)
    assert isinstance(error, RateLimitedError)
    assert error.delay == 30.0
    without = error_of(make_answer(429, 2001), writes=True)
    assert isinstance(without, RateLimitedError)
    assert without.delay is None


def test_parameters_that_the_words_leave_out_are_told() -> None:
    parameters = [{"name": "field", "value": "product.ean"}, {"name": "again", "value": "words"}]
    error = error_of(make_answer(400, 25029, parameters=parameters), writes=True)
    assert str(error) == "eBay: 25029 words of 25029 (product.ean)"


def test_an_entry_that_was_taken_is_no_error() -> None:
    answer = Answer(207, {}, b"{}")
    for status in (200, 201, 204):
        assert entry_error({"statusCode": status, "errors": []}, answer, writes=True) is None
        assert entry_error({"statusCode": status}, answer, writes=True) is None


def test_an_entry_without_status_is_of_unknown_effect() -> None:
    error = entry_error({"sku": "A"}, Answer(200, {}, b"{}"), writes=True)
    assert isinstance(error, ChannelUnavailableError)
    assert error.effect_unknown


@pytest.mark.parametrize("body", [[], "text", None, {"errors": "text"}, {"errors": [1]}, {"errors": [{}]}])
def test_odd_bodies_are_survived(body: object) -> None:
    error = error_of(Answer(400, {}, orjson.dumps(body)), writes=True)
    assert isinstance(error, RejectedListingError)
    assert not error.known


def test_the_offer_in_the_way_is_found_by_id_not_by_words() -> None:
    parameters = [{"name": "offerId", "value": "77"}]
    assert existing_offer({"errors": [{"errorId": 25002, "parameters": parameters}]}) == "77"
    assert existing_offer({"errors": [{"errorId": 25003, "parameters": parameters}]}) is None
    assert existing_offer({"errors": [{"errorId": 25002, "message": "Offer entity already exists"}]}) is None


def test_remarks_are_one_line_each() -> None:
    body = {"warnings": [{"errorId": 25028, "message": "subtitle\nwas dropped"}, {"errorId": 25402, "message": "x"}]}
    assert warnings_of(body, Answer(200, {}, b""), without=(25402,)) == ("25028 subtitle was dropped",)
    assert warnings_of(None, Answer(204, {}, b"")) == ()
