"""eBay accounts against the stand-in: settings checked by name, tokens that end, several sellers at once."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.errors import AuthenticationError, ConfigurationError
from adapters.model import Command, Operation
from adapters.registry import make_adapter
from adapters.sandbox.ebay import Rules, Seller, serve
from tests.contract.channels import EbayChannel, apply, created, ebay_account


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fulfillment_policy_id": ""}, "EBAY_FULFILLMENT_POLICY_ID"),
        ({"payment_policy_id": "12345"}, "EBAY_PAYMENT_POLICY_ID"),
        ({"return_policy_id": Seller().policy_id("return", "EBAY_DE")}, "EBAY_RETURN_POLICY_ID"),
        ({"fulfillment_policy_id": Seller().policy_id("payment")}, "EBAY_FULFILLMENT_POLICY_ID"),
        ({"merchant_location_key": ""}, "EBAY_MERCHANT_LOCATION_KEY"),
        ({"merchant_location_key": "attic"}, "EBAY_MERCHANT_LOCATION_KEY"),
    ],
)
async def test_each_wrong_setting_is_named(ebay: EbayChannel, changes: dict[str, str], named: str) -> None:
    adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), **changes))
    try:
        with pytest.raises(ConfigurationError) as caught:
            await adapter.test_connection()
    finally:
        await adapter.close()
    assert named in str(caught.value)
    assert re.findall(r"EBAY_[A-Z_]+_(?:ID|KEY)", str(caught.value)) == [named]


async def test_all_wrong_settings_are_named_at_once(ebay: EbayChannel) -> None:
    wrong = {
        "fulfillment_policy_id": "",
        "payment_policy_id": "1",
        "return_policy_id": "",
        "merchant_location_key": "x",
    }
    adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), **wrong))
    with pytest.raises(ConfigurationError) as caught:
        await adapter.test_connection()
    await adapter.close()
    for setting in ("FULFILLMENT_POLICY_ID", "PAYMENT_POLICY_ID", "RETURN_POLICY_ID", "MERCHANT_LOCATION_KEY"):
        assert f"EBAY_{setting}" in str(caught.value)


async def test_a_wrong_secret_is_a_dead_credential(ebay: EbayChannel) -> None:
    stranger = replace(Seller(), client_secret="another")
    adapter = make_adapter("ebay", ebay_account(ebay.url, stranger))
    with pytest.raises(AuthenticationError, match="EBAY_REFRESH_TOKEN"):
        await adapter.test_connection()
    await adapter.close()


async def test_a_ready_token_serves_until_it_is_refused(ebay: EbayChannel) -> None:
    changes: dict[str, Any] = {"refresh_token": SecretStr(""), "access_token": SecretStr(Seller().access_token)}
    ebay.adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), **changes))
    await ebay.adapter.test_connection()
    await created(ebay, ebay.listing("A-1"))
    ebay.expire_token()
    outcome = await apply(ebay, Operation.CREATE, ebay.listing("A-2"))
    await ebay.adapter.close()
    assert isinstance(outcome.error, AuthenticationError)
    assert "EBAY_REFRESH_TOKEN" in str(outcome.error)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_refused_in_the_middle_is_renewed_once_for_all(ebay: EbayChannel, status: int) -> None:
    listings = [ebay.listing(f"A-{number}") for number in range(25)]
    await ebay.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    before = (await ebay.control("counts"))["routes"]["token"]["calls"]
    ebay.switch_on({"kind": "token_expired", "status": status, "route": "update_offer", "count": 1})
    outcomes = await ebay.adapter.apply(
        [
            Command(Operation.REVISE_CONTENT, one.sku, replace(one, title="Tazza in ceramica verde 35 cl"))
            for one in listings
        ]
    )
    assert [outcome.error for outcome in outcomes] == [None] * 25
    assert (await ebay.control("counts"))["routes"]["token"]["calls"] == before + 1


async def test_many_accounts_at_once_keep_to_themselves() -> None:
    sellers = [
        Seller(f"seller-{n}", n, f"client-{n}", f"secret-{n}", f"refresh-{n}", access_token="") for n in range(20)
    ]
    async with serve(sellers, Rules(token_lifetime=2)) as serving:
        adapters = [make_adapter("ebay", ebay_account(serving.url, seller)) for seller in sellers]
        channel = EbayChannel(adapters[0], serving.url, serving.sandbox.faults.switch_on, None)
        commands = [
            [Command(Operation.CREATE, "A-1", replace(channel.listing("A-1"), quantity=number + 1))]
            for number in range(len(sellers))
        ]
        found = await asyncio.gather(*(a.apply(c) for a, c in zip(adapters, commands, strict=True)))
        assert all(outcome.error is None for (outcome,) in found)
        rows = (await channel.control("listings"))["listings"]
        assert {row["seller"]: row["quantity"] for row in rows} == {s.name: s.number + 1 for s in sellers}
        await asyncio.gather(*(adapter.close() for adapter in adapters))
