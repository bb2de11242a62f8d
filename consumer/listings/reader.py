"""Reads a PIM document, in any of the shapes seen in the wild, into a typed product.

The one place that knows the PIM's names. Anything that is read gives either a value or a Problem in words; nothing is
guessed, unknown fields are ignored, and no document makes it raise. Leaves may be Extended JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.model import Problem
from consumer.listings.attributes import read_attributes
from consumer.listings.barcodes import sort_gtins
from consumer.listings.figures import read_figure, read_quantity, shown
from consumer.listings.product import Category, Figure, Prices, Product, Texts

ALIASES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "title"),
    "description": ("description", "long_description", "short_description"),
    "pricing": ("pricing", "price"),
    "quantity": ("quantity", "stock_quantity"),
    "brand": ("brand",),
    "images": ("images", "gallery"),
    "barcodes": ("ean", "barcode"),
    "variants": ("variants_entity_code", "variants_sku", "variations_entity_code", "variations_sku"),
}
"""Our name -> names in the PIM, the schema's own first. The first that holds anything counts."""

_LABELS = ("label", "name")
_ADDRESSES = ("url", "original")
_EMPTY: tuple[Any, ...] = (None, "", [], {})


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
        self.remarks: tuple[str, ...] = ()

    def product(self) -> Product:
        attributes, problems = read_attributes(self.document.get("attributes"))
        self.problems.extend(problems)
        brand = self._brand()
        category = self._category()
        return Product(
            entity_code=self.entity_code,
            sku=self._word("sku") or self.entity_code,
            # The PIM marks one version of each product, and capture takes nothing without that mark as a product.
            current=self._flag("isCurrent", missing=False),
            status=self._word("status"),
            hidden=self._flag("not_visible", missing=False),
            product_status=self._word("product_status"),
            variants=self._variants(),
            names=self._texts(ALIASES["name"][0], "title", self._first("name")),
            descriptions=self._descriptions(),
            brand=brand,
            model=self._word("product_model") or None,
            barcodes=self._barcodes(),
            images=self._images(),
            category=category,
            attributes=attributes,
            prices=self._prices(),
            quantity=read_quantity(self._first("quantity")),
            problems=tuple(self.problems),
            remarks=self.remarks,
        )

    def _first(self, name: str) -> Any:
        for alias in ALIASES[name]:
            value = self.document.get(alias)
            if value not in _EMPTY:
                return value
        return None

    def _wrong(self, field: str, path: str, expected: str, value: Any) -> None:
        self.problems.append(
            Problem(
                field=field,
                rule="wrong_shape",
                message=f"{path} is not {expected}",
                cure=f"Correct {path} in the PIM or in the import that writes it.",
                value=shown(value),
            )
        )

    def _word(self, path: str) -> str:
        """A short text without language; numbers are taken as written, "" where there is none."""
        value = self.document.get(path)
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value not in _EMPTY:
            self._wrong(path, path, "a text", value)
        return ""

    def _flag(self, path: str, *, missing: bool) -> bool:
        value = self.document.get(path)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._wrong(path, path, "true or false", value)
        return missing

    def _texts(self, path: str, field: str, value: Any) -> Texts:
        """A text, or a map from language to text."""
        if isinstance(value, str):
            return {self.text_language: value.strip()} if value.strip() else {}
        if not isinstance(value, dict):
            if value is not None:
                self._wrong(field, path, "a text or a map from language to text", value)
            return {}
        texts = {}
        for language, text in value.items():
            if isinstance(text, str):
                if text.strip():
                    texts[language.lower().replace("_", "-")] = text.strip()
            elif text is not None:
                self._wrong(field, f"{path}.{language}", "a text", text)
        return texts

    def _descriptions(self) -> Texts:
        """Per language the first of description, long and short description that is filled."""
        texts: dict[str, str] = {}
        for path in reversed(ALIASES["description"]):
            texts.update(self._texts(path, "description", self.document.get(path)))
        return texts

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
        value = self.document.get("category")
        if value in _EMPTY:
            return None
        identifier = _identifier(value.get("category_id")) if isinstance(value, dict) else None
        if identifier is None or not isinstance(value, dict):
            self._wrong("category", "category", "a map with a category_id", value)
            return None
        names = value.get("name")
        return Category(
            id=identifier,
            names={k: v for k, v in names.items() if isinstance(v, str)} if isinstance(names, dict) else {},
            ancestors=tuple(dict.fromkeys(a for a in _ancestors(value) if a != identifier)),
        )

    def _variants(self) -> int:
        value = self._first("variants")
        if isinstance(value, list):
            return len(value)
        if value is not None:
            self._wrong("variants", "variants_entity_code", "a list", value)
        return 0

    def _barcodes(self) -> tuple[str, ...]:
        value = self._first("barcodes")
        codes = value if isinstance(value, list) else [] if value is None else [value]
        if any(isinstance(code, dict | list | bool) for code in codes):
            self._wrong("gtins", "ean", "a list of texts", value)
            return ()
        usable, self.remarks = sort_gtins(str(code) for code in codes)
        return usable

    def _prices(self) -> Prices:
        value = self._first("pricing")
        if value is None:
            return Prices()
        if not isinstance(value, dict) or any(key.startswith("$") for key in value):
            # The older shape: one number, the price the goods are sold at.
            path = next(alias for alias in ALIASES["pricing"] if self.document.get(alias) is value)
            return Prices(retail=read_figure(value, "price", path), currency=self._word("currency").upper() or None)
        figures: dict[str, Figure] = {
            name: read_figure(value.get(name), "price", f"pricing.{name}")
            for name in ("list", "retail", "sale", "vat_rate")
        }
        currency, vat_included = value.get("currency"), value.get("vat_included")
        if not isinstance(currency, str | None):
            self._wrong("price", "pricing.currency", "a text", currency)
            currency = None
        if not isinstance(vat_included, bool | None):
            self._wrong("price", "pricing.vat_included", "true or false", vat_included)
            vat_included = None
        return Prices(**figures, currency=(currency or "").strip().upper() or None, vat_included=vat_included)

    def _images(self) -> tuple[str, ...]:
        value = self._first("images")
        if not isinstance(value, list | None):
            self._wrong("images", "images", "a list", value)
            return ()
        found: list[tuple[float, str]] = []
        if self.document.get("images") in _EMPTY:  # the older shape: one cover beside the gallery
            found.extend(self._image("image", -1, self.document.get("image")))
        for place, entry in enumerate(value or ()):
            found.extend(self._image(f"images[{place}]", place, entry))
        found.sort(key=lambda image: image[0])
        return tuple(dict.fromkeys(address for _, address in found))

    def _image(self, path: str, place: int, entry: Any) -> Iterator[tuple[float, str]]:
        position: Any = place
        address = entry
        if isinstance(entry, dict):
            address = next((entry[name] for name in _ADDRESSES if entry.get(name)), None)
            position = entry.get("position", place)
        if address in _EMPTY:
            return
        if not isinstance(address, str):
            self._wrong("images", path, "an address", address)
            return
        if not self._is_placeholder(address):
            yield position if isinstance(position, int | float) else place, address.strip()

    def _is_placeholder(self, address: str) -> bool:
        """The picture the PIM's import writes when a product has none."""
        stem = _file_stem(address)
        return stem in ("placeholder", "placeholder-product", f"placeholder-{self.entity_code.lower()}")


def _file_stem(address: str) -> str:
    name = re.split(r"[?#]", address, maxsplit=1)[0].rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[0].lower()


def _identifier(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _ancestors(category: Mapping[str, Any]) -> Iterator[str]:
    """Nearest first. `hierarchy` and `path` run from the root down; a parent known only to one of them counts too."""
    hierarchy, path = category.get("hierarchy"), category.get("path")
    nodes = [node for node in hierarchy if isinstance(node, dict)] if isinstance(hierarchy, list) else []
    candidates = [
        category.get("parent_id"),
        *(node.get("category_id") for node in reversed(nodes)),
        *(reversed(path) if isinstance(path, list) else ()),
    ]
    yield from (found for found in map(_identifier, candidates) if found)
