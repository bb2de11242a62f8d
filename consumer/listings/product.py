"""A product of the PIM, typed. The only shape the rules see; `reader` makes it from whatever the PIM holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from adapters.model import Problem
from adapters.values import value_object

Texts = Mapping[str, str]
"""Language in lower case ("it", "en-gb") -> text. Never holds a blank text."""

Figure = Decimal | Problem | None
"""A number, why it cannot be read, or None where the PIM has none. Never NaN or infinite."""


@value_object
class Prices:
    """The PIM's prices of one piece, or of one packaging.

    list: often what the goods cost. retail: the recommended price. sale: the reduced one. currency: as written in the
    PIM, in capitals. vat_rate: percent. vat_included: None where the PIM does not say.
    """

    list: Figure = None
    retail: Figure = None
    sale: Figure = None
    currency: str | None = None
    vat_rate: Figure = None
    vat_included: bool | None = None


@value_object
class Packaging:
    """One way the goods are packed: a piece, a box of six, a pallet.

    code: the PIM's, such as PZ or CT. pieces: how many are in it, above 0, or why that cannot be told. sellable: False
    where the PIM says that nobody sells it so. barcodes: its own, valid. prices: its own, of the whole packaging.
    """

    code: str
    pieces: Decimal | Problem
    default: bool = False
    smallest: bool = False
    sellable: bool = True
    labels: Texts = field(default_factory=dict)
    barcodes: tuple[str, ...] = ()
    prices: Prices = Prices()


@value_object
class Promotion:
    """A price for a time. starts: from then on; ends: not from then on; UTC, None = open."""

    code: str
    price: Figure
    starts: datetime | None
    ends: datetime | None

    def runs(self, at: datetime) -> bool:
        """Whether it holds at this moment."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)


@value_object
class Category:
    """The PIM's category. ancestors: ids from the nearest up to the root."""

    id: str
    names: Texts
    ancestors: tuple[str, ...] = ()

    @property
    def lineage(self) -> tuple[str, ...]:
        """Its own id, then those above it, the nearest first."""
        return (self.id, *self.ancestors)


@value_object
class Attribute:
    """One property as a person reads it. values: in the order of the PIM, not empty. key: the PIM's name for it, or
    the label where it has none."""

    label: str
    values: tuple[str, ...]
    key: str = ""


@value_object
class Measure:
    """A weight or a length. unit: as written in the PIM, in capitals, "" where it does not say."""

    value: Decimal
    unit: str = ""


@value_object
class Size:
    """What it weighs and measures, as far as the PIM says."""

    weight: Measure | None = None
    length: Measure | None = None
    width: Measure | None = None
    height: Measure | None = None


@value_object
class Product:
    """One product.

    current: this document is the newest version. status: draft, published, archived, or "" where the PIM has none.
    product_status: a free word of the seller's ERP. channels: the PIM's sales channels; None where it says none.
    parent: the code of the product it is a variant of. variants: how many children it says that it groups.
    descriptions: long text, the short one where there is no other. barcodes: valid GTINs that may leave the house.
    images: addresses, cover first, no placeholders. channel_categories: PIM sales channel -> its own category.
    product_type: code of the PIM's type. attributes, specifications: language -> attributes; "" = no language said.
    features: language -> selling points. quantity: pieces, negative when oversold; a missing one is a Problem.
    locations: place -> pieces there; None where the PIM has no such figures. packagings, promotions: as the PIM has
    them. problems: what could not be read of the fields every listing needs; a field that only some rules use is itself
    the Problem. remarks: what is left out and keeps nobody from listing the product, in words.
    sold: pieces that a channel sold and the PIM has not taken off yet; `quantity` and `locations` hold them still.
    """

    entity_code: str
    sku: str
    current: bool
    status: str
    hidden: bool
    product_status: str
    channels: frozenset[str] | Problem | None
    parent: str | None
    variants: int
    names: Texts
    descriptions: Texts
    short_descriptions: Texts
    brand: str | None
    model: str | None
    barcodes: tuple[str, ...]
    images: tuple[str, ...]
    category: Category | None
    channel_categories: Mapping[str, Category]
    product_type: str
    attributes: Mapping[str, tuple[Attribute, ...]]
    specifications: Mapping[str, tuple[Attribute, ...]]
    features: Mapping[str, tuple[str, ...]]
    size: Size
    prices: Prices
    quantity: int | Problem
    locations: Mapping[str, int | Problem] | Problem | None
    packagings: tuple[Packaging, ...] | Problem
    promotions: tuple[Promotion, ...] | Problem
    problems: tuple[Problem, ...] = field(default=())
    remarks: tuple[str, ...] = ()
    sold: int = 0
