"""Amazon accounts against the stand-in: settings checked by name, tokens that end, many sellers at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr, ValidationError

from adapters.amazon import AmazonAccount
from adapters.base import Adapter
from adapters.errors import AuthenticationError, ConfigurationError
from adapters.model import Command, Listing, Money, Operation
from adapters.registry import make_adapter
from adapters.sandbox.amazon import AT_ONCE, TOKEN_PATH, Seller, serve
from adapters.sandbox.server import Exchange
from tests.contract.amazon_channel import AmazonChannel, amazon_account
from tests.contract.channels import apply, created

ACCOUNTS = 50
GERMANY = "A1PA6795UKMFR9"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"merchant_id": ""}, "AMAZON_MERCHANT_ID"),
        ({"merchant_id": "A2SANDBOX00009"}, "AMAZON_MERCHANT_ID"),
        ({"marketplace_id": "A1F83G8C2ARO7P"}, "AMAZON_MARKETPLACE_ID"),
    ],
)
async def test_a_wrong_setting_is_named(amazon: AmazonChannel, changes: dict[str, str], named: str) -> None:
    adapter = make_adapter("amazon", amazon_account(amazon.url, Seller(), **changes))
    try:
        with pytest.raises((ConfigurationError, AuthenticationError), match=named):  # Amazon's 403 says no more
            await adapter.test_connection()
    finally:
        await adapter.close()


@pytest.mark.parametrize("changes", [{"api_secret": SecretStr("another")}, {"refresh_token": SecretStr("Atzr|other")}])
async def test_a_wrong_credential_is_dead(amazon: AmazonChannel, changes: dict[str, Any]) -> None:
    adapter = make_adapter("amazon", amazon_account(amazon.url, Seller(), **changes))
    try:
        with pytest.raises(AuthenticationError, match="AMAZON_REFRESH_TOKEN"):
            await adapter.test_connection()
    finally:
        await adapter.close()


def test_the_seller_id_that_is_taken_for_italy_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="APJ6JRA9NG5V4"):
        AmazonAccount(app_id="x", api_secret=SecretStr("y"), marketplace_id="A11IL2PNWYJU7H")


async def test_a_token_refused_in_the_middle_is_renewed_once_for_all(amazon: AmazonChannel) -> None:
    listings = [amazon.listing(f"A-{number}") for number in range(20)]
    await amazon.adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    before = (await amazon.control("counts"))["routes"]["token"]["calls"]
    amazon.switch_on({"kind": "token_expired", "route": "patch", "count": 1})
    outcomes = await amazon.adapter.apply(
        [Command(Operation.REVISE_OFFER, one.sku, replace(one, quantity=3)) for one in listings]
    )
    assert [outcome.error for outcome in outcomes] == [None] * 20
    assert (await amazon.control("counts"))["routes"]["token"]["calls"] == before + 1


class Witness:
    """Which seller each call was made for, by its credential and by its path; both must be of one account."""

    def __init__(self, sellers: Sequence[Seller]) -> None:
        self._by_refresh_token = {seller.refresh_token: seller for seller in sellers}
        self._by_merchant = {seller.merchant_id: seller for seller in sellers}
        self._holders: dict[str, Seller] = {}
        self.found: list[str] = []
        self.seen: dict[str, int] = {}

    def __call__(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.path == TOKEN_PATH:
            form = dict(parse_qsl(request.body.decode()))
            seller = self._by_refresh_token[form["refresh_token"]]
            if (form["client_id"], form["client_secret"]) != (seller.client_id, seller.client_secret):
                self.found.append(f"{seller.name} signed in as {form['client_id']}")
            body = exchange.reply.encoded().decode()
            self._holders[body.partition('"access_token":"')[2].partition('"')[0]] = seller
        elif request.segments[0] == "listings":
            holder = self._holders[request.headers["x-amz-access-token"]]
            if self._by_merchant[request.segments[3]] != holder:
                self.found.append(f"{holder.name} called {request.path}")
            self.seen[holder.name] = self.seen.get(holder.name, 0) + 1


async def sell(adapter: Adapter, listing: Listing) -> None:
    """A listing made and changed twice, in turn with other accounts, in a different order each time."""
    random = Random(listing.quantity)
    await adapter.learn([listing])
    outcomes = await adapter.apply([Command(Operation.CREATE, listing.sku, listing)])
    for _ in range(2):
        await asyncio.sleep(random.random() / 100)
        outcomes += await adapter.apply([Command(Operation.REVISE_OFFER, listing.sku, listing)])
    assert [outcome.error for outcome in outcomes] == [None] * 3


async def test_fifty_accounts_at_once_keep_to_themselves(caplog: pytest.LogCaptureFixture) -> None:
    """Every call carries the identity of its own account, with tokens that end in the middle; none is ever logged."""
    caplog.set_level(logging.DEBUG)
    sellers = [
        Seller(f"seller-{n}", n, f"client-{n}", f"secret-{n}", f"Atzr|refresh-{n}", access_token="")
        for n in range(ACCOUNTS)
    ]
    witness = Witness(sellers)
    async with serve(sellers, replace(AT_ONCE, limits=False), observer=witness) as serving:
        places = [{"marketplace_id": GERMANY, "locale": "de_DE"} if seller.number % 2 else {} for seller in sellers]
        accounts = [amazon_account(serving.url, s, **place) for s, place in zip(sellers, places, strict=True)]
        adapters = [make_adapter("amazon", account) for account in accounts]
        channel = AmazonChannel(adapters[0], serving)
        mug = replace(channel.listing("A-1"), brand="Rossi")
        wanted = [replace(mug, quantity=n + 1, price=Money(Decimal(100 + n), "EUR")) for n in range(ACCOUNTS)]
        for seller in sellers:
            fault = {"kind": "token_expired", "seller": seller.name, "route": "patch", "count": 1}
            serving.sandbox.faults.switch_on(fault)

        try:
            await asyncio.gather(*(sell(adapter, one) for adapter, one in zip(adapters, wanted, strict=True)))
        finally:
            await asyncio.gather(*(adapter.close() for adapter in adapters))
        rows = (await channel.control("listings"))["listings"]
    shown = {row["seller"]: (row["marketplace"], row["quantity"], row["price"]) for row in rows}
    assert shown == {
        s.name: (account.marketplace_id, s.number + 1, f"{100 + s.number}.00")
        for s, account in zip(sellers, accounts, strict=True)
    }
    assert witness.found == []
    assert len(witness.seen) == ACCOUNTS
    said = caplog.text
    assert not any(secret in said for s in sellers for secret in (s.client_secret, s.refresh_token))
    assert "Atza|" not in said


async def test_one_account_sells_while_another_ones_consent_is_gone(amazon: AmazonChannel) -> None:
    other = Seller("other", 1, "client-1", "secret-1", "Atzr|refresh-1", access_token="")
    async with serve([Seller(), other], replace(AT_ONCE, limits=False)) as serving:
        serving.sandbox.faults.switch_on({"kind": "refresh_token_revoked", "seller": "other"})
        for seller, dead in ((Seller(), False), (other, True)):
            adapter = make_adapter("amazon", amazon_account(serving.url, seller))
            channel = AmazonChannel(adapter, serving)
            await adapter.learn([channel.listing("A-1")])
            if dead:
                outcome = await apply(channel, Operation.CREATE, channel.listing("A-1"))
                assert isinstance(outcome.error, AuthenticationError)
            else:
                await created(channel, channel.listing("A-1"))
            await adapter.close()
