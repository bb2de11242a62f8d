"""The product types of the stand-in and their definitions: a JSON Schema for each marketplace, set of requirements and
level in a family, with its checksum."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.sandbox.amazon.attributes import IDENTITY, OFFER, PRODUCT, variation_theme
from adapters.sandbox.amazon.schemas import Check, compile_schema
from adapters.sandbox.amazon.world import MARKETPLACES

Json = dict[str, Any]

VERSION = "UEXHS0pTQU5EQk9Y"
_VOCABULARY = "https://schemas.amazon.com/selling-partners/definitions/product-types"
META_SCHEMA_ID = f"{_VOCABULARY}/meta-schema/v1"
_EVERYWHERE = (
    "item_name",
    "brand",
    "product_description",
    "bullet_point",
    "country_of_origin",
    "supplier_declared_dg_hz_regulation",
)
_OFFER_REQUIRED = ("condition_type", "purchasable_offer", "fulfillment_availability")
_PARENT_HAS_NOT = frozenset(
    {*OFFER, "externally_assigned_product_identifier", "child_parent_sku_relationship"} - {"condition_type"}
)


@dataclass(frozen=True, slots=True)
class ProductType:
    """One of Amazon's product types. words: what finds it. required: beyond what every type wants."""

    name: str
    titles: Mapping[str, str]
    words: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    themes: tuple[str, ...] = ("COLOR", "SIZE", "SIZE/COLOR", "STYLE", "MATERIAL")

    def title(self, locale: str) -> str:
        """Its name for people, in English where there is no other."""
        return self.titles.get(locale[:2], self.titles["en"])


@dataclass(frozen=True, slots=True)
class Demand:
    """Which definition is wanted. requirements: LISTING or a part of it. level: "", NONE, CHILD or PARENT."""

    product_type: str
    marketplace: str
    requirements: str = "LISTING"
    enforced: bool = True
    level: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A schema with its bytes as they are served. check: of whole submissions; parts: of single attributes."""

    demand: Demand
    schema: Json
    document: bytes
    check: Check
    parts: Mapping[str, Check]

    @property
    def checksum(self) -> str:
        """Base64 of the document's MD5, as Amazon gives it."""
        return checksum(self.document)

    def selectors(self, attribute: str) -> list[str]:
        """The fields that tell the attribute's values apart."""
        found: list[str] = self.schema["properties"][attribute]["selectors"]
        return found


def _type(name: str, english: str, italian: str, words: str = "", required: tuple[str, ...] = ()) -> ProductType:
    return ProductType(name, {"en": english, "it": italian}, tuple(words.split()), required)


PRODUCT_TYPES: Mapping[str, ProductType] = {
    one.name: one
    for one in (
        _type("PRODUCT", "Product", "Prodotto"),
        _type("HELMET", "Helmet", "Casco", "casco helmet moto integrale modulare jet", ("color", "size")),
        _type("PROTECTIVE_GLOVE", "Protective glove", "Guanto protettivo", "guanti gloves moto", ("color", "size")),
        _type("AUTO_ACCESSORY", "Vehicle accessory", "Accessorio per veicoli", "moto accessori accessory bauletto"),
        _type("BACKPACK", "Backpack", "Zaino", "zaino backpack borsa"),
        _type("COAT", "Coat", "Giacca", "giacca coat jacket cappotto"),
        _type("BOOT", "Boot", "Stivale", "stivali boot scarpe"),
        _type("CHAIR", "Chair", "Sedia", "sedia chair sedie"),
        _type("CLOCK", "Clock", "Orologio da parete", "orologio clock"),
        _type("BOWL", "Bowl", "Ciotola", "ciotola bowl"),
        _type("BRACELET", "Bracelet", "Bracciale", "bracciale bracelet"),
        _type("CAMERA_DIGITAL", "Digital camera", "Fotocamera digitale", "fotocamera camera"),
        _type("TOOLS", "Tool", "Utensile", "martello trapano hammer drill tool knife axe"),
        _type("DRINKING_CUP", "Drinking cup", "Tazza", "tazza tazzina mug cup"),
        _type("HOME", "Home", "Casa", "casa home"),
    )
}


class Definitions:
    """All definitions, each made once. required: attributes that a product type wants besides, by its name."""

    def __init__(self, required: Mapping[str, tuple[str, ...]]) -> None:
        self._required = required
        self._made: dict[Demand, Definition] = {}

    def find(self, demand: Demand) -> Definition:
        """The definition that is asked for. Raises KeyError for a product type or marketplace that is not here."""
        found = self._made.get(demand)
        if found is None:
            found = self._made[demand] = self._make(demand)
        return found

    def _make(self, demand: Demand) -> Definition:
        product_type = PRODUCT_TYPES[demand.product_type]
        schema = schema_of(product_type, demand, self._required.get(product_type.name, ()))
        parts = {name: compile_schema(part, schema) for name, part in schema["properties"].items()}
        return Definition(demand, schema, orjson.dumps(schema), compile_schema(schema, schema), parts)


def schema_of(product_type: ProductType, demand: Demand, more: tuple[str, ...] = ()) -> Json:
    """The JSON Schema of a product type. more: further attributes that are required."""
    properties = {name: make() for name, make in _attributes(demand.requirements).items()}
    if demand.requirements != "LISTING_OFFER_ONLY":
        properties["variation_theme"] = variation_theme(product_type.themes)
    if demand.level in ("NONE", "PARENT"):
        dropped = _PARENT_HAS_NOT if demand.level == "PARENT" else {"parentage_level", "child_parent_sku_relationship"}
        properties = {name: part for name, part in properties.items() if name not in dropped}
    schema: Json = {
        "$schema": META_SCHEMA_ID,
        "$id": f"{_VOCABULARY}/schema/v1/{product_type.name}",
        "$comment": f"Amazon product type definition for {product_type.name} (a stand-in's own)",
        "$defs": _definitions_of(demand.marketplace),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    # PRODUCT is Amazon's generic type: it demands sales terms, and facts of no kind of product
    if demand.enforced and (product_type.name != "PRODUCT" or demand.requirements == "LISTING_OFFER_ONLY"):
        schema.update(_enforced(product_type, demand, (*product_type.required, *more), properties))
    return schema


def _attributes(requirements: str) -> Mapping[str, Any]:
    if requirements == "LISTING_OFFER_ONLY":
        return {**OFFER, **IDENTITY}
    if requirements == "LISTING_PRODUCT_ONLY":
        return {**PRODUCT, **IDENTITY}
    return {**PRODUCT, **IDENTITY, **OFFER}


def _definitions_of(marketplace: str) -> Json:
    place = MARKETPLACES[marketplace]
    return {
        "marketplace_id": _fixed(marketplace, place.domain),
        "language_tag": _fixed(place.locale, place.locale),
        "currency": _fixed(place.currency, place.currency),
    }


def _fixed(value: str, name: str) -> Json:
    return {
        "type": "string",
        "enum": [value],
        "enumNames": [name],
        "default": value,
        "editable": False,
        "hidden": True,
    }


def _enforced(product_type: ProductType, demand: Demand, more: tuple[str, ...], properties: Json) -> Json:
    """What must be there: product facts, sales terms but for a parent, and a product that the offer is for."""
    facts = [] if demand.requirements == "LISTING_OFFER_ONLY" else [*_EVERYWHERE, *more]
    terms = [] if demand.requirements == "LISTING_PRODUCT_ONLY" else list(_OFFER_REQUIRED)
    identity = ["externally_assigned_product_identifier", "merchant_suggested_asin"]
    exemption = "supplier_declared_has_product_identifier_exemption"
    identified = {"anyOf": [{"required": [name]} for name in (*identity, exemption) if name in properties]}
    as_child = {"required": ["child_parent_sku_relationship", "variation_theme", *terms]}
    if demand.level == "PARENT":
        return {"required": ["parentage_level", "variation_theme", *facts]}
    if demand.level == "CHILD":
        return {"required": [*as_child["required"], *facts], "allOf": [identified]}
    if demand.level == "NONE" or not facts:
        return {"required": [*facts, *terms], "allOf": [identified]}
    return {
        "required": facts,
        "allOf": [
            {
                "if": {"required": ["parentage_level"], "properties": {"parentage_level": _says("parent")}},
                "then": {"required": ["variation_theme"]},
                "else": {"required": terms, "allOf": [identified]},
            },
            {
                "if": {"required": ["parentage_level"], "properties": {"parentage_level": _says("child")}},
                "then": as_child,
            },
        ],
    }


def _says(value: str) -> Json:
    return {"contains": {"required": ["value"], "properties": {"value": {"enum": [value]}}}}


def checksum(document: bytes) -> str:
    """Base64 of the MD5."""
    return base64.b64encode(hashlib.md5(document, usedforsecurity=False).digest()).decode()


def groups_of(schema: Json) -> Json:
    """The schema's attributes by theme, as people see them in a form."""
    names = set(schema["properties"])
    offer = sorted(names & OFFER.keys())
    images = sorted(name for name in names if "image_locator" in name)
    identity = sorted(names & IDENTITY.keys())
    rest = sorted(names - set(offer) - set(images) - set(identity))
    titled = {
        "offer": ("Offerta", offer),
        "product_details": ("Dettagli del prodotto", rest),
        "product_identity": ("Identità del prodotto", identity),
        "images": ("Immagini", images),
    }
    return {key: {"title": title, "propertyNames": parts} for key, (title, parts) in titled.items() if parts}


_COUNT = {"type": "integer", "minimum": 0}
META_SCHEMA = orjson.dumps(
    {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": META_SCHEMA_ID,
        "$vocabulary": {
            "https://json-schema.org/draft/2019-09/vocab/core": True,
            "https://json-schema.org/draft/2019-09/vocab/applicator": True,
            "https://json-schema.org/draft/2019-09/vocab/validation": True,
            "https://json-schema.org/draft/2019-09/vocab/meta-data": True,
            f"{_VOCABULARY}/vocabulary/v1": True,
        },
        "allOf": [{"$ref": "https://json-schema.org/draft/2019-09/schema"}],
        "properties": {
            "selectors": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            **{f"{bound}{what}": _COUNT for bound in ("min", "max") for what in ("UniqueItems", "Utf8ByteLength")},
            **{name: {"type": "boolean"} for name in ("editable", "hidden")},
            "enumNames": {"type": "array", "items": {"type": "string"}},
        },
    }
)
"""Our writing of the meta-schema, by the documented vocabulary."""
