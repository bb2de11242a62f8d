"""Reads where a PIM document puts a product: its category, those per sales channel, the sales channels themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.model import Problem
from consumer.listings.leaves import EMPTY, identifier, wrong_shape
from consumer.listings.product import Category


def read_category(value: Any, path: str = "category") -> Category | Problem | None:
    """The category in a map; None where there is none."""
    if value in EMPTY:
        return None
    own = identifier(value.get("category_id")) if isinstance(value, dict) else None
    if own is None or not isinstance(value, dict):
        return wrong_shape("category", path, "a map with a category_id", value)
    names = value.get("name")
    return Category(
        id=own,
        names={k: v for k, v in names.items() if isinstance(v, str)} if isinstance(names, dict) else {},
        ancestors=tuple(dict.fromkeys(above for above in _ancestors(value) if above != own)),
    )


def _ancestors(category: Mapping[str, Any]) -> Iterator[str]:
    """Nearest first. `hierarchy` and `path` run from the root down; a parent known only to one of them counts too."""
    hierarchy, path = category.get("hierarchy"), category.get("path")
    nodes = [node for node in hierarchy if isinstance(node, dict)] if isinstance(hierarchy, list) else []
    candidates = [
        category.get("parent_id"),
        *(node.get("category_id") for node in reversed(nodes)),
        *(reversed(path) if isinstance(path, list) else ()),
    ]
    yield from (found for found in map(identifier, candidates) if found)


def read_channel_categories(value: Any, remarks: list[str]) -> dict[str, Category]:
    """Sales channel -> the category the PIM gives the product there. What cannot be read is left out with a remark."""
    if value in EMPTY:
        return {}
    found: dict[str, Category] = {}
    for place, entry in enumerate(value if isinstance(value, list) else [value]):
        path = f"channel_categories[{place}]"
        code = identifier(entry.get("channel_code")) if isinstance(entry, dict) else None
        category = read_category(entry.get("category"), f"{path}.category") if isinstance(entry, dict) else None
        if code is None or isinstance(category, Problem):
            remarks.append(f"{path} is left out: it does not name a sales channel and a category_id")
        elif category is not None:
            found[code] = category
    return found


def read_channels(value: Any) -> frozenset[str] | Problem | None:
    """The PIM's sales channels of a product; None where it says none at all, empty where it was taken out of all."""
    if value is None:
        return None
    codes = value if isinstance(value, list) else [value]
    if not all(isinstance(code, str) for code in codes):
        return wrong_shape("channels", "channels", "a list of codes", value)
    return frozenset(filter(None, map(str.strip, codes)))
