"""The attributes of product types, as JSON Schema in Amazon's dialect: every one an array of objects, told apart by its
selectors. Shapes are those of the documentation (facts page, sections 1 and 7); no product type schema of Amazon's own
was found in a licensed public place, so limits of single attributes are hand-made in that dialect."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

Json = dict[str, Any]

_PLACE = {"$ref": "#/$defs/marketplace_id"}
_LANGUAGE = {"$ref": "#/$defs/language_tag"}
CONDITIONS = (
    "new_new", "new_open_box", "new_oem", "refurbished_refurbished", "used_like_new", "used_very_good", "used_good",
    "used_acceptable", "collectible_like_new", "collectible_very_good", "collectible_good", "collectible_acceptable",
    "club_club",
)  # fmt: skip
COUNTRIES = ("IT", "DE", "FR", "ES", "GB", "PT", "PL", "RO", "CN", "VN", "TW", "JP", "KR", "IN", "BD", "TR", "US", "TH")
SHIPPING_GROUPS = {"legacy-template-id": "Modello standard", "sandbox-fast-template": "Spedizione rapida"}
_DANGEROUS_GOODS = ("ghs", "storage", "transportation", "waste", "other", "not_applicable", "unknown")


def _array(title: str, properties: Json, required: Sequence[str], selectors: Sequence[str], most: int = 1) -> Json:
    return {
        "title": title,
        "type": "array",
        "minItems": 1,
        "minUniqueItems": 1,
        "maxUniqueItems": most,
        "selectors": list(selectors),
        "items": {
            "type": "object",
            "required": list(required),
            "properties": properties,
            "additionalProperties": False,
        },
    }


def _placed(
    title: str, properties: Json, required: Sequence[str], selectors: Sequence[str] = (), most: int = 1
) -> Json:
    """One value for each marketplace (and further selector)."""
    return _array(
        title,
        {**properties, "marketplace_id": _PLACE},
        [*required, "marketplace_id"],
        ["marketplace_id", *selectors],
        most,
    )


def _text(title: str, longest: int, most: int = 1) -> Json:
    value = {"type": "string", "minLength": 1, "maxLength": longest}
    properties = {"value": value, "language_tag": _LANGUAGE}
    return _placed(title, properties, ["value", "language_tag"], ["language_tag"], most)


def _value(title: str, schema: Json, most: int = 1) -> Json:
    return _placed(title, {"value": schema}, ["value"], most=most)


def _choice(title: str, values: Sequence[str]) -> Json:
    return _value(title, {"type": "string", "enum": list(values), "enumNames": list(values)})


def _open_choice(title: str, values: Sequence[str], longest: int = 100) -> Json:
    """Known values, and any other text beside them."""
    text = {"type": "string", "minLength": 1, "maxLength": longest}
    schema = {"anyOf": [text, {"type": "string", "enum": list(values), "enumNames": list(values)}]}
    return _placed(title, {"value": schema, "language_tag": _LANGUAGE}, ["value", "language_tag"], ["language_tag"])


def _measure(title: str, units: Sequence[str]) -> Json:
    value = {"type": "number", "exclusiveMinimum": 0}
    return _placed(title, {"value": value, "unit": {"type": "string", "enum": list(units)}}, ["value", "unit"])


def _picture(title: str) -> Json:
    return _placed(
        title, {"media_location": {"type": "string", "minLength": 8, "maxUtf8ByteLength": 2000}}, ["media_location"]
    )


def _price(*more: str) -> Json:
    """A schedule of prices; more: further fields of one entry that are required."""
    dates = {name: {"type": "string"} for name in ("start_at", "end_at")}
    value = {"value_with_tax": {"type": "number", "exclusiveMinimum": 0, "maximum": 999_999_999}}
    entry = {
        "type": "object",
        "required": ["value_with_tax", *more],
        "properties": {**value, **dates},
        "additionalProperties": False,
    }
    schedule = {"type": "array", "minItems": 1, "maxItems": 1, "items": entry}
    prices = {
        "type": "object",
        "required": ["schedule"],
        "properties": {"schedule": schedule},
        "additionalProperties": False,
    }
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": prices}


def _offer() -> Json:
    prices = ("our_price", "minimum_seller_allowed_price", "maximum_seller_allowed_price", "map_price", "list_price")
    moment = {
        "type": "object",
        "required": ["value"],
        "properties": {"value": {"type": "string"}},
        "additionalProperties": False,
    }
    return _placed(
        "Offerta",
        {
            "currency": {"$ref": "#/$defs/currency"},
            "audience": {
                "type": "string",
                "enum": ["ALL", "B2B"],
                "enumNames": ["Tutti", "Business"],
                "default": "ALL",
            },
            **{name: _price() for name in prices},
            "discounted_price": _price("start_at", "end_at"),
            **dict.fromkeys(("start_at", "end_at"), moment),
        },
        ["currency", "our_price"],
        ["currency", "audience"],
    )


def _availability() -> Json:
    properties = {
        "fulfillment_channel_code": {
            "type": "string",
            "enum": ["DEFAULT", "AMAZON_EU"],
            "enumNames": ["Venditore", "Logistica di Amazon"],
        },
        "quantity": {"type": "integer", "minimum": 0, "maximum": 99_999_999},
        "is_inventory_available": {"type": "boolean"},
        "lead_time_to_ship_max_days": {"type": "integer", "minimum": 0, "maximum": 30},
        "restock_date": {"type": "string"},
        "marketplace_id": _PLACE,
    }
    schema = _array("Disponibilità", properties, ["fulfillment_channel_code"], ["fulfillment_channel_code"])
    schema["items"]["not"] = {"required": ["quantity", "is_inventory_available"]}
    return schema


OFFER = {
    "purchasable_offer": _offer,
    "fulfillment_availability": _availability,
    "condition_type": partial(_choice, "Condizione", CONDITIONS),
    "condition_note": partial(_text, "Note sulla condizione", 2000),
    "merchant_shipping_group": partial(
        _value,
        "Modello di spedizione",
        {"type": "string", "enum": list(SHIPPING_GROUPS), "enumNames": list(SHIPPING_GROUPS.values())},
    ),
    "merchant_suggested_asin": partial(_value, "ASIN suggerito", {"type": "string", "minLength": 10, "maxLength": 10}),
    "max_order_quantity": partial(_value, "Quantità massima", {"type": "integer", "minimum": 1}),
}
"""The sales terms: what LISTING_OFFER_ONLY has, by name."""

_IDENTIFIER = {
    "type": {"type": "string", "enum": ["ean", "gtin", "upc"], "enumNames": ["EAN", "GTIN", "UPC"]},
    "value": {"type": "string", "minLength": 8, "maxLength": 14},
}
_FLAG: Json = {"type": "boolean"}
_WORDS: Json = {"type": "string", "minLength": 1, "maxLength": 500}

IDENTITY = {
    "externally_assigned_product_identifier": partial(
        _placed, "Codice a barre", _IDENTIFIER, ["type", "value"], ["type"]
    ),
    "supplier_declared_has_product_identifier_exemption": partial(_value, "Esenzione dal codice", _FLAG),
}
"""What product the offer is for: in both parts of a listing."""

PRODUCT = {
    "item_name": partial(_text, "Titolo", 200),
    "title_differentiation": partial(_text, "Differenziazione del titolo", 125),
    "brand": partial(_text, "Marca", 100),
    "manufacturer": partial(_text, "Produttore", 100),
    "product_description": partial(_text, "Descrizione", 2000),
    "bullet_point": partial(_text, "Punti elenco", 500, 10),
    "generic_keyword": partial(_text, "Parole chiave", 500),
    "item_type_keyword": partial(_value, "Tipo di articolo", _WORDS),
    "recommended_browse_nodes": partial(_value, "Nodi di navigazione", _WORDS, 2),
    "part_number": partial(_value, "Codice del produttore", {"type": "string", "minLength": 1, "maxLength": 40}),
    "model_number": partial(_value, "Numero di modello", {"type": "string", "minLength": 1, "maxLength": 50}),
    "model_name": partial(_text, "Nome del modello", 100),
    "color": partial(_text, "Colore", 100),
    "size": partial(_text, "Taglia", 100),
    "material": partial(_text, "Materiale", 100, 5),
    "style": partial(_text, "Stile", 100),
    "pattern": partial(_text, "Motivo", 100),
    "theme": partial(_text, "Tema", 100),
    "special_feature": partial(_text, "Caratteristiche speciali", 150, 5),
    "department": partial(_open_choice, "Reparto", ("unisex-adult", "mens", "womens", "unisex-child")),
    "target_gender": partial(_choice, "Genere", ("male", "female", "unisex")),
    "country_of_origin": partial(_choice, "Paese di origine", COUNTRIES),
    "supplier_declared_dg_hz_regulation": partial(_choice, "Merci pericolose", _DANGEROUS_GOODS),
    "batteries_required": partial(_value, "Batterie necessarie", _FLAG),
    "batteries_included": partial(_value, "Batterie incluse", _FLAG),
    "number_of_items": partial(_value, "Numero di articoli", {"type": "integer", "minimum": 1}),
    "item_weight": partial(_measure, "Peso", ("grams", "kilograms", "pounds", "ounces")),
    "main_product_image_locator": partial(_picture, "Immagine principale"),
    **{f"other_product_image_locator_{place}": partial(_picture, f"Immagine {place}") for place in range(1, 9)},
    "swatch_product_image_locator": partial(_picture, "Campione di colore"),
    "parentage_level": partial(_choice, "Livello", ("parent", "child")),
    "child_parent_sku_relationship": partial(
        _placed,
        "Relazione con il padre",
        {
            "child_relationship_type": {"type": "string", "enum": ["variation"], "enumNames": ["Variante"]},
            "parent_sku": {"type": "string", "minLength": 1, "maxLength": 40},
        },
        ["child_relationship_type"],
    ),
    "gpsr_manufacturer_reference": partial(
        _placed,
        "Contatto del produttore",
        {"gpsr_manufacturer_email_address": {"type": "string", "minLength": 3, "maxLength": 500}},
        ["gpsr_manufacturer_email_address"],
    ),
    "dsa_responsible_party_address": partial(_value, "Persona responsabile", _WORDS),
    "gpsr_safety_attestation": partial(_value, "Attestazione di sicurezza", _FLAG),
    "compliance_media": partial(
        _placed,
        "Documenti di conformità",
        {name: {"type": "string"} for name in ("content_type", "content_language", "source_location")},
        ["content_type", "source_location"],
        ["content_type", "content_language"],
        10,
    ),
}
"""The product facts: what LISTING_PRODUCT_ONLY has, by name."""


def variation_theme(themes: Sequence[str]) -> Json:
    """In what versions of a product of this type may differ."""
    name = {"type": "string", "enum": list(themes), "enumNames": list(themes)}
    return _array("Tema di variazione", {"name": name, "marketplace_id": _PLACE}, ["name"], ["marketplace_id"])
