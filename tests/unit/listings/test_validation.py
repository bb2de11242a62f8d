"""What is said of a listing before it is sent: the same wherever it is asked, each thing once, with field and cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.ebay import EbayAccount, EbayAdapter
from adapters.memory import MemoryAdapter
from adapters.model import Listing, Problem
from consumer.events import Operation as EventOperation
from consumer.listings.planner import Invalid, Rehearsal, Send, plan
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.validation import examine, ready
from tests.unit.listings.making import ACCOUNT, make_event, make_listing, make_product

AT = datetime(2026, 6, 1, tzinfo=UTC)
EBAY = EbayAdapter(client=None, account=EbayAccount(app_id="a", api_secret=SecretStr("s")))  # type: ignore[arg-type]  # no call is made


def problems_of(**changes: Any) -> list[Problem]:
    found = ready(replace(make_listing(), **changes), EBAY)
    assert isinstance(found, list), found
    return found


@pytest.mark.parametrize(
    ("changes", "field", "rule", "value"),
    [
        ({"gtins": ("4006381333932",)}, "gtin", "malformed", "4006381333932"),
        ({"gtins": ("12345",)}, "gtin", "malformed", "12345"),
        ({"gtins": ("2000000000015",)}, "gtin", "internal", "2000000000015"),
        ({"gtins": ("0212345678901", "0401234567895")}, "gtin", "malformed", "0212345678901"),
        ({"images": ("https://img.example.test/placeholder-product.png",)}, "image", "placeholder", None),
        ({"images": ("https://localhost/a.jpg",)}, "image", "not_public", None),
        ({"images": ("https://10.0.0.7/a.jpg",)}, "image", "not_public", None),
        ({"images": ("https://[::1]/a.jpg",)}, "image", "not_public", None),
        ({"images": ("https://nas/a.jpg",)}, "image", "not_public", None),
        ({"images": ("https://nas.local/a.jpg",)}, "image", "not_public", None),
        ({"images": ("http://img.example.test/a.jpg",)}, "image", "not_https", None),
        ({"images": ()}, "image", "missing", ""),
        ({"title": "Trapano <b>forte</b> 750 W"}, "title", "markup", "Trapano <b>forte</b> 750 W"),
        ({"brand": "<i>Nordwald</i>"}, "brand", "markup", "<i>Nordwald</i>"),
        ({"title": "x" * 81}, "title", "too_long", None),
    ],
)
def test_every_reason_has_field_rule_value_and_cure(
    changes: dict[str, Any], field: str, rule: str, value: str | None
) -> None:
    problem = problems_of(**changes)[0]
    assert (problem.field, problem.rule) == (field, rule)
    assert value is None or problem.value == value
    assert problem.message
    assert problem.cure.endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Cavo <2 metri> di rame, sezione 3"},
        {"images": ("https://93.184.215.14/a.jpg",)},
        {"images": ("https://cdn.example.test/placeholders/a.jpg",)},
        {"gtins": ("4006381333931", "96385074", "036000291452")},
    ],
)
def test_what_is_fine_is_left_alone(changes: dict[str, Any]) -> None:
    listing = replace(make_listing(), **changes)
    assert ready(listing, EBAY) == listing


def test_what_the_channel_also_refuses_is_told_once() -> None:
    assert [problem.rule for problem in problems_of(gtins=("123",))] == ["malformed"]


def test_p17_the_description_is_cleaned_before_it_is_judged_and_the_cut_is_a_remark() -> None:
    product = make_product(description={"it": "<p>Potente.</p><script>x()</script>"})
    found = examine(product, ACCOUNT, EBAY, AT)
    assert isinstance(found, Listing)
    assert found.description == "<p>Potente.</p>"
    assert any("<script>" in remark for remark in found.remarks)


def test_p17_what_was_cut_travels_with_the_command_to_the_listing_s_warnings() -> None:
    event = make_event(1, description={"it": "<p>Potente.</p><iframe src=x></iframe>"})
    found = plan(event, None, ACCOUNT, EBAY, AT)
    assert isinstance(found, Send)
    assert found.command.listing is not None
    assert "iframe" not in found.command.listing.description
    assert any("<iframe>" in remark for remark in found.remarks)


BAD = (
    {"name": {"it": "Corto"}},
    {"images": [], "ean": ["4006381333931"]},
    {"category": {"category_id": "none"}},
    {"pricing": {"retail": 0, "currency": "EUR", "vat_included": True}, "name": {"it": "x"}},
    {"name": {"it": "Trapano <b>750</b> watt"}, "quantity": None},
)


@pytest.mark.parametrize("changes", BAD)
def test_asking_a_dry_run_and_a_delivery_tell_the_same_problems(changes: dict[str, Any]) -> None:
    asked = examine(make_product(**changes), ACCOUNT, EBAY, AT)
    assert isinstance(asked, list)
    for mode in ("live", "dry-run"):
        planned = plan(make_event(1, **changes), None, replace(ACCOUNT, mode=mode), EBAY, AT)
        assert isinstance(planned, Invalid)
        assert list(planned.problems) == asked


def test_a_dry_run_of_a_good_product_sends_nothing() -> None:
    assert isinstance(plan(make_event(1), None, replace(ACCOUNT, mode="dry-run"), EBAY, AT), Rehearsal)


def test_p10_an_attribute_that_becomes_required_blocks_and_heals_by_product_or_rule() -> None:
    """A channel that asks for more than before is told before the call; whichever side is mended, it goes on."""
    required = {"aspects": {"9355": [{"name": "Tipo", "from": "attributes.type", "required": True}]}}
    strict = replace(ACCOUNT, categories=Categories(map=ACCOUNT.categories.map, **required))
    event = make_event(1, EventOperation.CREATED)
    assert isinstance(plan(event, None, ACCOUNT, EBAY, AT), Send)
    blocked = plan(event, None, strict, EBAY, AT)
    assert isinstance(blocked, Invalid)
    (problem,) = blocked.problems
    assert (problem.field, problem.rule) == ("attributes.Tipo", "required")
    assert "attributes.type" in problem.cure
    filled = make_event(2, attributes={"it": [{"key": "type", "label": "Tipo prodotto", "value": "A percussione"}]})
    assert isinstance(plan(filled, None, strict, EBAY, AT), Send)
    ruled = replace(
        strict, content=Content.model_validate({"rules": [{"target": "attributes.Tipo", "set": "Trapano"}]})
    )
    other = {"aspects": {"9355": [{"name": "Tipo", "required": True}]}}
    ruled = replace(ruled, categories=Categories(map=ACCOUNT.categories.map, **other))
    assert isinstance(plan(event, None, ruled, EBAY, AT), Send)


def test_a_channel_without_a_grammar_changes_nothing() -> None:
    listing = make_listing(description={"it": "<script>x</script>"})
    assert ready(listing, MemoryAdapter()) == listing
