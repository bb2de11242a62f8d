"""Reads a PIM document, in any of the shapes seen in the wild, into a typed product.

The only code that knows the PIM's names, with the parts it is made of: `leaves`, `pricing`, `packagings`, `locations`,
`placing`, `images`, `attributes`, `barcodes`. Anything that is read gives either a value or a Problem in words; nothing
is guessed, unknown fields are ignored, and no document makes it raise. Leaves may be Extended JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.model import Problem
from consumer.listings.attributes import Attributes, read_attributes
from consumer.listings.barcodes import read_gtins
from consumer.listings.figures import number, read_figure, read_quantity
from consumer.listings.images import read_images
from consumer.listings.leaves import (
    EMPTY,
    first,
    identifier,
    language_tag,
    read_flag,
    read_texts,
    read_word,
    wrong_shape,
)
from consumer.listings.locations import Locations, read_locations
from consumer.listings.packagings import read_packagings
from consumer.listings.placing import read_category, read_channel_categories, read_channels
from consumer.listings.pricing import is_price_map, read_prices, read_promotions
from consumer.listings.product import Category, Measure, Prices, Product, Size, Texts

ALIASES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "title"),
    "description": ("description", "long_description", "short_description"),
    "pricing": ("pricing", "price"),
    "quantity": ("quantity", "stock_quantity"),
    "locations": ("stock_by_location", "stock_locations", "inventory", "warehouses"),
    "brand": ("brand",),
    "images": ("images", "gallery"),
    "barcodes": ("ean", "barcode"),
    "parent": ("parent_entity_code", "parent_sku"),
    "variants": ("variants_entity_code", "variants_sku", "variations_entity_code", "variations_sku"),
}
"""Our name -> names in the PIM, the schema's own first. The first that holds anything counts."""

_LABELS = ("label", "name")


def read_product(document: Mapping[str, Any], entity_code: str, *, text_language: str = "it") -> Product:
    """The product in a document of `pimproducts`. text_language: what texts without a language are written in."""
    return _Reading(document, entity_code, text_language).product()


class _Reading:
    """One pass over one document; collects the problems on the way."""

    def __init__(self, document: Mapping[str, Any], entity_code: str, text_language: str) -> None:
        self.document = document
        self.entity_code = entity_code
        self.text_language = text_language
        self.problems: list[Problem] = []
        self.remarks: list[str] = []

    def product(self) -> Product:
        document, problems = self.document, self.problems
        attributes, wrong = read_attributes(document.get("attributes"))
        problems.extend(wrong)
        return Product(
            entity_code=self.entity_code,
            sku=read_word(document, "sku", problems) or self.entity_code,
            # The PIM marks one version of each product, and capture takes nothing without that mark as a product.
            current=read_flag(document, "isCurrent", problems),
            status=read_word(document, "status", problems),
            hidden=read_flag(document, "not_visible", problems),
            product_status=read_word(document, "product_status", problems),
            channels=read_channels(document.get("channels")),
            parent=identifier(self._first("parent")),
            variants=self._variants(),
            names=read_texts(self._first("name"), "title", "name", self.text_language, problems),
            descriptions=self._descriptions(),
            short_descriptions=self._optional_texts("short_description"),
            brand=self._brand(),
            model=read_word(document, "product_model", problems) or None,
            barcodes=self._barcodes(),
            images=self._images(),
            category=self._category(),
            channel_categories=read_channel_categories(document.get("channel_categories"), self.remarks),
            product_type=self._product_type(),
            attributes=attributes,
            specifications=self._specifications(),
            features=self._features(),
            size=self._size(),
            prices=self._prices(),
            quantity=read_quantity(self._first("quantity")),
            locations=self._locations(),
            packagings=read_packagings(document.get("packaging_options"), self.text_language),
            promotions=read_promotions(document.get("promotions")),
            problems=tuple(problems),
            remarks=tuple(self.remarks),
        )

    def _first(self, name: str) -> Any:
        return first(self.document, ALIASES[name])

    def _path(self, name: str, value: Any) -> str:
        """Under which of its names a value stands."""
        return next(alias for alias in ALIASES[name] if self.document.get(alias) is value)

    def _wrong(self, field: str, path: str, expected: str, value: Any) -> None:
        self.problems.append(wrong_shape(field, path, expected, value))

    def _descriptions(self) -> Texts:
        """Per language the first of description, long and short description that is filled."""
        texts: dict[str, str] = {}
        for path in reversed(ALIASES["description"]):
            value = self.document.get(path)
            texts.update(read_texts(value, "description", path, self.text_language, self.problems))
        return texts

    def _optional_texts(self, path: str) -> Texts:
        return read_texts(self.document.get(path), path, path, self.text_language, [])

    def _brand(self) -> str | None:
        value = self._first("brand")
        if isinstance(value, dict):
            value = next((value[name] for name in _LABELS if value.get(name)), None)
        if isinstance(value, str):
            return value.strip() or None
        if value is not None:
            self._wrong("brand", "brand", "a map with a label", value)
        return None

    def _category(self) -> Category | None:
        found = read_category(self.document.get("category"))
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found

    def _product_type(self) -> str:
        value = self.document.get("product_type")
        if isinstance(value, dict):
            value = first(value, ("code", "product_type_id"))
        return identifier(value) or ""

    def _variants(self) -> int:
        value = self._first("variants")
        if isinstance(value, list):
            return len(value)
        if value is not None:
            self._wrong("variants", "variants_entity_code", "a list", value)
        return 0

    def _barcodes(self) -> tuple[str, ...]:
        usable, remarks = read_gtins(self._first("barcodes"), "ean", self.problems)
        self.remarks.extend(remarks)
        return usable

    def _images(self) -> tuple[str, ...]:
        # The older shape: one cover beside the gallery.
        cover = self.document.get("image") if self.document.get("images") in EMPTY else None
        return read_images(self._first("images"), cover, self.entity_code, self.problems)

    def _specifications(self) -> Attributes:
        found, wrong = read_attributes(self.document.get("technical_specifications"), "technical_specifications")
        self.remarks.extend(f"{problem.message}, and is left out" for problem in wrong)
        return found

    def _features(self) -> dict[str, tuple[str, ...]]:
        """Language -> selling points; a list without language is in the language of plain texts."""
        value = self.document.get("marketing_features")
        by_language = {self.text_language: value} if isinstance(value, list) else value
        if not isinstance(by_language, dict):
            return {}
        found = {
            language_tag(language): tuple(point.strip() for point in points if isinstance(point, str) and point.strip())
            for language, points in by_language.items()
            if isinstance(points, list)
        }
        return {language: points for language, points in found.items() if points}

    def _size(self) -> Size:
        dimension = identifier(self.document.get("dimension_uom")) or ""
        return Size(
            weight=self._measure("weight", identifier(self.document.get("weight_uom")) or ""),
            length=self._measure("dimension_length", dimension),
            width=self._measure("dimension_width", dimension),
            height=self._measure("dimension_height", dimension),
        )

    def _measure(self, path: str, unit: str) -> Measure | None:
        value = self.document.get(path)
        if value in EMPTY:
            return None
        figure = number(value)
        if figure is None or figure < 0:
            self.remarks.append(f"{path} is left out: it is not a number of 0 or more")
            return None
        return Measure(figure, unit.upper()) if figure else None

    def _prices(self) -> Prices:
        value = self._first("pricing")
        if value is None:
            return Prices()
        if is_price_map(value):
            return read_prices(value, "pricing", self.problems)
        # The older shape: one number, the price the goods are sold at.
        path = self._path("pricing", value)
        currency = read_word(self.document, "currency", self.problems).upper() or None
        return Prices(retail=read_figure(value, "price", path), currency=currency)

    def _locations(self) -> Locations | Problem | None:
        value = self._first("locations")
        return None if value is None else read_locations(value, self._path("locations", value))
