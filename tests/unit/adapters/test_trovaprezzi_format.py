"""Trovaprezzi's file: how it is framed, and that a check finds everything that is wrong with one."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from adapters.feeds import Finding
from adapters.trovaprezzi import TrovaprezziFormat, mapping
from tests.unit.adapters.trovaprezzi import make_offer, make_shop

FORMAT = TrovaprezziFormat()
SAMPLES = Path(os.environ.get("MARKETSYNC_SHARED", "nowhere")) / "specs" / "trovaprezzi" / "samples"
RIGHT = {
    "Name": "Trapano",
    "Price": "99.00",
    "Code": "A1",
    "Link": "https://shop.example/p/1",
    "Stock": "3",
    "Categories": "fai da te;trapani",
}


def offer(**changes: str | None) -> str:
    """An offer that is right but for the changes; None leaves a field out."""
    texts = {**RIGHT, **changes}
    return "<Offer>" + "".join(f"<{tag}>{text}</{tag}>" for tag, text in texts.items() if text is not None) + "</Offer>"


def check(*offers: str, root: str = "Products") -> list[Finding]:
    return list(FORMAT.check(io.BytesIO(f"<{root}>{''.join(offers)}</{root}>".encode())))


def test_what_we_write_is_right() -> None:
    writer = FORMAT.writer(())
    items = []
    for number in range(3):
        rendered = mapping.render(make_offer(sku=f"A-{number}", title=f"Sale & pepe {number}"), make_shop())
        items.append(writer.item(mapping.body({"content": rendered.content, "offer": rendered.offer})))
    file = writer.header + b"".join(items) + writer.footer
    assert list(FORMAT.check(io.BytesIO(file))) == []
    assert file.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Products>\n<Offer>')


@pytest.mark.parametrize(
    "changes",
    [
        {"Name": None},
        {"Price": None},
        {"Code": None},
        {"Link": None},
        {"Categories": None},
        {"Code": "X" * 51},
        {"Description": "x" * 256},
        {"EanCode": "40063813339AB"},
        {"Name": "&lt;b&gt;Trapano&lt;/b&gt;"},
        {"Price": "99.00 EUR"},
        {"Price": "1.299,00"},
        {"Price": "0.00"},
        {"Link": "/p/1"},
        {"Stock": "in stock"},
        {"Stock": "-1"},
        {"Availability": "1"},
    ],
)
def test_an_offer_against_the_schema_is_found_with_its_code(changes: dict[str, str | None]) -> None:
    findings = check(offer(Code="B1"), offer(**changes))
    assert "schema" in [finding.rule for finding in findings]
    assert all(finding.where.startswith("offer 2") and finding.cure for finding in findings)


def test_a_field_twice_is_found() -> None:
    assert [finding.rule for finding in check(offer().replace("</Offer>", "<Name>B</Name></Offer>"))] == ["schema"]


@pytest.mark.parametrize("second", ["A1", "a1", " A1 ", 'A"1'])
def test_a_code_twice_is_found_whatever_its_capitals(second: str) -> None:
    assert "code_twice" in [finding.rule for finding in check(offer(), offer(Code=second))]


def test_two_decimal_separators_in_a_file_are_found_once() -> None:
    offers = (offer(Price="1,50"), offer(Code="A2", ShippingCost="4.90"), offer(Code="A3", Price="3.10"))
    assert [(finding.rule, finding.where[:7]) for finding in check(*offers)] == [("decimals", "offer 2")]


def test_a_wrong_check_digit_and_an_original_price_that_is_no_higher_are_found() -> None:
    assert [finding.rule for finding in check(offer(EanCode="4006381333930"))] == ["ean"]
    assert [finding.rule for finding in check(offer(OriginalPrice="99.00"))] == ["original_price"]
    assert check(offer(OriginalPrice="99.01", EanCode="4006381333931")) == []


def test_a_file_of_another_shape_an_empty_and_a_broken_one_are_found() -> None:
    assert [finding.rule for finding in check(offer(), root="products")] == ["root"]
    assert [finding.rule for finding in check()] == ["empty"]
    broken = FORMAT.check(io.BytesIO(b"<Products>" + offer().encode() + b"<Offer><Name>A"))
    assert [finding.rule for finding in broken] == ["xml"]
    assert [finding.rule for finding in FORMAT.check(io.BytesIO(b""))] == ["xml"]


def test_nothing_outside_a_file_is_read() -> None:
    secret = b'<!DOCTYPE Products [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    name = offer(Name="&x;").encode()
    findings = list(FORMAT.check(io.BytesIO(secret + b"<Products>" + name + b"</Products>")))
    assert findings
    assert Path("/etc/hostname").read_text(encoding="utf-8").strip() not in str(findings)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendor's samples are not beside the project")
def test_all_samples_of_wrong_files_are_found_and_the_right_ones_pass() -> None:
    wrong = sorted((SAMPLES / "invalid").glob("*.xml"))
    assert len(wrong) >= 17
    for path in [*wrong, *SAMPLES.glob("*.xml")]:
        with path.open("rb") as file:
            findings = list(FORMAT.check(file))
        right = path.name in ("official-2015-example.xml", "synthetic-full.xml")
        assert (not findings) == right, path.name
