"""The stand-in of eBay: faults that a test or a demo switches on, the journal, and the control plane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.ebay_calls import (
    INVENTORY,
    Caller,
    calling,
    error_ids,
    make_item,
    make_offer,
    make_revision,
    mint,
    without_keys,
)
from tests.waiting import eventually


@pytest.fixture
async def ebay() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def test_a_status_is_answered_for_a_route_and_a_number_of_calls(ebay: Caller) -> None:
    await ebay.fault(kind="status", route="replace_item", status=503, error_id=2003, count=2)
    replies = [await ebay.put_item("A1", make_item()) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [503, 503, 204]
    assert error_ids(replies[0]) == [2003]
    assert (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).status_code == 200


async def test_a_share_of_calls_fails_alike_for_the_same_seed(ebay: Caller) -> None:
    async def failures() -> list[int]:
        await ebay.fault(kind="status", rate=0.3, seed=7)
        statuses = [(await ebay.put_item("A1", make_item())).status_code for _ in range(40)]
        await ebay.http.delete("/_sandbox/faults")
        return [place for place, status in enumerate(statuses) if status == 500]

    first = await failures()
    assert 4 <= len(first) <= 20
    assert await failures() == first


async def test_one_sku_of_a_bulk_call_fails_alone(ebay: Caller) -> None:
    await ebay.fault(kind="status", sku="A2", status=500, error_id=25001)
    entries = [{"sku": sku, "locale": "it_IT", **make_item()} for sku in ("A1", "A2")]
    reply = await ebay.bulk("bulk_create_or_replace_inventory_item", entries)
    assert reply.status_code == 207
    assert [entry["statusCode"] for entry in reply.json()["responses"]] == [201, 500]


@pytest.mark.parametrize(("retry_after", "header"), [(None, None), (3, "3")])
async def test_too_many_requests_with_and_without_retry_after(
    ebay: Caller, retry_after: int | None, header: str | None
) -> None:
    await ebay.fault(kind="rate_limited", retry_after=retry_after, count=1)
    reply = await ebay.put_item("A1", make_item())
    assert (reply.status_code, error_ids(reply), reply.headers.get("retry-after")) == (429, [2001], header)
    assert (await ebay.put_item("A1", make_item())).status_code == 204


async def test_a_quota_lets_calls_through_until_it_is_used_up_and_starts_again(ebay: Caller) -> None:
    await ebay.fault(kind="rate_limited", calls=2, seconds=60)
    statuses = [(await ebay.put_item("A1", make_item())).status_code for _ in range(4)]
    assert statuses == [204, 204, 429, 429]
    await ebay.http.put("/_sandbox/clock", json={"advance": 60})
    assert (await ebay.put_item("A1", make_item())).status_code == 204


async def test_a_lost_answer_had_its_effect(ebay: Caller) -> None:
    await ebay.fault(kind="lost_answer", route="create_offer", count=1)
    await ebay.put_item("A1", make_item())
    with pytest.raises(httpx.RemoteProtocolError):
        await ebay.create_offer(make_offer())
    reply = await ebay.send("POST", f"{INVENTORY}/offer", make_offer())
    assert error_ids(reply) == [25002]
    lost, again = [call for call in await ebay.calls("A1") if call["operation"] == "create_offer"]
    assert (lost["effect"], lost["answered"]) == ("done", False)
    assert (again["effect"], again["answered"]) == ("refused", True)


async def test_a_lost_request_had_none(ebay: Caller) -> None:
    await ebay.fault(kind="lost_request", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await ebay.put_item("A1", make_item())
    assert error_ids(await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")) == [25710]
    (lost,) = await ebay.calls("A1")
    assert (lost["effect"], lost["answered"], lost["status"]) == ("lost", False, None)


async def test_two_calls_at_once_for_one_item_collide_and_others_do_not(ebay: Caller) -> None:
    await ebay.fault(kind="latency", seconds=0.3, count=1)
    slow = asyncio.create_task(ebay.put_item("A1", make_item(title="First")))
    await eventually(ebay.serving.sandbox.journal.select, 5, "the slow call has arrived")
    collided = await ebay.put_item("A1", make_item(title="Second"))
    beside = await ebay.put_item("A2", make_item())
    assert not slow.done()
    assert (collided.status_code, error_ids(collided)) == (500, [25025])
    assert beside.status_code == 204
    assert (await slow).status_code == 204
    assert (await ebay.put_item("A1", make_item(title="Third"))).status_code == 204


async def test_latency_may_come_after_the_effect(ebay: Caller) -> None:
    await ebay.fault(kind="latency", route="replace_item", seconds=30, when="after", count=1)
    slow = asyncio.create_task(ebay.put_item("A1", make_item()))
    await eventually(ebay.serving.sandbox.journal.select, 5, "the slow call has arrived")
    assert (await ebay.send("GET", f"{INVENTORY}/inventory_item/A1")).status_code == 200
    assert not slow.done()
    slow.cancel()


@pytest.mark.parametrize(("status", "answer"), [(None, (403, [1100])), (401, (401, [1001]))])
async def test_a_token_expires_in_the_middle_and_a_new_one_works(
    ebay: Caller, status: int | None, answer: tuple[int, list[int]]
) -> None:
    await ebay.fault(kind="token_expired", status=status)
    first = await ebay.put_item("A1", make_item())
    second = await ebay.put_item("A1", make_item())
    assert (first.status_code, error_ids(first)) == answer
    assert error_ids(second) == [1100]
    ebay.token = (await mint(ebay)).json()["access_token"]
    assert (await ebay.put_item("A1", make_item())).status_code == 204


async def test_a_revoked_consent_kills_both_tokens_until_it_is_given_again(ebay: Caller) -> None:
    fault = await ebay.fault(kind="refresh_token_revoked")
    reply = await mint(ebay)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
    assert error_ids(await ebay.put_item("A1", make_item())) == [1001]
    assert (await ebay.http.delete(f"/_sandbox/faults/{fault['id']}")).json() == {"removed": 1}
    assert (await mint(ebay)).status_code == 200


async def test_a_refused_sku_fails_at_publication_only(ebay: Caller) -> None:
    await ebay.fault(kind="refused_sku", sku="A1", words="The brand is not allowed")
    await ebay.put_item("A1", make_item())
    reply = await ebay.publish(await ebay.create_offer(make_offer()))
    assert (reply.status_code, error_ids(reply)) == (400, [25002])
    assert "The brand is not allowed" in reply.json()["errors"][0]["message"]
    assert (await ebay.live("A2")) != ""


async def test_a_silenced_listing_is_accepted_and_never_shown(ebay: Caller) -> None:
    await ebay.fault(kind="silence", sku="A1", count=1)
    offer_id = await ebay.live("A1")
    assert await ebay.listings("A1") == []
    offer = (await ebay.send("GET", f"{INVENTORY}/offer/{offer_id}")).json()
    assert (offer["status"], offer["listing"]["listingStatus"]) == ("PUBLISHED", "INACTIVE")
    assert (await ebay.calls("A1"))[-1]["effect"] == "silent"


async def test_a_silenced_revision_is_accepted_and_does_nothing(ebay: Caller) -> None:
    offer_id = await ebay.live()
    before = await ebay.shown()
    await ebay.fault(kind="silence")
    assert (await ebay.put_item("A1", make_item(title="Other"))).status_code == 204
    revision = await ebay.bulk("bulk_update_price_quantity", [make_revision("A1", offer_id, price="1.00")])
    assert revision.status_code == 200
    update = await ebay.send("PUT", f"{INVENTORY}/offer/{offer_id}", without_keys(make_offer(price="2.00")))
    assert update.status_code == 204
    assert (await ebay.withdraw(offer_id)).status_code == 200
    assert await ebay.shown() == before


async def test_the_journal_tells_writes_in_arrival_order_with_what_they_carry(ebay: Caller) -> None:
    offer_id = await ebay.live("A1", price="10.00", quantity=4, title="Casco")
    await ebay.bulk("bulk_update_price_quantity", [make_revision("A1", offer_id, quantity=2, price="9.00")])
    await ebay.withdraw(offer_id)
    calls = await ebay.calls("A1")
    told = [(call["operation"], call["price"], call["quantity"], call["title"], call["status"]) for call in calls]
    assert told == [
        ("replace_item", None, 4, "Casco", 201),
        ("create_offer", "10.00", 5, None, 200),
        ("publish", "10.00", 4, "Casco", 200),
        ("bulk_price_quantity", "9.00", 2, None, 200),
        ("withdraw", "9.00", 2, "Casco", 200),
    ]
    assert [call["number"] for call in calls] == [1, 2, 3, 4, 5]
    later = (await ebay.http.get("/_sandbox/calls", params={"after": 3, "limit": 1})).json()["calls"]
    assert [call["number"] for call in later] == [4]


async def test_calls_and_bytes_are_counted_by_route(ebay: Caller) -> None:
    await ebay.fault(kind="lost_answer", route="publish", count=1)
    await ebay.put_item("A1", make_item())
    offer_id = await ebay.create_offer(make_offer())
    with pytest.raises(httpx.RemoteProtocolError):
        await ebay.publish(offer_id)
    routes = (await ebay.http.get("/_sandbox/counts")).json()["routes"]
    assert (routes["replace_item"]["calls"], routes["replace_item"]["statuses"]) == (1, {"204": 1})
    assert routes["create_offer"]["bytes_in"] > routes["create_offer"]["bytes_out"] > 0
    assert (routes["publish"]["statuses"], routes["publish"]["bytes_out"]) == ({"0": 1}, 0)
    await ebay.http.post("/_sandbox/clear")
    assert (await ebay.http.get("/_sandbox/counts")).json()["routes"] == {}
    assert await ebay.calls() == []


async def test_a_reset_forgets_everything(ebay: Caller) -> None:
    await ebay.live()
    await ebay.fault(kind="status")
    await ebay.http.put("/_sandbox/clock", json={"offset": 100_000})
    assert (await ebay.http.post("/_sandbox/reset")).status_code == 204
    assert await ebay.listings() == []
    assert (await ebay.put_item("A1", make_item())).status_code == 204


@pytest.mark.parametrize(
    "body",
    ['{"kind": "earthquake"}', '{"kind": "status", "colour": 1}', '{"kind": "status", "rate": "often"}', "[1]", "{"],
)
async def test_a_fault_that_cannot_be_is_refused_in_words(ebay: Caller, body: str) -> None:
    reply = await ebay.http.post("/_sandbox/faults", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]


async def test_the_control_plane_names_what_it_has(ebay: Caller) -> None:
    reply = await ebay.http.get("/_sandbox/nothing")
    assert reply.status_code == 404
    assert "GET /_sandbox/listings" in reply.json()["calls"]
    (account,) = (await ebay.http.get("/_sandbox/account")).json()["accounts"]
    assert account["merchant_location_key"] == "warehouse"
    assert not {"client_secret", "refresh_token", "access_token"} & account.keys()
