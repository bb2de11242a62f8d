"""A listing as an offer of Trovaprezzi's file."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.model import Money
from adapters.trovaprezzi import mapping, shipping
from adapters.trovaprezzi.settings import Shipping
from tests.unit.adapters.trovaprezzi import make_offer, make_shop


def test_an_offer_has_every_field_in_the_order_of_the_official_example() -> None:
    shop = make_shop(shipping={"otherwise": "4.9"})
    listing = make_offer(
        images=tuple(f"https://img.example.test/{number}.jpg" for number in range(1, 8)),
        attributes={
            "Prezzo originale": ("24,5",),
            "MINSAN": ("912345678",),
            "Taglia": ("unica",),
            "Colore": ("blu",),
            "Materiale": ("ceramica",),
            "Genere": ("unisex",),
        },
    )
    rendered = mapping.render(listing, shop)
    assert {**rendered.content, **rendered.offer} == {
        "Name": "Tazza in ceramica blu 35 cl",
        "Brand": "Ceramiche Rossi",
        "Description": "Una tazza per il caffè, fatta a mano.",
        "OriginalPrice": "24.50",
        "Price": "19.90",
        "Code": "A-1",
        "Link": "https://shop.example/p/A-1",
        "Stock": "7",
        "Categories": "casa;tazze",
        "Image": "https://img.example.test/1.jpg",
        "ShippingCost": "4.90",
        "PartNumber": "CR-35",
        "EanCode": "4006381333931",
        "Weight": "0.421",
        "Image2": "https://img.example.test/2.jpg",
        "Image3": "https://img.example.test/3.jpg",
        "Image4": "https://img.example.test/4.jpg",
        "Image5": "https://img.example.test/5.jpg",
        "MINSANCode": "912345678",
        "Size": "unica",
        "Color": "blu",
        "Material": "ceramica",
        "Gender": "unisex",
    }
    body = mapping.body({"content": rendered.content, "offer": rendered.offer}).decode()
    places = [body.index(f"<{tag}>") for tag in mapping.TAGS]
    assert places == sorted(places)


def test_what_xml_would_take_for_markup_is_escaped_and_control_characters_are_left_out() -> None:
    body = mapping.body({"content": {"Name": "Sale & pepe\x00\x0b 🍵"}, "offer": {}})
    assert body == "<Offer><Name>Sale &amp; pepe 🍵</Name></Offer>\n".encode()


@pytest.mark.parametrize(
    ("template", "attributes", "link"),
    [
        ("https://shop.example/p/{sku}", {}, "https://shop.example/p/A%20%2F1"),
        ("https://shop.example/{Slug}?utm=tp&id={sku}", {"Slug": ("tazza",)}, "https://shop.example/tazza?utm=tp&id=A%20%2F1"),
        ("{Link}", {"Link": ("https://shop.example/a b",)}, "https://shop.example/a b"),
        ("https://shop.example/{Slug}", {}, ""),
    ],
)  # fmt: skip
def test_a_link_is_made_of_the_accounts_template(template: str, attributes: dict[str, tuple[str]], link: str) -> None:
    assert mapping.link(make_offer(sku="A /1", attributes=attributes), make_shop(link=template)) == link


@pytest.mark.parametrize("template", ["https://shop.example/p", "/p/{sku}", "ftp://shop.example/{sku}"])
def test_a_link_template_that_never_makes_a_link_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="link"):
        make_shop(link=template)


_BANDS = Shipping.model_validate(
    {
        "free_from": 100,
        "bands": [
            {"up_to_weight": 1, "up_to_price": 20, "cost": "3.5"},
            {"up_to_weight": 5, "cost": "6.9"},
            {"up_to_price": 50, "cost": 12},
        ],
        "otherwise": 25,
    }
)


@pytest.mark.parametrize(
    ("price", "weight", "cost"),
    [
        ("20", "1", "3.5"),
        ("20.01", "1", "6.9"),
        ("10", "5.001", "12"),
        ("10", None, "12"),
        ("60", "9", "25"),
        ("99.99", "9", "25"),
        ("100", "9", "0"),
        ("100", None, "0"),
    ],
)
def test_shipping_costs_follow_the_sellers_table_by_weight_and_price(price: str, weight: str | None, cost: str) -> None:
    listing = make_offer(price=Money(Decimal(price), "EUR"), weight=Decimal(weight) if weight else None)
    assert shipping.cost(listing, _BANDS) == Decimal(cost)


def test_without_a_table_no_shipping_cost_is_told() -> None:
    assert "ShippingCost" not in mapping.offer(make_offer(), make_shop())


@pytest.mark.parametrize(("quantity", "word"), [(0, "non disponibile"), (1, "limitata"), (2, "disponibile")])
def test_availability_can_be_told_in_words(quantity: int, word: str) -> None:
    assert mapping.offer(make_offer(quantity=quantity), make_shop(stock="words"))["Stock"] == word
    assert mapping.offer(make_offer(quantity=quantity), make_shop())["Stock"] == str(quantity)


def test_availability_of_the_product_counts_where_it_is_one_of_the_words() -> None:
    for value, told in (("In arrivo", "in arrivo"), ("in stock", "7")):
        listing = make_offer(attributes={"Disponibilità": (value,)})
        assert mapping.offer(listing, make_shop())["Stock"] == told


@pytest.mark.parametrize(
    ("separator", "typed", "told"),
    [
        (";", " Casa ;  Tazze  e   Bicchieri;", "casa;tazze e bicchieri"),
        (">", "Casa > Tazze", "casa;tazze"),
        (";", "Casa", "casa"),
    ],
)
def test_the_same_category_is_always_the_same_string(separator: str, typed: str, told: str) -> None:
    assert mapping.categories(typed, make_shop(category_separator=separator)) == told


def test_capitals_of_categories_may_stay() -> None:
    assert mapping.categories("Casa;Tazze", make_shop(lower_case_categories=False)) == "Casa;Tazze"


def test_a_picture_that_changed_has_another_address() -> None:
    images = ("https://img.example.test/1.jpg", "https://img.example.test/2.jpg?w=600#a")
    before = mapping.content(make_offer(images=images, attributes={"Versione immagini": ("1",)}), make_shop())
    after = mapping.content(make_offer(images=images, attributes={"Versione immagini": ("2 b",)}), make_shop())
    assert (before["Image"], before["Image2"]) == (
        "https://img.example.test/1.jpg?v=1",
        "https://img.example.test/2.jpg?w=600&v=1#a",
    )
    assert after["Image"] == "https://img.example.test/1.jpg?v=2%20b"


def test_a_description_is_plain_short_and_no_repetition_of_the_name() -> None:
    long = mapping.description(make_offer(description="<p>" + "parola " * 60 + "</p>"))
    assert len(long) <= 255
    assert long.endswith("parola…")
    assert mapping.description(make_offer(description="<b>Tazza in ceramica  blu 35 cl</b>")) == ""
    assert mapping.description(make_offer(description="5 &lt; 6 | 7")) == "5 ‹ 6 / 7"


@pytest.mark.parametrize(("original", "told"), [("19.90", None), ("15", None), ("24,5", "24.50"), ("boh", None)])
def test_an_original_price_is_told_only_when_it_is_higher(original: str, told: str | None) -> None:
    listing = make_offer(attributes={"Prezzo originale": (original,)})
    assert mapping.offer(listing, make_shop()).get("OriginalPrice") == told


def test_codes_are_compared_as_trovaprezzi_does() -> None:
    assert mapping.folded('Ab"C') == mapping.folded("aBc")
