"""Reads prices of a PIM document: the product's own, those of a packaging, and promotions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.model import Problem
from consumer.listings.figures import read_figure
from consumer.listings.leaves import EMPTY, identifier, read_moment, wrong_shape
from consumer.listings.product import Figure, Prices, Promotion

_FIGURES = ("list", "retail", "sale", "vat_rate")
_PROMOTIONS = "promotions"


def is_price_map(value: Any) -> bool:
    """Whether this is a map of prices; the older shape is one number, perhaps in Extended JSON."""
    return isinstance(value, dict) and not any(key.startswith("$") for key in value)


def read_prices(value: Mapping[str, Any], path: str, problems: list[Problem]) -> Prices:
    """A map of prices at `path`. What is wrong with a figure stands in its place."""
    figures: dict[str, Figure] = {name: read_figure(value.get(name), "price", f"{path}.{name}") for name in _FIGURES}
    currency, vat_included = value.get("currency"), value.get("vat_included")
    if not isinstance(currency, str | None):
        problems.append(wrong_shape("price", f"{path}.currency", "a text", currency))
        currency = None
    if not isinstance(vat_included, bool | None):
        problems.append(wrong_shape("price", f"{path}.vat_included", "true or false", vat_included))
        vat_included = None
    return Prices(**figures, currency=(currency or "").strip().upper() or None, vat_included=vat_included)


def read_promotions(value: Any) -> tuple[Promotion, ...] | Problem:
    """The promotions that are switched on, whenever they run; or why they cannot be read."""
    if value in EMPTY:
        return ()
    if not isinstance(value, list):
        return wrong_shape("price", _PROMOTIONS, "a list", value)
    found: list[Promotion] = []
    for entry in _promotions(value):
        if isinstance(entry, Problem):
            return entry
        found.append(entry)
    return tuple(found)


def _promotions(entries: list[Any]) -> Iterator[Promotion | Problem]:
    for place, entry in enumerate(entries):
        path = f"{_PROMOTIONS}[{place}]"
        if not isinstance(entry, dict):
            yield wrong_shape("price", path, "a map", entry)
        elif not isinstance(entry.get("is_active"), bool | None):
            yield wrong_shape("price", f"{path}.is_active", "true or false", entry["is_active"])
        elif entry.get("is_active") and entry.get("promo_price") not in EMPTY:
            yield _promotion(entry, path)


def _promotion(entry: Mapping[str, Any], path: str) -> Promotion | Problem:
    starts = read_moment(entry.get("start_date"), "price", f"{path}.start_date")
    ends = read_moment(entry.get("end_date"), "price", f"{path}.end_date")
    # An unreadable date may hide that a promotion is over, so that one is told and not skipped.
    if isinstance(starts, Problem):
        return starts
    if isinstance(ends, Problem):
        return ends
    price = read_figure(entry.get("promo_price"), "price", f"{path}.promo_price")
    return Promotion(identifier(entry.get("promo_code")) or "", price, starts, ends)
