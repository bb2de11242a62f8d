"""What exists before the first call: sellers with their keys and contracts, the columns of the content feed, the tree
of categories, and the rules that a test or a demo may switch. Nothing here is secret."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.sandbox.manomano.errors import Json

DEFAULT_CONTRACT = 110841
DEFAULT_GRID = "Consegna a domicilio standard"
DEFAULT_CATEGORY = "20696"


@dataclass(frozen=True, slots=True)
class Seller:
    """One seller with one key for all contracts. contracts: number -> market."""

    name: str = "seller"
    api_key: str = "sandbox-api-key"
    contracts: tuple[tuple[int, str], ...] = ((DEFAULT_CONTRACT, "IT"), (110842, "FR"))


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict the vendor is. Durations are in seconds.

    offers_per_put: the most one PUT takes. calls_per_hour: of one key; offer_calls_per_hour: of one address, on the
    offers' calls alone. approval: from the import of a product's content until it is approved. content_needed: without
    it every SKU sells at once, and nobody sees a title. eco_markets: markets that refuse offers without eco
    participation; no source says where it would stand, so nothing passes there.
    """

    offers_per_put: int = 20
    calls_per_hour: int = 250
    offer_calls_per_hour: int = 200
    approval: float = 0.0
    content_needed: bool = True
    eco_markets: tuple[str, ...] = ()


def fields() -> list[Json]:
    """The columns of the content feed, as feeds/fields lists them: lists of other languages are paired by position, one
    is missing, and a unit is a column of its own."""
    return [*_texts(), *_measures(), *_lists()]


def categories() -> list[Json]:
    """A small tree. Goods stand in its final nodes alone."""
    cups = _node(20696, "Tazze", 3)
    plates = _node(20697, "Piatti", 3)
    drills = _node(30111, "Trapani", 2)
    table = _node(20690, "Tavola", 2, [cups, plates])
    return [_node(20000, "Casa", 1, [table]), _node(30000, "Utensili", 1, [drills])]


def _texts() -> list[Json]:
    mandatory = {"sku", "brand", "title", "description", "image_1"}
    names = (
        "sku", "ean", "sku_manufacturer", "brand", "mm_category_id", "merchant_category", "title", "description",
        "product_url", *(f"image_{number}" for number in range(1, 6)), "ParentSKU", "parent_title", "origin",
        *(f"note_{number}" for number in range(1, 36)),
    )  # fmt: skip
    return [_field(name, mandatory=name in mandatory) for name in names]


def _measures() -> list[Json]:
    kilos = _field("weight_unit", accepted=["kg", "g"])
    watts = _field("power_unit", accepted=["W", "kW"])
    return [
        _field("weight", datatype="numerical", units=kilos["id"], labels={"it_IT": "Peso"}),
        kilos,
        _field("power", datatype="numerical", units=watts["id"], labels={"it_IT": "Potenza"}),
        watts,
    ]


def _lists() -> list[Json]:
    colours = {"en_GB": ["Blue", "Red", "Green"], "it_IT": ["Blu", "Rosso", "Verde"]}
    materials = {"en_GB": ["Ceramic", "Steel"], "it_IT": ["Ceramica", "Acciaio"]}
    return [
        _field(
            "colour", accepted=["blue", "red", "green"], localized=colours, labels={"it_IT": "Colore"}, variant=True
        ),
        _field("material", accepted=["ceramic", "steel"], localized=materials, labels={"it_IT": "Materiale"}),
        _field("unit_count_type", accepted=["piece", "metre"], localized={"en_GB": ["piece", "metre"]}),
    ]


def _field(
    name: str, *, mandatory: bool = False, datatype: str = "string", labels: Json | None = None, **more: object
) -> Json:
    return {
        "id": f"f-{name}",
        "name": name,
        "names": {"en_GB": name.replace("_", " "), **(labels or {})},
        "descriptions": None,
        "mandatory": mandatory,
        "datatype": datatype,
        "contract_type": "all",
        "variant": bool(more.get("variant")),
        "field_id_for_units_list": more.get("units"),
        "accepted_values": more.get("accepted"),
        "localized_accepted_values": more.get("localized"),
    }


def _node(number: int, name: str, level: int, children: list[Json] | None = None) -> Json:
    below = [{**child, "parentId": number} for child in children or ()]
    return {
        "id": number,
        "name": name,
        "names": {"en_GB": name},
        "level": level,
        "parentId": None,
        "finalNode": not below,
        "children": below,
    }
