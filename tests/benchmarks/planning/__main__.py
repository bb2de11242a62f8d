"""`make bench-planning`: what one listing costs from the product's document to the fingerprint of what eBay would show.

The sample catalogue of 304 products is planned again and again by two accounts: one with nothing but a price basis and
mapped categories, and one that uses every kind of rule. Each step is timed by itself, in microseconds of CPU per
listing (so that other programs count little), the median of the rounds; the whole plan, with its decision, is timed
beside it. Nothing is sent and no server is needed.
The last line says which goals are met.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

import consumer
from adapters.base import Adapter
from adapters.ebay import EbayAccount, EbayAdapter
from adapters.model import Listing, Rendered
from consumer.events import Operation, ProductEvent, read_sequence
from consumer.listings.accounts import Account
from consumer.listings.accounts.exchange import parse
from consumer.listings.fingerprints import fingerprint
from consumer.listings.planner import Send, plan
from consumer.listings.product import Product
from consumer.listings.reader import read_product
from consumer.listings.rules import wanted
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.content import Content
from consumer.listings.rules.prices import PriceRules
from consumer.listings.rules.selection import Selection
from consumer.listings.rules.stock import StockRules
from consumer.listings.validation import ready
from tests.benchmarks.table import Figure, report

_DATA = Path(consumer.__file__).parent / "demo" / "data"
_RULES = Path(__file__).parent / "rules.yaml"
_AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
_ROUNDS = 15
_GOAL = 250.0
"""Microseconds per listing, of all steps together."""


@dataclass(frozen=True, slots=True)
class Seller:
    """Who plans. documents: of products, as they stand in an event."""

    name: str
    account: Account
    adapter: Adapter
    documents: Sequence[dict[str, Any]]


def main() -> None:
    """Run it."""
    documents = [orjson.loads(line) for line in (_DATA / "pim-products.jsonl").read_bytes().splitlines()]
    # Planning makes no call.
    adapter = EbayAdapter(client=None, account=EbayAccount(app_id="a", api_secret=SecretStr("s")))  # type: ignore[arg-type]
    figures: list[Figure] = []
    for name, account in (("plain account", _plain()), ("every kind of rule", _with_rules())):
        figures += _figures(Seller(name, account, adapter, documents))
    print(report(figures))  # noqa: T201  a benchmark's output


def _plain() -> Account:
    return Account(
        tenant="bench",
        channel="ebay",
        name="default",
        price=PriceRules(basis="sale"),
        categories=Categories(map=orjson.loads((_DATA / "ebay-categories.json").read_bytes())),
    )


def _with_rules() -> Account:
    (data,) = parse(_RULES.read_text(encoding="utf-8"))
    plain = _plain()
    return replace(
        plain,
        selection=Selection.model_validate(data["selection"]),
        content=Content.model_validate(data["content"]),
        categories=Categories.model_validate({**data["categories"], "map": plain.categories.map}),
        price=PriceRules.model_validate(data["price"]),
        stock=StockRules.model_validate(data["stock"]),
    )


def _figures(seller: Seller) -> list[Figure]:
    _check(seller)
    rounds: list[dict[str, float]] = [_round(seller) for _ in range(_ROUNDS + 2)][2:]  # two to get warm
    columns = {name: [turn[name] for turn in rounds] for name in rounds[0]}
    steps = [
        Figure(seller.name, f"{name}, µs", statistics.median(values), digits=1)
        for name, values in columns.items()
        if name != "plan"
    ]
    every = statistics.median([sum(turn[name] for name in columns if name != "plan") for turn in rounds])
    return [
        *steps,
        Figure(seller.name, "all steps, µs", every, digits=1, at_most=_GOAL),
        Figure(seller.name, "the whole plan, µs", statistics.median(columns["plan"]), digits=1, at_most=_GOAL),
    ]


def _round(seller: Seller) -> dict[str, float]:
    """Each step over the whole catalogue; microseconds per listing."""
    account, adapter = seller.account, seller.adapter
    products: list[Product] = []
    listings: list[Listing] = []
    rendered: list[Rendered] = []

    def read() -> None:
        products.extend(read_product(document, document["entity_code"]) for document in seller.documents)

    def rule() -> None:
        for product in products:
            target = wanted(product, account, _AT).target
            if isinstance(target, Listing):
                listings.append(target)

    def validate() -> None:
        for listing in listings:
            ready(listing, adapter)

    def render() -> None:
        rendered.extend(map(adapter.render, listings))

    def hash_all() -> None:
        for each in rendered:
            fingerprint(each)

    events = [_event(document) for document in seller.documents]
    steps = {"read": read, "rules": rule, "validate": validate, "render": render, "fingerprint": hash_all}
    return {
        **{name: _timed(step, len(events)) for name, step in steps.items()},
        "plan": _timed(partial(_plan_all, seller, events), len(events)),
    }


def _plan_all(seller: Seller, events: Sequence[ProductEvent]) -> None:
    for event in events:
        plan(event, None, seller.account, seller.adapter, _AT)


def _check(seller: Seller) -> None:
    """A rule that refuses products would make the plan cheap: every one of them has to be sent."""
    for document in seller.documents:
        found = plan(_event(document), None, seller.account, seller.adapter, _AT)
        if not isinstance(found, Send):
            raise SystemExit(f"{seller.name}: {document['entity_code']} is not planned to be sent: {found}")


def _event(document: dict[str, Any]) -> ProductEvent:
    code = document["entity_code"]
    return ProductEvent(code, Operation.READ, "bench", code, read_sequence(1, 1), _AT, None, document)


def _timed(step: Callable[[], None], times: int) -> float:
    start = time.process_time()
    step()
    return (time.process_time() - start) / times * 1e6


main()
