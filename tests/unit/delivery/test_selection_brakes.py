"""A selection that is emptied by mistake does not empty a shop, whatever becomes of what is not selected."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.model import Operation
from consumer.delivery.execution import Execution
from consumer.delivery.planning import Seller
from consumer.listings.rules.selection import Policy, Selection
from tests.unit.delivery.making import CHANNEL, make_account
from tests.unit.delivery.test_braking import ACCOUNT, CODES, FEW, Shop

MISTAKE: list[dict[str, Any]] = [
    {"channels": ["ebya"]},
    {"codes": {"include": ["NOTHING"]}},
    {"categories": {"exclude": ["c-1"]}},
    {"price": {"below": 1}},
]


def select(shop: Shop, selection: dict[str, Any]) -> None:
    """The account's selection changes; the process that delivers for it hears of it."""
    account = make_account(brakes=FEW, selection=Selection.model_validate(selection))
    sellers = {ACCOUNT: Seller(account, shop.channel)}
    shop.execution = Execution(sellers, shop.store, shop.marks, lambda: shop.now, process="0", braking=shop.braking)


@pytest.mark.parametrize("mistake", MISTAKE, ids=lambda mistake: next(iter(mistake)))
@pytest.mark.parametrize(("policy", "brake"), [("end", "mass_delisting"), ("zero", "mass_zero_stock")])
async def test_p14_a_selection_emptied_by_mistake_does_not_empty_the_shop(
    mistake: dict[str, Any], policy: Policy, brake: str
) -> None:
    shop = Shop()
    await shop.list_all()
    delisting = {"deselected": policy, "channel_removed": policy}
    select(shop, {**mistake, "delisting": delisting})
    await shop.change(CODES)
    selling = [code for code in CODES if shop.channel.listings[code].live and shop.channel.listings[code].quantity]
    assert selling == CODES[3:]
    assert {debt.brake for debt in shop.held().values()} == {brake}
    select(shop, {})
    await shop.change(CODES)
    assert shop.quantities() == [10] * 10
    assert all(shop.channel.listings[code].live for code in CODES)


async def test_what_is_kept_is_not_called_for() -> None:
    shop = Shop()
    await shop.list_all()
    select(shop, {"channels": ["ebya"], "delisting": {"channel_removed": "keep"}})
    await shop.change(CODES)
    assert not shop.channel.journal
    assert shop.quantities() == [10] * 10
    await shop.change(["P-1"], quantity=4)
    assert [(call.operation, call.sku) for call in shop.channel.journal] == [(Operation.REVISE_STOCK, "P-1")]
    assert shop.state("P-1").id == f"{CHANNEL}/default/shop/P-1"
