"""A product of the PIM, typed. The only shape the rules see; `reader` makes it from whatever the PIM holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from adapters.model import Problem

Texts = Mapping[str, str]
"""Language in lower case ("it", "en-gb") -> text. Never holds a blank text."""

Figure = Decimal | Problem | None
"""A number, why it cannot be read, or None where the PIM has none. Never NaN or infinite."""


@dataclass(frozen=True, slots=True)
class Prices:
    """The PIM's prices per piece.

    list: often what the goods cost. retail: the recommended price. sale: the reduced one. currency: as written in the
    PIM, in capitals. vat_rate: percent. vat_included: None where the PIM does not say.
    """

    list: Figure = None
    retail: Figure = None
    sale: Figure = None
    currency: str | None = None
    vat_rate: Figure = None
    vat_included: bool | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """The PIM's category. ancestors: ids from the nearest up to the root."""

    id: str
    names: Texts
    ancestors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One property as a person reads it. values: in the order of the PIM, not empty."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    current: this document is the newest version. status: draft, published, archived, or "" where the PIM has none.
    product_status: a free word of the seller's ERP. variants: how many children it groups. descriptions: long text,
    the short one where there is no other. barcodes: valid GTINs that may leave the house. images: addresses, cover
    first, no placeholders. attributes: language -> attributes; "" = no language said. quantity: pieces, negative when
    oversold; a missing one is a Problem. problems: what could not be read of the other fields. remarks: what is left
    out and keeps nobody from listing the product, in words.
    """

    entity_code: str
    sku: str
    current: bool
    status: str
    hidden: bool
    product_status: str
    variants: int
    names: Texts
    descriptions: Texts
    brand: str | None
    model: str | None
    barcodes: tuple[str, ...]
    images: tuple[str, ...]
    category: Category | None
    attributes: Mapping[str, tuple[Attribute, ...]]
    prices: Prices
    quantity: int | Problem
    problems: tuple[Problem, ...] = field(default=())
    remarks: tuple[str, ...] = ()
