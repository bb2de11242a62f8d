"""The stand-in of eBay: who may call, with which headers and bodies, in which numbers, and what reads return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from adapters.sandbox.ebay import Rules, Seller
from tests.contract.ebay_calls import (
    ACCOUNT,
    INVENTORY,
    Caller,
    Json,
    calling,
    error_ids,
    make_item,
    make_offer,
    make_revision,
    mint,
)

_SELL = "https://api.ebay.com/oauth/api_scope/sell."
_POLICY_KINDS = ("fulfillment", "payment", "return")


@pytest.fixture
async def ebay() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_a_refresh_token_gives_an_access_token_and_never_a_new_refresh_token(ebay: Caller) -> None:
    reply = await mint(ebay)
    assert (reply.status_code, set(reply.json())) == (200, {"access_token", "expires_in", "token_type"})
    assert reply.json()["expires_in"] == 7200
    ebay.token = reply.json()["access_token"]
    assert (await ebay.put_item("A1", make_item())).status_code == 204


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"auth": ("sandbox-client", "wrong")}, 401, "invalid_client"),
        ({"auth": None}, 401, "invalid_client"),
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": f"{_SELL}finances"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials"}, 400, "invalid_scope"),
    ],
)
async def test_the_token_endpoint_refuses_in_its_own_words(
    ebay: Caller, changed: Mapping[str, Any], status: int, error: str
) -> None:
    reply = await mint(ebay, **changed)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


async def test_an_application_token_may_not_sell(ebay: Caller) -> None:
    reply = await mint(ebay, grant_type="client_credentials", scope="https://api.ebay.com/oauth/api_scope")
    assert reply.json()["token_type"] == "Application Access Token"
    ebay.token = reply.json()["access_token"]
    assert error_ids(await ebay.put_item("A1", make_item())) == [1100]


async def test_a_token_for_reading_may_not_write(ebay: Caller) -> None:
    ebay.token = (await mint(ebay, scope=f"{_SELL}inventory.readonly")).json()["access_token"]
    assert (await ebay.send("GET", f"{INVENTORY}/inventory_item")).status_code == 200
    assert error_ids(await ebay.put_item("A1", make_item())) == [1100]
    assert error_ids(await ebay.send("GET", f"{ACCOUNT}/privilege")) == [1100]


async def test_an_unknown_token_is_401_and_an_expired_one_403(ebay: Caller) -> None:
    await ebay.http.put("/_sandbox/clock", json={"advance": 7200})
    expired = await ebay.put_item("A1", make_item())
    unknown = await ebay.put_item("A1", make_item(), Authorization="Bearer nobody")
    missing = await ebay.put_item("A1", make_item(), Authorization="")
    assert (expired.status_code, error_ids(expired)) == (403, [1100])
    for reply in (unknown, missing):
        assert (reply.status_code, error_ids(reply)) == (401, [1001])


async def test_tokens_are_minted_a_limited_number_of_times_a_day() -> None:
    async with calling(Rules(user_tokens_per_day=2)) as ebay:
        replies = [await mint(ebay) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert error_ids(replies[2]) == [2001]


async def test_every_token_sees_its_own_sellers_data_only() -> None:
    other = Seller("other", 1, "other-client", "other-secret", "other-refresh", access_token="other-access")
    async with calling(sellers=(Seller(), other)) as ebay:
        offer_id = await ebay.live("A1")
        ebay.token = other.access_token
        assert error_ids(await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")) == [25710]
        assert error_ids(await ebay.withdraw(offer_id)) == [25713]
        refused = await mint(ebay, auth=("other-client", "other-secret"))
        assert refused.json()["error"] == "invalid_grant"
        rows = (await ebay.http.get("/_sandbox/listings")).json()["listings"]
        assert [(row["seller"], row["sku"]) for row in rows] == [("seller", "A1")]


# --- headers and bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["", "it_IT", "italiano", "*"])
async def test_writes_of_text_need_a_content_language(ebay: Caller, language: str) -> None:
    requests = {"requests": [{"sku": "A1", "locale": "it_IT", **make_item()}]}
    for method, path, body in (
        ("PUT", "inventory_item/A1", make_item()),
        ("POST", "bulk_create_or_replace_inventory_item", requests),
        ("POST", "offer", make_offer()),
        ("POST", "bulk_create_offer", {"requests": [make_offer()]}),
        ("PUT", "offer/1", {}),
    ):
        reply = await ebay.send(method, f"{INVENTORY}/{path}", body, Content_Language=language)
        assert (path, reply.status_code, error_ids(reply)) == (path, 400, [25709])


async def test_an_accept_language_must_be_one_that_exists(ebay: Caller) -> None:
    assert error_ids(await ebay.send("GET", f"{INVENTORY}/inventory_item", Accept_Language="*")) == [25709]
    assert (await ebay.send("GET", f"{INVENTORY}/inventory_item", Accept_Language="en-GB")).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"product": {"aspects": '{"Marca":["AGV"]}'}}, "product.aspects"),
        ({"product": {"aspects": {"Marca": "AGV"}}}, "product.aspects"),
        ({"product": {"ean": "4006381333931"}}, "product.ean"),
        ({"condition": "BRAND_NEW"}, "condition"),
        (
            {"availability": {"shipToLocationAvailability": {"quantity": "5"}}},
            "availability.shipToLocationAvailability.quantity",
        ),
        (["not", "an", "object"], "request"),
    ],
)
async def test_a_wrong_json_type_is_400_2004_and_names_the_field(ebay: Caller, body: Any, field: str) -> None:
    reply = await ebay.put_item("A1", body)
    assert (reply.status_code, error_ids(reply)) == (400, [2004])
    parameters = [{"name": "reason", "value": f"Could not serialize field [{field}]"}]
    assert reply.json()["errors"][0]["parameters"] == parameters


async def test_a_price_as_a_number_is_a_wrong_type(ebay: Caller) -> None:
    offer = make_offer(pricingSummary={"price": {"value": 149.9, "currency": "EUR"}})
    assert error_ids(await ebay.send("POST", f"{INVENTORY}/offer", offer)) == [2004]


async def test_unknown_fields_are_ignored_but_not_unknown_paths(ebay: Caller) -> None:
    assert (await ebay.put_item("A1", {**make_item(), "colour": 1})).status_code == 204
    reply = await ebay.send("GET", f"{INVENTORY}/nothing")
    assert (reply.status_code, error_ids(reply)) == (404, [2002])


async def test_a_body_that_is_no_json_and_one_that_is_called_a_form(ebay: Caller) -> None:
    headers = {"Authorization": f"Bearer {ebay.token}", "Content-Language": "it-IT"}
    path = f"{INVENTORY}/inventory_item/A1"
    broken = await ebay.http.put(path, content=b"{", headers={**headers, "Content-Type": "application/json"})
    form = await ebay.http.put(path, data={"a": "b"}, headers=headers)
    assert (broken.status_code, error_ids(broken)) == (400, [2004])
    assert (form.status_code, error_ids(form)) == (500, [25001])


# --- bulk calls -------------------------------------------------------------------------------------------------------


def _bulk_items(*skus: str) -> list[Json]:
    return [{"sku": sku, "locale": "it_IT", **make_item()} for sku in skus]


async def test_bulk_calls_answer_entry_by_entry_200_or_207(ebay: Caller) -> None:
    created = await ebay.bulk("bulk_create_or_replace_inventory_item", _bulk_items("A1", "A2"))
    assert created.status_code == 200
    assert [(entry["sku"], entry["statusCode"]) for entry in created.json()["responses"]] == [("A1", 201), ("A2", 201)]
    offers = await ebay.bulk("bulk_create_offer", [make_offer("A1"), make_offer("A9"), make_offer("A2", price="0")])
    entries = offers.json()["responses"]
    assert offers.status_code == 207
    assert [(entry["statusCode"], entry.get("offerId") is not None) for entry in entries] == [
        (200, True),
        (400, False),
        (200, True),
    ]
    ids = [entries[0]["offerId"], entries[2]["offerId"], "999"]
    published = await ebay.bulk("bulk_publish_offer", [{"offerId": offer_id} for offer_id in ids])
    assert published.status_code == 207
    assert [entry["statusCode"] for entry in published.json()["responses"]] == [200, 400, 404]
    assert (await ebay.shown("A1"))["listing_id"] == published.json()["responses"][0]["listingId"]


async def test_one_bad_entry_leaves_the_others_done(ebay: Caller) -> None:
    entries = _bulk_items("A1", "x" * 51, "A2")
    reply = await ebay.bulk("bulk_create_or_replace_inventory_item", entries)
    assert [entry["statusCode"] for entry in reply.json()["responses"]] == [201, 400, 201]
    found = await ebay.bulk("bulk_get_inventory_item", [{"sku": "A2"}, {"sku": "A7"}])
    assert found.status_code == 207
    assert found.json()["responses"][0]["inventoryItem"]["sku"] == "A2"
    assert found.json()["responses"][1]["statusCode"] == 404


async def test_text_in_another_locale_than_the_header_is_dropped_without_a_word(ebay: Caller) -> None:
    entry = {"sku": "A1", "locale": "de_DE", **make_item()}
    assert (await ebay.bulk("bulk_create_or_replace_inventory_item", [entry])).status_code == 200
    item = (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).json()
    assert "title" not in item["product"]


@pytest.mark.parametrize(
    ("call", "requests", "error_id"),
    [
        ("bulk_create_or_replace_inventory_item", _bulk_items(*map(str, range(26))), 25727),
        ("bulk_create_or_replace_inventory_item", _bulk_items("A1", "A1"), 25728),
        ("bulk_create_or_replace_inventory_item", [{"sku": "A1", **make_item()}], 25733),
        ("bulk_get_inventory_item", [{"sku": str(number)} for number in range(26)], 25727),
        ("bulk_get_inventory_item", [{"sku": "A1"}, {"sku": "A1"}], 25734),
        ("bulk_create_offer", [make_offer(str(number)) for number in range(26)], 25730),
        ("bulk_create_offer", [make_offer(), make_offer()], 25729),
        ("bulk_create_offer", [make_offer(format=None)], 25735),
        ("bulk_create_offer", [make_offer(), make_offer("A2", marketplaceId="EBAY_DE")], 25735),
        ("bulk_publish_offer", [{"offerId": str(number)} for number in range(26)], 25730),
        ("bulk_publish_offer", [{"offerId": "1"}, {"offerId": "1"}], 25731),
        ("bulk_update_price_quantity", [make_revision(str(n), str(n), price="1.00") for n in range(26)], 25709),
        ("bulk_update_price_quantity", [make_revision("A1", "1", price="1.00")] * 2, 25002),
        ("bulk_update_price_quantity", [], 25709),
    ],
)
async def test_a_bulk_call_is_refused_whole_for_what_concerns_it_whole(
    ebay: Caller, call: str, requests: list[Json], error_id: int
) -> None:
    reply = await ebay.bulk(call, requests)
    assert (reply.status_code, error_ids(reply)) == (400, [error_id])


# --- reads ------------------------------------------------------------------------------------------------------------


async def test_items_are_paged_by_page_number(ebay: Caller) -> None:
    await ebay.bulk("bulk_create_or_replace_inventory_item", _bulk_items("A", "B", "C", "D", "E"))
    page = (await ebay.send("GET", f"{INVENTORY}/inventory_item?limit=2&offset=1")).json()
    assert [item["sku"] for item in page["inventoryItems"]] == ["C", "D"]
    assert (page["size"], page["total"]) == (3, 5)
    last = (await ebay.send("GET", page["next"])).json()
    assert [item["sku"] for item in last["inventoryItems"]] == ["E"]
    assert "next" not in last
    for bad in ("limit=0", "limit=201", "offset=-1", "limit=many"):
        assert error_ids(await ebay.send("GET", f"{INVENTORY}/inventory_item?{bad}")) == [25706]


async def test_offers_are_read_by_sku_only(ebay: Caller) -> None:
    offer_id = await ebay.live()
    found = (await ebay.send("GET", f"{INVENTORY}/offer?sku=A1")).json()
    assert [offer["offerId"] for offer in found["offers"]] == [offer_id]
    assert error_ids(await ebay.send("GET", f"{INVENTORY}/offer")) == [25707]
    nothing = await ebay.send("GET", f"{INVENTORY}/offer?sku=A1&marketplace_id=EBAY_DE")
    assert (nothing.status_code, error_ids(nothing)) == (404, [25713])


@pytest.mark.parametrize("kind", _POLICY_KINDS)
async def test_policies_exist_for_every_marketplace(ebay: Caller, kind: str) -> None:
    path = f"{ACCOUNT}/{kind}_policy"
    found = (await ebay.send("GET", f"{path}?marketplace_id=EBAY_IT")).json()
    (document,) = next(value for name, value in found.items() if name.endswith("Policies"))
    (own_id,) = (value for name, value in document.items() if name.endswith("PolicyId"))
    assert (await ebay.send("GET", f"{path}/{own_id}")).json() == document
    named = await ebay.send("GET", f"{path}/get_by_policy_name?marketplace_id=EBAY_IT&name={document['name']}")
    assert named.json() == document
    assert (await ebay.send("GET", f"{path}/123")).status_code == 404
    assert error_ids(await ebay.send("GET", path)) == [20401]
    assert error_ids(await ebay.send("GET", f"{path}?marketplace_id=EBAY_XX")) == [20403]


async def test_a_seller_without_business_policies_is_told_so() -> None:
    async with calling(Rules(business_policies=False, listings_limit=10)) as ebay:
        reply = await ebay.send("GET", f"{ACCOUNT}/payment_policy?marketplace_id=EBAY_IT")
        assert (reply.status_code, error_ids(reply)) == (400, [20403])
        assert (await ebay.send("GET", f"{ACCOUNT}/program/get_opted_in_programs")).status_code == 200
        privileges = (await ebay.send("GET", f"{ACCOUNT}/privilege")).json()
        assert privileges == {"sellerRegistrationCompleted": True, "sellingLimit": {"quantity": 10}}


async def test_a_location_is_made_once_and_then_exists(ebay: Caller) -> None:
    address = {"city": "Torino", "stateOrProvince": "TO", "country": "IT"}
    body = {"location": {"address": address}, "phone": "+3901100000", "name": "Torino"}
    path = f"{INVENTORY}/location/torino-1"
    assert error_ids(await ebay.send("GET", path)) == [25805]
    assert (await ebay.send("POST", path, body)).status_code == 204
    again = await ebay.send("POST", path, body)
    assert (again.status_code, error_ids(again)) == (409, [25803])
    assert (await ebay.send("GET", path)).json()["location"]["address"] == address
    assert (await ebay.send("GET", f"{INVENTORY}/location")).json()["total"] == 2
    assert error_ids(await ebay.send("POST", f"{INVENTORY}/location/nowhere", {"phone": "1"})) == [25801]
    assert error_ids(await ebay.send("POST", f"{INVENTORY}/location/{'x' * 37}", body)) == [25802]
