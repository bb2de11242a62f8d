"""Amazon's adapter against answers written by hand: what the stand-in cannot say, and what Amazon may say one day."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from adapters.amazon.adapter import PARALLEL_CALLS
from adapters.errors import (
    AuthenticationError,
    ChannelUnavailableError,
    ConfigurationError,
    RateLimitedError,
    RejectedListingError,
)
from adapters.model import Command, Money, Operation, Outcome
from tests.unit.adapters.amazon_wire import (
    ITEMS,
    TYPES,
    Amazon,
    failed,
    invalid,
    issue,
    item,
    make_amazon_adapter,
    make_amazon_listing,
    make_group,
    taken,
)

FBA = [{"fulfillmentChannelCode": "AMAZON_EU", "quantity": 40}]
KNOWN = {"fulfillment": "DEFAULT"}


async def apply(amazon: Amazon, operation: Operation, sku: str = "A-1", **given: Any) -> Outcome:
    listing = None if operation in (Operation.WITHDRAW, Operation.REVISE_STOCK) else make_amazon_listing(sku)
    quantity = 0 if operation is Operation.REVISE_STOCK else None
    command = replace(Command(operation, sku, listing, given.pop("references", {}), quantity), **given)
    (outcome,) = await make_amazon_adapter(amazon).apply([command])
    return outcome


async def test_every_call_says_who_calls_and_for_whom() -> None:
    amazon = Amazon()
    await apply(amazon, Operation.CREATE)
    for request in amazon.requests:
        assert request.headers["x-amz-access-token"] == "Atza|token-1"
        assert "authorization" not in request.headers
        assert request.headers["user-agent"].startswith("marketsync/")
        assert "Language=Python/" in request.headers["user-agent"]
        assert request.url.params["marketplaceIds"] == "APJ6JRA9NG5V4"
        assert request.url.params["issueLocale"] == "it_IT"


async def test_the_application_proves_itself_in_the_form() -> None:
    amazon, forms = Amazon(), []

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            forms.append((parse_qs(request.content.decode()), "authorization" in request.headers))
        return await amazon(request)

    adapter = make_amazon_adapter(amazon)
    adapter._client._http._transport._handler = handler  # type: ignore[attr-defined]  # the wire of these tests
    await adapter.apply([Command(Operation.WITHDRAW, "A-1", None, KNOWN)])
    ((form, basic),) = forms
    assert form["grant_type"] == ["refresh_token"]
    assert form["client_secret"] == ["amzn1.oa2-cs.v1.the-secret"]
    assert not basic


@pytest.mark.parametrize(
    ("sku", "path"),
    [("A/B 1", "A%2FB%201"), ("rosso, blu", "rosso%2C%20blu"), ("..", "%2E%2E"), ("caffè", "caff%C3%A8")],
)
async def test_a_sku_is_one_segment_of_the_path(sku: str, path: str) -> None:
    amazon = Amazon()
    await apply(amazon, Operation.CREATE, sku)
    assert amazon.calls("PUT") == [f"PUT {path}"]


async def test_a_new_listing_is_put_whole_after_one_look_for_twenty() -> None:
    amazon = Amazon()
    listings = [make_amazon_listing(f"A-{number}") for number in range(20)]
    outcomes = await make_amazon_adapter(amazon).apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [(outcome.error, outcome.references) for outcome in outcomes] == [(None, KNOWN)] * 20
    assert len(amazon.calls("GET")) == 1
    body = amazon.bodies("PUT")[0]
    assert body["requirements"] == "LISTING"
    assert body["attributes"]["fulfillment_availability"] == [
        {"fulfillment_channel_code": "DEFAULT", "quantity": 7},
    ]
    assert amazon.most_at_once <= PARALLEL_CALLS


async def test_a_sku_with_a_comma_is_asked_for_by_itself() -> None:
    amazon = Amazon()
    await apply(amazon, Operation.CREATE, "rosso, blu")
    assert amazon.calls("GET") == ["GET rosso%2C%20blu"]


async def test_stock_that_amazon_keeps_is_never_written() -> None:
    amazon = Amazon(**{"A-1": item(fulfillmentAvailability=FBA)})
    created = await apply(amazon, Operation.CREATE)
    assert created.references == {"fulfillment": "AMAZON_EU"}
    (body,) = amazon.bodies("PUT")
    assert body["attributes"]["fulfillment_availability"] == [{"fulfillment_channel_code": "AMAZON_EU"}]
    assert (await apply(amazon, Operation.REVISE_STOCK, references=created.references)).error is None
    await apply(amazon, Operation.REVISE_OFFER, references=created.references)
    (patch,) = amazon.bodies("PATCH")
    assert [one["path"] for one in patch["patches"]] == ["/attributes/purchasable_offer"]


@pytest.mark.parametrize("operation", [Operation.REVISE_OFFER, Operation.REVISE_STOCK])
async def test_a_listing_that_went_to_amazons_warehouse_meanwhile_is_noticed(operation: Operation) -> None:
    amazon = Amazon(**{"A-1": item(fulfillmentAvailability=FBA)})
    outcome = await apply(amazon, operation, references=KNOWN)
    assert outcome.references == {"fulfillment": "AMAZON_EU"}
    assert "quantity" not in str(amazon.bodies("PATCH"))


async def test_a_seller_without_stock_at_amazon_is_not_asked() -> None:
    amazon = Amazon()
    listing = make_amazon_listing()
    adapter = make_amazon_adapter(amazon, fulfillment="merchant")
    await adapter.apply([Command(Operation.CREATE, "A-1", listing)])
    assert amazon.calls("GET") == []


async def test_price_and_stock_are_patched_as_a_product_of_no_kind() -> None:
    amazon = Amazon(**{"A-1": item()})
    await apply(amazon, Operation.REVISE_OFFER, references=KNOWN)
    (body,) = amazon.bodies("PATCH")
    assert body["productType"] == "PRODUCT"
    assert {one["op"] for one in body["patches"]} == {"merge", "replace"}


async def test_a_patch_of_what_is_gone_becomes_a_put() -> None:
    amazon = Amazon()
    assert (await apply(amazon, Operation.REVISE_OFFER, references=KNOWN)).error is None
    assert amazon.calls("PUT", "PATCH") == ["PUT A-1"]


async def test_a_search_that_lags_behind_is_confirmed_before_anything_is_replaced() -> None:
    amazon = Amazon(**{"A-1": item()})
    amazon.said[f"GET {ITEMS}"] = httpx.Response(200, json={"numberOfResults": 0, "items": []})
    await apply(amazon, Operation.REVISE_OFFER, references=KNOWN)
    assert amazon.calls("PUT", "PATCH") == ["PATCH A-1"]


@pytest.mark.parametrize("operation", [Operation.REVISE_OFFER, Operation.REVISE_STOCK])
async def test_what_is_known_goes_out_although_amazon_cannot_be_asked(operation: Operation) -> None:
    amazon = Amazon(**{"A-1": item()})
    amazon.said[f"GET {ITEMS}"] = failed(503, "ServiceUnavailable")
    assert (await apply(amazon, operation, references=KNOWN)).error is None
    assert amazon.calls("PATCH") == ["PATCH A-1"]


async def test_what_is_not_known_waits_where_amazon_cannot_be_asked() -> None:
    amazon = Amazon()
    amazon.said[f"GET {ITEMS}"] = failed(503, "ServiceUnavailable")
    outcome = await apply(amazon, Operation.CREATE)
    assert isinstance(outcome.error, ChannelUnavailableError)
    assert not outcome.error.effect_unknown
    assert amazon.calls("PUT") == []


async def test_invalid_in_a_200_is_a_refusal_in_amazons_words() -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = invalid("A-1", issue("90220", "ERROR", "MISSING_ATTRIBUTE", attributeNames=["size"]))
    outcome = await apply(amazon, Operation.CREATE)
    assert isinstance(outcome.error, RejectedListingError)
    assert (outcome.error.code, outcome.error.known) == ("90220", True)
    assert outcome.error.message == "Amazon: 90220 words of 90220 (size)"


async def test_remarks_on_what_was_accepted_are_kept() -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = taken("A-1", issue("100528", "WARNING"))
    outcome = await apply(amazon, Operation.CREATE)
    assert (outcome.error, outcome.warnings) == (None, ("100528 words of 100528",))


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"status": "MAYBE"}', b"[]"])
async def test_an_answer_without_a_known_status_is_of_unknown_effect(body: bytes) -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = httpx.Response(200, content=body)
    outcome = await apply(amazon, Operation.CREATE)
    assert isinstance(outcome.error, ChannelUnavailableError)
    assert outcome.error.effect_unknown


async def test_after_a_429_nothing_more_is_asked() -> None:
    amazon = Amazon()
    for number in range(20):
        amazon.said[f"PATCH A-{number}"] = failed(429, "QuotaExceeded")
        amazon.there[f"A-{number}"] = item(f"A-{number}")
    commands = [Command(Operation.REVISE_STOCK, f"A-{number}", None, KNOWN, 0) for number in range(20)]
    outcomes = await make_amazon_adapter(amazon).apply(commands)
    assert all(isinstance(outcome.error, RateLimitedError) for outcome in outcomes)
    assert len(amazon.calls("PATCH")) <= PARALLEL_CALLS


async def test_a_refused_token_is_renewed_once_for_all() -> None:
    amazon = Amazon()
    listings = [make_amazon_listing(f"A-{number}") for number in range(5)]

    def judge(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["x-amz-access-token"] != "Atza|token-1"
        return taken("A") if fresh else failed(403, "Unauthorized")

    for one in listings:
        amazon.said[f"PUT {one.sku}"] = judge
    outcomes = await make_amazon_adapter(amazon).apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    assert [outcome.error for outcome in outcomes] == [None] * 5
    assert amazon.tokens == 2


async def test_a_denied_account_is_told_with_every_known_cause() -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = failed(403, "Unauthorized")
    outcome = await apply(amazon, Operation.CREATE)
    assert isinstance(outcome.error, AuthenticationError)
    for name in ("AMAZON_MERCHANT_ID", "AMAZON_MARKETPLACE_ID", "AMAZON_API_URL", "AMAZON_REFRESH_TOKEN", "role"):
        assert name in outcome.error.message


async def test_withdrawing_deletes_and_what_is_not_there_is_a_success() -> None:
    amazon = Amazon(**{"A-1": item()})
    assert (await apply(amazon, Operation.WITHDRAW, references=KNOWN)).error is None
    assert (await apply(amazon, Operation.WITHDRAW, "A-2", references=KNOWN)).error is None
    assert amazon.calls() == ["DELETE A-1", "DELETE A-2"]


async def test_a_group_is_put_parent_first_and_remembers_its_children() -> None:
    amazon, group = Amazon(), make_group("Rosso", "Blu")
    (outcome,) = await make_amazon_adapter(amazon).apply([Command(Operation.CREATE, "G-1", group)])
    assert outcome.error is None
    assert amazon.calls("PUT") == ["PUT G-1", "PUT G-1-Rosso", "PUT G-1-Blu"]
    assert orjson.loads(outcome.references["children"]) == {"G-1-Blu": "DEFAULT", "G-1-Rosso": "DEFAULT"}


async def test_without_a_parent_no_child_is_sent() -> None:
    amazon = Amazon()
    amazon.said["PUT G-1"] = invalid("G-1", issue("90220"))
    (outcome,) = await make_amazon_adapter(amazon).apply([Command(Operation.CREATE, "G-1", make_group("Rosso"))])
    assert isinstance(outcome.error, RejectedListingError)
    assert amazon.calls("PUT") == ["PUT G-1"]


async def test_one_child_that_fails_is_told_by_name_and_the_others_are_done() -> None:
    amazon, group = Amazon(), make_group("Rosso", "Blu", "Verde")
    amazon.said["PUT G-1-Blu"] = failed(500, "InternalFailure")
    (outcome,) = await make_amazon_adapter(amazon).apply([Command(Operation.REVISE_CONTENT, "G-1", group)])
    assert isinstance(outcome.error, ChannelUnavailableError)
    assert "G-1-Blu" in outcome.error.message
    assert outcome.error.effect_unknown
    assert amazon.calls("PUT")[-1] == "PUT G-1-Verde"
    amazon.said.clear()
    (healed,) = await make_amazon_adapter(amazon).apply(
        [Command(Operation.REVISE_CONTENT, "G-1", group, outcome.references)]
    )
    assert healed.error is None


async def test_a_change_of_one_child_writes_every_child_and_no_content() -> None:
    amazon, group = Amazon(), make_group("Rosso", "Blu")
    amazon.there = {sku: item(sku) for sku in ("G-1", "G-1-Rosso", "G-1-Blu")}
    cheaper = replace(group.variants[0], price=Money(Decimal(5), "EUR"))
    newer = replace(group, variants=(cheaper, group.variants[1]))
    (outcome,) = await make_amazon_adapter(amazon).apply([Command(Operation.REVISE_OFFER, "G-1", newer)])
    assert outcome.error is None
    assert sorted(amazon.calls("PUT", "PATCH", "DELETE")) == ["PATCH G-1-Blu", "PATCH G-1-Rosso"]


async def test_a_child_that_is_no_more_is_deleted_and_its_siblings_stay() -> None:
    amazon = Amazon(**{"G-1-Blu": item("G-1-Blu")})
    references = {"children": '{"G-1-Blu":"DEFAULT","G-1-Rosso":"DEFAULT"}'}
    command = Command(Operation.REVISE_CONTENT, "G-1", make_group("Rosso"), references)
    (outcome,) = await make_amazon_adapter(amazon).apply([command])
    assert amazon.calls("DELETE") == ["DELETE G-1-Blu"]
    assert orjson.loads(outcome.references["children"]) == {"G-1-Rosso": "DEFAULT"}


async def test_a_group_is_withdrawn_with_its_children_also_those_amazon_alone_knows() -> None:
    amazon = Amazon(**{sku: item(sku) for sku in ("G-1", "G-1-Blu")})

    def children(request: httpx.Request) -> httpx.Response:
        assert request.url.params["variationParentSku"] == "G-1"
        return httpx.Response(200, json={"numberOfResults": 1, "items": [item("G-1-Blu")]})

    amazon.said[f"GET {ITEMS}"] = children
    assert (await apply(amazon, Operation.WITHDRAW, "G-1")).error is None
    assert amazon.calls("DELETE") == ["DELETE G-1-Blu", "DELETE G-1"]


async def test_the_stock_of_a_group_is_set_version_by_version() -> None:
    amazon = Amazon()
    references = {"children": '{"G-1-Blu":"DEFAULT","G-1-Rosso":"AMAZON_EU"}'}
    outcome = await apply(
        amazon, Operation.REVISE_STOCK, "G-1", references=references, quantities={"G-1-Blu": 2, "G-1-Rosso": 1}
    )
    assert outcome.error is None
    assert amazon.calls("PATCH") == ["PATCH G-1-Blu"]
    assert amazon.bodies("PATCH")[0]["patches"][0]["value"][0]["quantity"] == 2


async def test_the_stock_of_a_group_as_a_whole_only_goes_down() -> None:
    amazon = Amazon()
    found = {"numberOfResults": 2, "items": [item("G-1-Blu"), item("G-1-Rosso")]}
    amazon.said[f"GET {ITEMS}"] = httpx.Response(200, json=found)
    await apply(amazon, Operation.REVISE_STOCK, "G-1", quantity=9)
    sent = [body["patches"][0]["value"][0]["quantity"] for body in amazon.bodies("PATCH")]
    assert sent == [7, 2]


async def test_a_preview_writes_nothing_and_tells_what_amazon_says() -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = invalid("A-1", issue("90220", "ERROR", "MISSING_ATTRIBUTE", attributeNames=["size"]))
    (problem,) = await make_amazon_adapter(amazon).rehearse(make_amazon_listing())
    assert (problem.field, problem.rule) == ("attributes", "90220")
    assert [request.url.params["mode"] for request in amazon.requests] == ["VALIDATION_PREVIEW"]


async def test_a_check_names_the_setting_that_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="AMAZON_MERCHANT_ID is not set"):
        await make_amazon_adapter(Amazon(), merchant_id="").test_connection()


async def test_a_check_of_a_seller_whom_amazon_does_not_know_names_both_settings() -> None:
    amazon = Amazon()
    amazon.said[f"GET {TYPES}"] = failed(400, "InvalidInput")
    with pytest.raises(ConfigurationError, match="AMAZON_MERCHANT_ID or AMAZON_MARKETPLACE_ID"):
        await make_amazon_adapter(amazon).test_connection()


async def test_what_amazon_says_of_its_rate_becomes_the_limit() -> None:
    amazon = Amazon()
    amazon.said["PUT A-1"] = httpx.Response(
        200, json={"sku": "A-1", "status": "ACCEPTED", "submissionId": "1"}, headers={"x-amzn-RateLimit-Limit": "12.0"}
    )
    adapter = make_amazon_adapter(amazon)
    await adapter.apply([Command(Operation.CREATE, "A-1", make_amazon_listing())])
    assert {limit.amount for limit in adapter.limits if limit.name == "putListingsItem"} == {12}


async def test_no_token_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    amazon = Amazon()
    amazon.said["PUT A-1"] = httpx.Response(403, json={"errors": [{"code": "Unauthorized", "message": "Atza|token-1"}]})
    outcome = await apply(amazon, Operation.CREATE)
    assert "Atza|" not in f"{outcome!r} {outcome.error} {caplog.text}"
