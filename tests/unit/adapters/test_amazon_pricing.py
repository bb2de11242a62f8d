"""Further prices of an offer on Amazon: read from attributes, checked, sent with the price, ended when they go."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.amazon import mapping
from adapters.amazon.pricing import PriceAttributes, price_problems, read_prices
from adapters.amazon.shaping import Shapes
from tests.unit.adapters.amazon_wire import make_amazon_account, make_amazon_listing, make_group

NAMED = PriceAttributes(
    business="Prezzo aziende",
    sale="Saldo",
    sale_from="Saldo da",
    sale_to="Saldo a",
    minimum="Minimo",
    maximum="Massimo",
)
ALL = {
    "Prezzo aziende": ("17,50",),
    "Saldo": ("15.00",),
    "Saldo da": ("2026-11-24",),
    "Saldo a": ("30/11/2026",),
    "Minimo": ("12",),
    "Massimo": ("1.250,00 €",),
}
ACCOUNT = make_amazon_account(prices=NAMED)


def rules(**changes: str) -> list[str]:
    attributes = {**ALL, **{name.replace("_", " "): (value,) for name, value in changes.items()}}
    return [problem.rule for problem in price_problems(attributes, NAMED, Decimal("19.90"))]


def test_every_price_stands_in_the_offer_it_belongs_to() -> None:
    consumers, businesses = mapping.offer_patches(make_amazon_listing(attributes=ALL), ACCOUNT, "DEFAULT")[1]["value"]
    assert consumers["our_price"] == [{"schedule": [{"value_with_tax": 19.9}]}]
    days = {"start_at": "2026-11-24", "end_at": "2026-11-30"}
    assert consumers["discounted_price"] == [{"schedule": [{"value_with_tax": 15.0, **days}]}]
    assert consumers["minimum_seller_allowed_price"] == [{"schedule": [{"value_with_tax": 12.0}]}]
    assert consumers["maximum_seller_allowed_price"] == [{"schedule": [{"value_with_tax": 1250.0}]}]
    assert (businesses["audience"], businesses["our_price"]) == ("B2B", [{"schedule": [{"value_with_tax": 17.5}]}])
    assert {name for name in consumers if name in businesses} == {"marketplace_id", "currency", "audience", "our_price"}


def test_prices_are_no_facts_of_the_product_and_a_change_of_one_is_a_change_of_the_offer_alone() -> None:
    before = mapping.render(make_amazon_listing(attributes={**ALL, "color": ("Blu",)}), ACCOUNT, Shapes(None, {}))
    changed = {**ALL, "Saldo": ("14",), "color": ("Blu",)}
    after = mapping.render(make_amazon_listing(attributes=changed), ACCOUNT, Shapes(None, {}))
    assert not set(ALL) & set(before.content["attributes"])
    assert before.content == after.content
    assert before.offer != after.offer


def test_an_account_that_names_none_sends_none() -> None:
    account = make_amazon_account()
    listing = make_amazon_listing(attributes=ALL)
    [only] = mapping.offer(listing.price, account, read_prices(ALL, account.prices))
    assert set(only) == {"marketplace_id", "currency", "audience", "our_price"}


def test_each_version_has_prices_of_its_own() -> None:
    group = make_group("Rosso", "Blu")
    first = replace(group.variants[0], attributes={**group.variants[0].attributes, "Prezzo aziende": ("9",)})
    sold = replace(group, variants=(first, *group.variants[1:]))
    bodies = dict(mapping.put_bodies(sold, ACCOUNT, Shapes(None, {}), "DEFAULT"))
    audiences = {
        sku: [offer["audience"] for offer in body["attributes"].get("purchasable_offer", ())]
        for sku, body in bodies.items()
    }
    assert audiences == {"G-1": [], "G-1-Rosso": ["ALL", "B2B"], "G-1-Blu": ["ALL"]}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"Minimo": "20"}, "below_minimum"),
        ({"Massimo": "19,89"}, "above_maximum"),
        ({"Saldo": "19.90"}, "sale_not_lower"),
        ({"Saldo": "11"}, "sale_below_minimum"),
        ({"Saldo_a": "2026-11-23"}, "sale_ends_first"),
        ({"Saldo_a": "presto"}, "no_day"),
        ({"Saldo_da": "31/02/2026"}, "no_day"),
        ({"Saldo_da": " "}, "sale_without_days"),
        ({"Minimo": "gratis"}, "no_price"),
        ({"Prezzo_aziende": "0"}, "no_price"),
        ({"Massimo": "NaN"}, "no_price"),
    ],
)
def test_what_amazon_would_refuse_is_told_before_it_is_sent(changes: dict[str, str], rule: str | None) -> None:
    assert rules(**changes)[:1] == ([] if rule is None else [rule])


@pytest.mark.parametrize("named", [{"sale": "Saldo"}, {"sale_from": "Da", "sale_to": "A"}])
def test_a_sale_without_its_days_is_refused_with_the_settings_name(named: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="sale, sale_from and sale_to"):
        PriceAttributes(**named)
