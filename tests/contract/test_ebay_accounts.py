"""eBay accounts against the stand-in: settings checked by name, tokens that end, several sellers at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.ebay import EbayAccount
from adapters.ebay.settings import Premises
from adapters.errors import AuthenticationError, ConfigurationError
from adapters.memory import MemoryAdapter
from adapters.model import Command, Listing, Money, Operation
from adapters.registry import make_adapter
from adapters.sandbox.ebay import Rules, Seller, serve
from adapters.sandbox.ebay.world import POLICY_KINDS
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


async def test_policies_may_be_named_and_are_looked_up_once(ebay: EbayChannel) -> None:
    names = {f"{kind}_policy_id": f"Default {kind} EBAY_IT" for kind in ("fulfillment", "payment", "return")}
    ebay.adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), **names))
    await ebay.adapter.test_connection()
    for sku in ("A-1", "A-2"):
        await created(ebay, ebay.listing(sku))
    routes = (await ebay.control("counts"))["routes"]
    await ebay.adapter.close()
    assert routes["get_fulfillment_policy"]["calls"] == 2  # one for the test, one for all listings
    offer = ebay.shop.offers_of("A-1")[0].document
    assert offer["listingPolicies"]["returnPolicyId"] == Seller().policy_id("return")


async def test_a_policy_name_that_ebay_does_not_know_halts_the_account_and_says_which(ebay: EbayChannel) -> None:
    ebay.adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), payment_policy_id="Pagamento"))
    with pytest.raises(ConfigurationError, match=r"EBAY_PAYMENT_POLICY_ID.*'Pagamento'"):
        await ebay.adapter.test_connection()
    outcome = await apply(ebay, Operation.CREATE, ebay.listing("A-1"))
    await ebay.adapter.close()
    assert isinstance(outcome.error, ConfigurationError)
    assert "EBAY_PAYMENT_POLICY_ID" in str(outcome.error)
    assert await ebay.writes() == 0


async def test_a_location_that_is_described_is_made_with_the_first_listing(ebay: EbayChannel) -> None:
    premises = Premises(country="IT", state_or_province="TO", city="Torino", postal_code="10121")
    changes: dict[str, Any] = {"merchant_location_key": "torino", "merchant_location": premises}
    ebay.adapter = make_adapter("ebay", ebay_account(ebay.url, Seller(), **changes))
    await ebay.adapter.test_connection()
    assert "torino" not in ebay.shop.locations
    await created(ebay, ebay.listing("A-1"))
    await created(ebay, ebay.listing("A-2"))
    await ebay.adapter.close()
    assert ebay.shop.locations["torino"]["location"]["address"]["city"] == "Torino"
    assert (await ebay.control("counts"))["routes"]["create_location"]["calls"] == 1


_PLACES = {"EBAY_DE": "20.50 EUR", "EBAY_GB": "17.00 GBP", "EBAY_US": "22.00 USD", "EBAY_PL": "88.80 PLN"}


@pytest.mark.parametrize("marketplace", _PLACES)
async def test_other_marketplaces_have_their_own_language_currency_and_policies(
    ebay: EbayChannel, marketplace: str
) -> None:
    amount, currency = _PLACES[marketplace].split()
    account = _account_in(ebay.url, Seller(), marketplace)
    ebay.adapter = make_adapter("ebay", account)
    await ebay.adapter.test_connection()
    listing = replace(ebay.listing("A-1"), price=Money(Decimal(amount), currency), language=account.locale, gtins=())
    await ebay.adapter.learn([listing])
    assert ebay.adapter.validate(listing) == []
    wrong = ebay.adapter.validate(replace(listing, price=Money(Decimal(amount), "CHF")))
    assert [(problem.field, problem.rule) for problem in wrong] == [("price", "currency")]
    await created(ebay, listing)
    (row,) = (await ebay.control("listings", sku="A-1"))["listings"]
    assert (row["marketplace"], row["price"], row["currency"]) == (marketplace, amount, currency)
    item = ebay.shop.items["A-1"]
    assert item.locale == account.locale.replace("-", "_")
    assert item.product["ean"] == [account.site.no_code]
    assert account.site.brand in item.product["aspects"]
    read = (await ebay.adapter.read_back(["A-1"]))["A-1"]
    await ebay.adapter.close()
    assert (read.live, read.price) == (True, listing.price)


async def test_fifty_accounts_interleaved_keep_to_themselves() -> None:
    """Sellers of five applications on three marketplaces; tokens end under way. Nobody's call is another's."""
    places = ("EBAY_IT", "EBAY_DE", "EBAY_GB")
    sellers = [
        Seller(f"seller-{n}", n, f"client-{n % 5}", f"secret-{n % 5}", f"refresh-{n}", access_token="")
        for n in range(50)
    ]
    async with serve(sellers, Rules(token_lifetime=2)) as serving:
        channel = EbayChannel(MemoryAdapter(), serving.url, serving.sandbox.faults.switch_on, None)
        adapters = [
            make_adapter("ebay", _account_in(serving.url, seller, places[seller.number % 3])) for seller in sellers
        ]

        def listing(number: int, revision: int) -> Listing:
            currency = "GBP" if number % 3 == 2 else "EUR"
            price = Money(Decimal(10 + number), currency)
            return replace(channel.listing("A-1"), price=price, quantity=number + revision)

        async def sell(number: int) -> None:
            references: Mapping[str, str] = {}
            for revision, operation in enumerate(
                (Operation.CREATE, Operation.REVISE_OFFER, Operation.REVISE_CONTENT), 1
            ):
                command = Command(operation, "A-1", listing(number, revision), references)
                (outcome,) = await adapters[number].apply([command])
                assert outcome.error is None
                references = outcome.references or references

        serving.sandbox.faults.switch_on({"kind": "token_expired", "rate": 0.1, "seed": 7, "count": 20})
        await asyncio.gather(*(sell(number) for number in range(50)))
        rows = (await channel.control("listings"))["listings"]
        assert {row["seller"]: (row["marketplace"], Decimal(row["price"]), row["quantity"]) for row in rows} == {
            seller.name: (places[seller.number % 3], Decimal(10 + seller.number), seller.number + 3)
            for seller in sellers
        }
        await asyncio.gather(*(adapter.close() for adapter in adapters))


def _account_in(url: str, seller: Seller, marketplace: str) -> EbayAccount:
    policies = {f"{kind}_policy_id": seller.policy_id(kind, marketplace) for kind in POLICY_KINDS}
    known = ebay_account(url, seller).model_dump(exclude={"locale"})
    return EbayAccount(**{**known, **policies, "marketplace_id": marketplace})
