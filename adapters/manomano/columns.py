"""The columns that the content feed may have, as `GET feeds/fields` lists them, and what goes into each. Pure.

Where the list cannot be had the columns of ManoMano's template stand in for it; they know no closed lists and no units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

WEIGHT = "weight"
MANDATORY = ("sku", "brand", "title", "description", "image_1", "merchant_category")
IMAGES = tuple(f"image_{number}" for number in range(1, 6))
OURS = frozenset({
    "sku", "ean", "sku_manufacturer", "brand", "manufacturer", "merchant_category", "mm_category_id", "title",
    "description", "ParentSKU", "parent_title", *IMAGES,
})  # fmt: skip
"""Filled from the listing's own fields, whatever attributes say."""

OFFER_COLUMNS = frozenset({
    "min_quantity", "increment", "quantity", "shipping_time", "carrier", "shipping_price_vat_inc", "use_grid",
    "carrier_grid_1", "shipping_time_carrier_grid_1", "eco_participation", "product_price_vat_inc",
    "retail_price_vat_inc", "sales",
})  # fmt: skip
"""Columns of an offer feed. Price and stock are the API's alone: a feed that had them would fight with it."""

TEMPLATE = (
    "sku", "ean", "sku_manufacturer", "brand", "manufacturer", "mm_category_id", "merchant_category", "title",
    "description", "product_url", *IMAGES, "cross_sell_sku", "Sample_SKU", "manufacturer_pdf",
    "product_information_pdf", "repairability_index_pdf", "product_instructions_pdf", "safety_information_pdf",
    "refrigeration_devices_information_pdf", "eu_energy_efficiency_class_url", "unit_count", "unit_count_type",
    "ParentSKU", "parent_title", "weight", "weight_unit", "power", "power_unit", "voltage", "voltage_unit", "material",
    "colour", "energy_efficiency_rating", "certification_body", "pcs_per_pack", "pcs_per_pack_unit", "origin",
    "warranty", "warranty_unit", "availability_of_spare_parts", "availability_of_spare_parts_unit",
    "environmental_certification", "reparability_index", "reparability_index_unit", "primary_packaging_material",
    "max._energy_efficiency_rating", "min._energy_efficiency_rating", "primary_packaging_certification",
    "main_material", "material_2", "material_3", "%_main_material", "%_main_material_unit", "%_material_2",
    "%_material_2_unit", "%_material_3", "%_material_3_unit", "nf_certification", "mounting_method", "length", "width",
    "height", "colour_name",
)  # fmt: skip
"""ManoMano's template of July 2026, with the category's number that Channable's help page marks as mandatory."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. labels: its names in all languages, in small letters. values: any way to write an accepted value, in
    small letters -> the value as ManoMano wants it; empty = anything goes. unit: name of the column with its unit."""

    name: str
    labels: frozenset[str] = frozenset()
    mandatory: bool = False
    numeric: bool = False
    unit: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class Columns:
    """All columns, found by name or label. live: they come from ManoMano, not from the template."""

    def __init__(self, columns: Iterable[Column], *, live: bool) -> None:
        self.live = live
        self.by_name = {column.name: column for column in columns if column.name not in OFFER_COLUMNS}
        self._by_label = {label: column for column in self.by_name.values() for label in column.labels}
        self._by_label |= {name.casefold(): column for name, column in self.by_name.items()}

    def __len__(self) -> int:
        return len(self.by_name)

    def find(self, attribute: str) -> Column | None:
        """The column that an attribute goes into, by its name or by its label in any language."""
        return self._by_label.get(attribute.strip().casefold())

    def mandatory(self) -> Iterator[Column]:
        """Those that ManoMano demands of every product, beside what a listing has anyway."""
        return (column for column in self.by_name.values() if column.mandatory and column.name not in OURS)

    def digest(self) -> str:
        """Changes when ManoMano changes what it demands."""
        told = sorted((c.name, c.mandatory, c.unit, sorted(c.values.items())) for c in self.by_name.values())
        return sha256(repr(told).encode()).hexdigest()[:16] if self.live else ""


def template() -> Columns:
    """The columns of the template."""
    names = set(TEMPLATE)
    return Columns(
        (Column(name, unit=f"{name}_unit" if f"{name}_unit" in names else "") for name in TEMPLATE), live=False
    )


def read_columns(fields: Iterable[Mapping[str, Any]]) -> Columns:
    """The columns in what `feeds/fields` lists. Those for goods that ManoMano stores itself are demanded of nobody."""
    told = [entry for entry in fields if entry.get("name")]
    by_id = {str(entry.get("id")): str(entry["name"]) for entry in told}
    names = set(by_id.values())
    return Columns((_column(entry, by_id, names) for entry in told), live=True)


def _column(entry: Mapping[str, Any], by_id: Mapping[str, str], names: set[str]) -> Column:
    name = str(entry["name"])
    labels = (entry.get("names") or {}).values()
    listed = entry.get("field_id_for_units_list")
    unit = by_id.get(str(listed), str(listed)) if listed else f"{name}_unit" if f"{name}_unit" in names else ""
    return Column(
        name=name,
        labels=frozenset(str(label).strip().casefold() for label in labels if label),
        mandatory=bool(entry.get("mandatory")) and entry.get("contract_type") in (None, "all", "non_mf"),
        numeric=entry.get("datatype") == "numerical",
        unit=unit,
        values=_values(entry),
    )


def _values(entry: Mapping[str, Any]) -> dict[str, str]:
    """Lists of other languages are paired with the accepted values by their position; one may be missing or short."""
    accepted = [str(value) for value in entry.get("accepted_values") or ()]
    found: dict[str, str] = {}
    for localized in (entry.get("localized_accepted_values") or {}).values():
        for word, value in zip(localized or (), accepted, strict=False):
            found.setdefault(str(word).strip().casefold(), value)
    return found | {value.strip().casefold(): value for value in accepted}
