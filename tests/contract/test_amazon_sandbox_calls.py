"""The stand-in of Amazon: who may call, what a call must look like, product types, rates, and Login with Amazon."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from jsonschema import Draft201909Validator

from adapters.sandbox.amazon import AT_ONCE, ITALY, Rules, Seller
from adapters.sandbox.amazon.limits import OPERATIONS
from tests.contract.amazon_calls import (
    AGENT,
    TYPES,
    Caller,
    calling,
    error,
    helmet,
    mint,
    patch,
    plain,
    stock,
)

FRANCE = "A13V1IB3VIYZZH"


@pytest.fixture
async def amazon() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_a_refresh_token_gives_access_tokens_again_and_again(amazon: Caller) -> None:
    first, second = (await mint(amazon)).json(), (await mint(amazon)).json()
    assert first["access_token"] != second["access_token"]
    assert (first["token_type"], first["expires_in"]) == ("bearer", 3600)
    assert first["refresh_token"] == amazon.seller.refresh_token
    for token in (first, second):
        amazon.token = token["access_token"]
        assert (await amazon.put())["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"client_secret": "another"}, (401, "invalid_client")),
        ({"client_id": "another"}, (401, "invalid_client")),
        ({"refresh_token": "Atzr|unknown"}, (400, "invalid_grant")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "client_credentials", "scope": "everything"}, (400, "invalid_scope")),
    ],
)
async def test_login_refuses_in_its_own_words(amazon: Caller, changed: dict[str, str], answer: tuple[int, str]) -> None:
    reply = await mint(amazon, **changed)
    assert (reply.status_code, reply.json()["error"]) == answer
    assert reply.json()["error_description"]


async def test_login_takes_a_form_only(amazon: Caller) -> None:
    reply = await amazon.http.post("/auth/o2/token", json={"grant_type": "refresh_token"})
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_the_refresh_token_of_another_application_is_no_grant() -> None:
    other = Seller("other", 1, "client-1", "secret-1", "Atzr|one", access_token="")
    async with calling(sellers=[Seller(), other]) as amazon:
        assert (await mint(amazon, refresh_token="Atzr|one")).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("token", "details"),
    [
        ("", "Access token is missing in the request header."),
        ("Atza|unknown", "The access token you provided is revoked, malformed or invalid."),
    ],
)
async def test_a_call_without_a_good_token_is_denied(amazon: Caller, token: str, details: str) -> None:
    amazon.token = token
    reply = await amazon.send("GET", amazon.path("A1"))
    assert (error(reply), reply.json()["errors"][0]["details"]) == ((403, "Unauthorized"), details)


async def test_an_access_token_ends() -> None:
    async with calling(replace(AT_ONCE, token_lifetime=60)) as amazon:
        await amazon.put()
        await amazon.later(60)
        reply = await amazon.send("GET", amazon.path("A1"))
        assert reply.json()["errors"][0]["details"] == "The access token you provided has expired."
        amazon.token = (await mint(amazon)).json()["access_token"]
        await amazon.item()


async def test_a_grantless_token_is_no_sellers(amazon: Caller) -> None:
    reply = await mint(amazon, grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    amazon.token = reply.json()["access_token"]
    assert error(await amazon.send("GET", amazon.path("A1"))) == (403, "Unauthorized")
    assert (await amazon.send("GET", "/notifications/v1/destinations")).json() == {"payload": []}


@pytest.mark.parametrize("agent", ["", "x" * 501])
async def test_who_calls_must_say_so(amazon: Caller, agent: str) -> None:
    request = amazon.http.build_request("GET", amazon.path("A1"), headers={"x-amz-access-token": amazon.token})
    request.headers["user-agent"] = agent
    assert error(await amazon.http.send(request)) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("places", "answer"),
    [
        ("", (400, "InvalidInput")),
        ("A11IL2PNWYJU7H", (400, "InvalidInput")),  # Amazon.it's own seller id, often taken for Italy's
        ("A1F83G8C2ARO7P", (403, "Unauthorized")),  # where the seller takes no part
        ("ATVPDKIKX0DER", (403, "Unauthorized")),  # another region
        (ITALY, (404, "NOT_FOUND")),
    ],
)
async def test_a_marketplace_must_be_one_of_the_sellers(amazon: Caller, places: str, answer: tuple[int, str]) -> None:
    assert error(await amazon.send("GET", amazon.path("A1", places=places))) == answer


async def test_a_seller_reaches_its_own_listings_only(amazon: Caller) -> None:
    foreign = amazon.path("A1").replace(amazon.seller.merchant_id, "A2SANDBOX00009")
    assert error(await amazon.send("GET", foreign)) == (403, "Unauthorized")
    assert error(await amazon.send("DELETE", foreign)) == (403, "Unauthorized")
    assert error(await amazon.send("GET", "/listings/2020-09-01/items/x/y")) == (403, "Unauthorized")


async def test_bodies_must_be_json_objects_of_the_right_type(amazon: Caller) -> None:
    headers = {"x-amz-access-token": amazon.token, "user-agent": AGENT}
    as_text = await amazon.http.put(amazon.path("A1"), content=b"{}", headers={**headers, "content-type": "text/plain"})
    assert error(as_text) == (415, "UnsupportedMediaType")
    for body in (b"{", b"[]", b'{"attributes": {}}', b'{"productType": "NOTHING", "attributes": {}}'):
        sent = {**headers, "content-type": "application/json"}
        assert error(await amazon.http.put(amazon.path("A1"), content=body, headers=sent)) == (400, "InvalidInput")
    assert error(await amazon.send("PUT", amazon.path("x" * 41), {})) == (400, "InvalidInput")


async def test_a_definition_comes_with_a_checksum_and_a_schema_that_ends(amazon: Caller) -> None:
    reply = await amazon.send("GET", f"{TYPES}/HELMET?marketplaceIds={ITALY}&locale=it_IT")
    definition = reply.json()
    assert (definition["displayName"], definition["productTypeVersion"]["latest"]) == ("Casco", True)
    for part in ("schema", "metaSchema"):
        document = (await amazon.http.get(definition[part]["link"]["resource"])).content
        assert base64.b64encode(hashlib.md5(document).digest()).decode() == definition[part]["checksum"]  # noqa: S324
    named = {name for group in definition["propertyGroups"].values() for name in group["propertyNames"]}
    schema = (await amazon.http.get(definition["schema"]["link"]["resource"])).json()
    assert named == set(schema["properties"])
    await amazon.later(7 * 86_400)
    late = await amazon.http.get(definition["schema"]["link"]["resource"])
    assert (late.status_code, "expired" in late.text) == (403, True)


@pytest.mark.parametrize(
    ("query", "has", "has_not", "required"),
    [
        ("requirements=LISTING", "brand", "nothing", "brand"),
        ("requirements=LISTING_OFFER_ONLY", "purchasable_offer", "brand", "purchasable_offer"),
        ("requirements=LISTING_PRODUCT_ONLY", "brand", "purchasable_offer", "brand"),
        ("parentageLevel=PARENT", "variation_theme", "fulfillment_availability", "parentage_level"),
        ("parentageLevel=CHILD", "fulfillment_availability", "nothing", "child_parent_sku_relationship"),
        ("parentageLevel=NONE", "brand", "parentage_level", "fulfillment_availability"),
        ("requirementsEnforced=NOT_ENFORCED", "brand", "nothing", None),
    ],
)
async def test_a_definition_is_made_for_what_is_asked(
    amazon: Caller, query: str, has: str, has_not: str, required: str | None
) -> None:
    reply = await amazon.send("GET", f"{TYPES}/HELMET?marketplaceIds={ITALY}&{query}")
    schema = (await amazon.http.get(reply.json()["schema"]["link"]["resource"])).json()
    Draft201909Validator.check_schema({**schema, "$schema": Draft201909Validator.META_SCHEMA["$id"]})
    assert has in schema["properties"]
    assert has_not not in schema["properties"]
    assert required is None or required in schema["required"]
    assert required is not None or "required" not in schema


async def test_product_types_are_found_by_keyword_and_by_name(amazon: Caller) -> None:
    async def found(query: str) -> list[str]:
        reply = await amazon.send("GET", f"{TYPES}?marketplaceIds={ITALY}{query}")
        return [one["name"] for one in reply.json()["productTypes"]]

    assert await found("&keywords=helmet") == ["HELMET"]
    assert await found("&itemName=Casco%20integrale%20nero") == ["HELMET"]
    assert {"HELMET", "BACKPACK", "PRODUCT"} <= set(await found(""))
    assert await found("&keywords=submarine") == []
    both = await amazon.send("GET", f"{TYPES}?marketplaceIds={ITALY}&keywords=a&itemName=b")
    assert error(both) == (400, "InvalidInput")
    for wrong in (f"SUBMARINE?marketplaceIds={ITALY}", f"HELMET?marketplaceIds={ITALY}&sellerId=other"):
        assert (await amazon.send("GET", f"{TYPES}/{wrong}")).status_code in (403, 404)
    two = await amazon.send("GET", f"{TYPES}/HELMET?marketplaceIds={ITALY},{FRANCE}")
    assert error(two) == (400, "InvalidInput")


async def test_the_seller_takes_part_where_it_says(amazon: Caller) -> None:
    reply = await amazon.send("GET", "/sellers/v1/marketplaceParticipations")
    rows = {row["marketplace"]["id"]: row["participation"]["isParticipating"] for row in reply.json()["payload"]}
    assert rows == dict.fromkeys(amazon.seller.marketplaces, True)


async def test_a_burst_goes_through_then_the_rate_and_no_word_of_when_to_come_again() -> None:
    now = [1_000_000.0]
    async with calling(AT_ONCE, source=lambda: now[0]) as amazon:
        sent = [await amazon.send("PATCH", amazon.path("A1"), _stock_body()) for _ in range(7)]
        assert [reply.status_code for reply in sent] == [200] * 5 + [429] * 2
        assert sent[0].headers["x-amzn-ratelimit-limit"] == "5"
        assert (error(sent[-1]), sent[-1].json()["errors"][0]["message"]) == (
            (429, "QuotaExceeded"),
            "You exceeded your quota for the requested resource.",
        )
        assert not {"retry-after", "x-amzn-ratelimit-limit"} & set(sent[-1].headers)
        assert "x-amzn-requestid" in sent[-1].headers
        now[0] += 0.2
        again = [await amazon.send("PATCH", amazon.path("A1"), _stock_body()) for _ in range(2)]
        assert [reply.status_code for reply in again] == [200, 429]
        assert (await amazon.send("GET", amazon.path("A1"))).status_code == 404  # a bucket of its own
        assert {call["status"] for call in await amazon.calls("A1")} == {200, 429}


async def test_an_application_has_limits_over_all_its_sellers() -> None:
    sellers = [replace(Seller(), name=f"s{n}", number=n, access_token=f"Atza|{n}") for n in range(2)]
    now = [1_000_000.0]
    async with calling(AT_ONCE, sellers=sellers, source=lambda: now[0]) as amazon:
        family = {"productType": "HELMET", "patches": [patch("replace", "parentage_level", plain("child"))]}

        async def send(seller: Seller) -> httpx.Response:
            amazon.seller, amazon.token = seller, seller.access_token
            return await amazon.send("PATCH", amazon.path("A1"), family)

        first = [(await send(sellers[0])).status_code for _ in range(4)]
        second = [await send(sellers[1]) for _ in range(2)]
        assert first == [200] * 4
        assert [reply.status_code for reply in second] == [200, 429]
        assert second[-1].json()["errors"][0]["message"].endswith("what is allowed for relationships.")


async def test_without_limits_nothing_is_told_of_a_rate(amazon: Caller) -> None:
    replies = [await amazon.send("PATCH", amazon.path("A1"), _stock_body()) for _ in range(30)]
    assert {reply.status_code for reply in replies} == {200}
    assert "x-amzn-ratelimit-limit" not in replies[0].headers


def test_every_rate_is_the_vendors() -> None:
    assert (OPERATIONS["patch"].rate, OPERATIONS["create_feed"].rate, OPERATIONS["create_feed"].burst) == (
        5,
        0.0083,
        15,
    )
    assert OPERATIONS["create_listings_feed"].rate * 300 == pytest.approx(5)


async def test_internal_barcodes_are_refused_where_the_rules_say_so() -> None:
    code = [{"type": "ean", "value": "2000000000015", "marketplace_id": ITALY}]
    for refuse, status in ((False, "ACCEPTED"), (True, "INVALID")):
        async with calling(Rules(refuse_internal_gtins=refuse)) as amazon:
            answer = await amazon.put("A1", helmet(externally_assigned_product_identifier=code))
            assert answer["status"] == status


def _stock_body() -> dict[str, object]:
    return {"productType": "PRODUCT", "patches": [patch("merge", "fulfillment_availability", stock(1))]}
