"""What eBay is known to refuse: every rule with its field and words, its edges, and a cure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.ebay.validation import active_content, validate
from adapters.gtins import is_gtin
from adapters.model import Money
from tests.unit.adapters.listings import make_account, make_listing

ACCOUNT = make_account()
HTTPS = "https://img.example.test/"


def euros(text: str) -> Money:
    return Money(Decimal(text), "EUR")


def test_a_good_listing_has_no_problems() -> None:
    assert validate(make_listing(), ACCOUNT) == []


@pytest.mark.parametrize(
    ("changes", "field", "rule", "message"),
    [
        ({"title": ""}, "title", "missing", "Missing required field: title"),
        ({"title": " \n "}, "title", "missing", "Missing required field: title"),
        ({"title": "Tazza blu"}, "title", "too_short", "Title must be at least 10 characters"),
        ({"title": "Tazza       blu"}, "title", "too_short", "Title must be at least 10 characters"),
        ({"title": "x" * 81}, "title", "too_long", "Title must be at most 80 characters"),
        ({"description": " "}, "description", "missing", "Missing required field: description"),
        ({"description": "x" * 500_001}, "description", "too_long", "Description must be at most 500000 characters"),
        (
            {"description": "<script>alert(1)</script>"},
            "description",
            "active_content",
            "Description contains active content",
        ),
        ({"price": euros("0")}, "price", "not_positive", "Price must be greater than 0"),
        ({"price": euros("-1")}, "price", "not_positive", "Price must be greater than 0"),
        ({"price": euros("0.004")}, "price", "not_positive", "Price must be greater than 0"),
        ({"price": euros("NaN")}, "price", "not_positive", "Price must be greater than 0"),
        ({"price": euros("1E+40")}, "price", "too_high", "Price is impossibly high"),
        ({"price": Money(Decimal(5), "USD")}, "price", "currency", "EBAY_IT sells in EUR"),
        ({"quantity": -1}, "quantity", "negative", "Quantity must be 0 or more"),
        ({"images": ()}, "image", "missing", "Missing required field: image"),
        ({"images": ("http://x.test/a.jpg",)}, "image", "not_https", "Image address must start with https://"),
        ({"images": ("https:///a.jpg",)}, "image", "not_https", "Image address must start with https://"),
        ({"images": ("https://x.test/a b.jpg",)}, "image", "not_https", "Image address must start with https://"),
        ({"images": ("https://[bad",)}, "image", "not_https", "Image address must start with https://"),
        ({"images": (HTTPS,) * 25}, "image", "too_many", "At most 24 images"),
        ({"category": None}, "category", "missing", "Invalid category"),
        ({"category": "cat-tools"}, "category", "not_numeric", "Invalid category"),
        ({"category": "٣"}, "category", "not_numeric", "Invalid category"),
        ({"condition": "new"}, "condition", "unknown", "Invalid condition"),
        ({"condition": "MANUFACTURER_REFURBISHED"}, "condition", "unknown", "Invalid condition"),
        ({"sku": ""}, "sku", "missing", "Missing required field: sku"),
        ({"sku": "x" * 51}, "sku", "too_long", "SKU must be at most 50 characters"),
        ({"sku": "A\u200b1"}, "sku", "characters", "SKU contains invisible characters"),
        ({"sku": " A1"}, "sku", "blanks", "SKU begins or ends with a blank"),
        ({"brand": "x" * 66}, "brand", "too_long", "Brand must be at most 65 characters"),
        ({"mpn": "x" * 66}, "mpn", "too_long", "Manufacturer's part number must be at most 65 characters"),
        ({"gtins": ("2000000000016",)}, "gtin", "malformed", "Invalid EAN"),
        (
            {"attributes": {"n" * 41: ("v",)}},
            "attributes",
            "name_length",
            "Attribute name must have 1 to 40 characters",
        ),
        ({"attributes": {" ": ("v",)}}, "attributes", "name_length", "Attribute name must have 1 to 40 characters"),
        (
            {"attributes": {"Colore": ("v" * 51,)}},
            "attributes",
            "too_long",
            "Attribute Colore must be at most 50 characters",
        ),
        ({"attributes": {"C": ("v",) * 31}}, "attributes", "too_many", "Attribute C has more than 30 values"),
        ({"attributes": {}, "brand": None}, "attributes", "missing", "Missing required field: attributes"),
    ],
)
def test_each_rule_is_told_once_in_words(changes: dict[str, Any], field: str, rule: str, message: str) -> None:
    (problem,) = validate(make_listing(**changes), ACCOUNT)
    assert (problem.field, problem.rule, problem.message) == (field, rule, message)
    assert problem.cure.endswith(".")
    assert len(problem.value) <= 80


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 10},
        {"title": "x" * 80},
        {"title": "  Tazza   in ceramica \n blu  "},
        {"description": "x" * 500_000},
        {"price": euros("0.005")},
        {"quantity": 0},
        {"images": (HTTPS + "a.jpg",) * 24},
        {"sku": "x" * 50},
        {"sku": "A/B, c+d"},
        {"brand": "x" * 65, "mpn": "x" * 65},
        {"brand": None, "mpn": None, "gtins": ()},
        {"attributes": {"n" * 40: ("v" * 50,) * 30}},
        {"condition": "USED_GOOD"},
    ],
)
def test_what_lies_just_within_the_rules_passes(changes: dict[str, Any]) -> None:
    assert validate(make_listing(**changes), ACCOUNT) == []


def test_all_problems_are_told_at_once() -> None:
    bad = make_listing(title="", price=euros("0"), images=(), category=None)
    assert [problem.field for problem in validate(bad, ACCOUNT)] == ["title", "price", "image", "category"]


def test_a_problem_reads_as_a_sentence() -> None:
    (problem,) = validate(make_listing(title="Tazza"), ACCOUNT)
    assert str(problem) == (
        "title: Title must be at least 10 characters (found: Tazza). Say what it is: brand, kind, size or colour."
    )


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<SCRIPT src=//x>",
        "<p><iframe src='https://x'></iframe>",
        "<form action=x>",
        "<object data=x>",
        "<embed src=x>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>",
        "<a href=' java\tscript:alert(1)'>",
        "<a href='&#106;avascript:alert(1)'>",
        "<meta http-equiv=refresh>",
        "<svg/onload=alert(1)>",
    ],
)
def test_active_content_is_found(html: str) -> None:
    assert active_content(html)


@pytest.mark.parametrize(
    "html",
    [
        "plain text, on sale: 5 < 6",
        "<p style='color:red'>on</p>",
        "<table><tr><td>javascript: the good parts</td></tr></table>",
        "<a href='https://x.test/script'>form</a><img src='https://x.test/a.jpg' alt='object'>",
    ],
)
def test_harmless_markup_passes(html: str) -> None:
    assert active_content(html) == ""


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("4006381333931", True),
        ("036000291452", True),
        ("96385074", True),
        ("10012345678902", True),
        ("4006381333932", False),
        ("400638133393", False),
        ("40063813339310", False),
        ("N/A", False),
        ("", False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
    ],
)
def test_check_digits(code: str, valid: bool) -> None:
    assert is_gtin(code) is valid
