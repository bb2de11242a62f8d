"""How a group's stock is lowered as a whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.amazon.reading import Item, merchant_quantity


def shared_out(quantity: int, children: Mapping[str, Item]) -> dict[str, int]:
    """So many pieces over the versions: none sells more than it does now, all together no more than `quantity`."""
    left = quantity
    figures = {}
    for sku in sorted(children):
        figures[sku] = min(left, merchant_quantity(children[sku]) or 0)
        left -= figures[sku]
    return figures
