"""What is sold as one: a piece of the product, or one of its packagings with barcodes and prices of its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from pydantic import Field

from adapters.model import Problem
from consumer.listings.product import Figure, Packaging, Prices, Product, Promotion, Size
from consumer.listings.rules.conditions import Names
from consumer.listings.rules.section import Section


class SalesUnit(Section):
    """What is sold as one, and by which barcode it goes."""

    packaging: str = Field(
        "", description="The code of the PIM's packaging that is sold, or: default, smallest. Empty = the piece."
    )
    price: Literal["packaging", "pieces"] = Field(
        "packaging",
        description="packaging: the packaging's own prices; pieces: those of the product, once for each piece in it.",
    )
    missing: Literal["problem", "piece"] = Field(
        "problem", description="What of a product without that packaging: it is a problem, or the piece is sold."
    )
    barcodes: Literal["all", "first", "last"] = Field(
        "all", description="Which of several barcodes are sent, in the order of the PIM."
    )
    prefixes: Names = Field(
        (), description="Barcodes that begin with one of these come before the others: a GS1 prefix or company number."
    )


def sold_as(product: Product, unit: SalesUnit) -> Product | Problem:
    """The product as it is sold: with the prices, barcodes and stock of one such unit."""
    if unit.packaging:
        packaging = _packaging(product, unit)
        if isinstance(packaging, Problem):
            return packaging
        if packaging is not None:
            product = _packed(product, packaging, unit)
            return replace(product, barcodes=_chosen(product.barcodes, unit))
    barcodes = _chosen(_of_the_piece(product), unit)
    return product if barcodes == product.barcodes else replace(product, barcodes=barcodes)


def _packaging(product: Product, unit: SalesUnit) -> Packaging | Problem | None:
    """None where the piece is sold in its place."""
    if isinstance(product.packagings, Problem):
        return product.packagings
    found = next((each for each in product.packagings if _is_meant(each, unit.packaging)), None)
    if found is None:
        if unit.missing == "piece":
            return None
        codes = ", ".join(each.code for each in product.packagings if each.code) or "none"
        return _problem(
            "missing",
            f"the product has no packaging {unit.packaging}",
            f"Add the packaging {unit.packaging} in the PIM, or choose another for the account (missing: piece sells"
            " the piece).",
            codes,
        )
    if not found.sellable:
        return _problem(
            "not_sellable",
            f"the PIM says that packaging {found.code or unit.packaging} is not for sale",
            "Set is_sellable of that packaging in the PIM, or choose another for the account.",
            found.code,
        )
    return found.pieces if isinstance(found.pieces, Problem) else found


def _is_meant(packaging: Packaging, code: str) -> bool:
    if code == "default":
        return packaging.default
    if code == "smallest":
        return packaging.smallest
    return packaging.code == code


def _packed(product: Product, packaging: Packaging, unit: SalesUnit) -> Product:
    pieces = packaging.pieces
    assert isinstance(pieces, Decimal)  # noqa: S101  for the type checker: looked at when the packaging was chosen
    by_piece = unit.price == "pieces"
    # A promotion is of the piece: with prices of its own the packaging has none.
    promotions = product.promotions if by_piece else ()
    return replace(
        product,
        prices=_times(product.prices, pieces) if by_piece else _own_prices(packaging.prices, product.prices),
        promotions=promotions if isinstance(promotions, Problem) else tuple(_more(each, pieces) for each in promotions),
        # The number of one piece would name another thing than a box of them.
        barcodes=packaging.barcodes or (_of_the_piece(product) if pieces == 1 else ()),
        quantity=_units(product.quantity, pieces),
        sold=int((product.sold / pieces).to_integral_value(ROUND_CEILING)),
        size=_heavier(product.size, pieces),
        locations=(
            {place: _units(stock, pieces) for place, stock in product.locations.items()}
            if isinstance(product.locations, dict)
            else product.locations
        ),
    )


def _heavier(size: Size, pieces: Decimal) -> Size:
    """The PIM weighs one piece."""
    if size.weight is None or pieces == 1:
        return size
    return replace(size, weight=replace(size.weight, value=size.weight.value * pieces))


def _own_prices(own: Prices, of_piece: Prices) -> Prices:
    """The packaging's figures; currency and VAT are the product's where the packaging does not say."""
    return replace(
        own,
        currency=own.currency or of_piece.currency,
        vat_rate=of_piece.vat_rate if own.vat_rate is None else own.vat_rate,
        vat_included=of_piece.vat_included if own.vat_included is None else own.vat_included,
    )


def _times(prices: Prices, pieces: Decimal) -> Prices:
    return replace(
        prices, list=_all(prices.list, pieces), retail=_all(prices.retail, pieces), sale=_all(prices.sale, pieces)
    )


def _all(figure: Figure, pieces: Decimal) -> Figure:
    return figure * pieces if isinstance(figure, Decimal) else figure


def _more(promotion: Promotion, pieces: Decimal) -> Promotion:
    return replace(promotion, price=_all(promotion.price, pieces))


def _units(stock: int | Problem, pieces: Decimal) -> int | Problem:
    """How many whole units these pieces make."""
    return stock if isinstance(stock, Problem) else int((stock / pieces).to_integral_value(ROUND_FLOOR))


def _of_the_piece(product: Product) -> tuple[str, ...]:
    """The product's barcodes without those that the PIM gives to a packaging of another size."""
    if isinstance(product.packagings, Problem) or not product.packagings:
        return product.barcodes
    of_more = {code for each in product.packagings if each.pieces != 1 for code in each.barcodes}
    return tuple(code for code in product.barcodes if code not in of_more)


def _chosen(barcodes: tuple[str, ...], unit: SalesUnit) -> tuple[str, ...]:
    if unit.prefixes:
        barcodes = tuple(sorted(barcodes, key=lambda code: not code.startswith(unit.prefixes)))
    if unit.barcodes == "first":
        return barcodes[:1]
    return barcodes[-1:] if unit.barcodes == "last" else barcodes


def _problem(rule: str, message: str, cure: str, value: str) -> Problem:
    return Problem(field="packaging", rule=rule, message=message, cure=cure, value=value)
