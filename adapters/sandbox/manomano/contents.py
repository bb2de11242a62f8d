"""How ManoMano takes a feed: records by their SKU, content to be approved, price and stock where they are not frozen.

Which separator it takes is not known, so it looks for one in the header.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from adapters.sandbox.manomano.errors import Json
from adapters.sandbox.manomano.state import Content, Shop

_MANDATORY = ("sku", "brand", "title", "description", "image_1")


def import_feed(shop: Shop, data: bytes) -> Json:
    """Take over a file; what it has no more leaves the feed. Answers what the import log would say."""
    text = data.decode("utf-8")
    header = text.partition("\n")[0]
    separator = max(";,\t", key=header.count)
    taken, errors = 0, []
    seen: set[str] = set()
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator), start=1):
        cells = {name: value for name, value in row.items() if name and value}
        missing = [name for name in _MANDATORY if not cells.get(name)]
        if not cells.get("ean") and not cells.get("sku_manufacturer"):
            missing.append("ean or sku_manufacturer")
        if missing:
            errors.append({"line": number, "sku": cells.get("sku"), "missing": missing})
            continue
        taken += 1
        seen.add(cells["sku"])
        _take(shop, cells)
    for sku, content in shop.contents.items():
        content.in_feed = sku in seen
    return {"taken": taken, "errors": errors}


def _take(shop: Shop, cells: Mapping[str, str]) -> None:
    sku = cells["sku"]
    known = shop.contents.get(sku)
    if known is None or known.row != cells:
        shown = shop.approved(sku) if known is not None else None
        shop.contents[sku] = Content(cells, shop.clock(), shown=shown)
    _take_figures(shop, cells)


def _take_figures(shop: Shop, cells: Mapping[str, str]) -> None:
    """An offer feed overwrites what the API did not freeze."""
    offer = shop.offers.get(cells["sku"])
    if offer is None:
        return
    if "quantity" in cells and "STOCK" not in offer.frozen and cells["quantity"].isdigit():
        offer.stock = int(cells["quantity"])
    if "product_price_vat_inc" in cells and "PRICE" not in offer.frozen:
        try:
            offer.price = str(Decimal(cells["product_price_vat_inc"]).quantize(Decimal("0.01")))
        except InvalidOperation:
            return
