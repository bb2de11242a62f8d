"""The file: how its offers are framed, and everything that can be wrong with one, whoever wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO

from adapters.feeds import Finding
from adapters.gtins import is_gtin
from adapters.trovaprezzi.mapping import folded
from adapters.trovaprezzi.validation import SCHEMA
from adapters.xml import BrokenXmlError, Node, Schema, read_children

_PRICES = ("Price", "OriginalPrice", "ShippingCost")


@cache
def schema() -> Schema:
    """The schema of the file, loaded with the first use."""
    return Schema(SCHEMA)


class XmlWriter:
    """Frames offers that are elements already. Keeps `adapters.feeds.FeedWriter`."""

    header = b'<?xml version="1.0" encoding="UTF-8"?>\n<Products>\n'
    footer = b"</Products>\n"

    def item(self, body: bytes) -> bytes:
        """The element as it is."""
        return body


class TrovaprezziFormat:
    """`<Products><Offer>` in UTF-8, without namespace. Keeps `adapters.feeds.FeedFormat`."""

    suffix = "xml"
    content_type = "application/xml; charset=utf-8"

    def writer(self, columns: Sequence[str]) -> XmlWriter:
        """XML has no columns."""
        return XmlWriter()

    def check(self, file: BinaryIO) -> Iterator[Finding]:
        """Hold a file against the schema and against the rules that no schema can say, offer by offer."""
        seen = _Seen()
        number = 0
        try:
            for node in read_children(file):
                if node.raw is None:
                    yield from _root(node)
                    if node.tag != "Products":
                        return
                    continue
                number += 1
                yield from _offer(node, number, seen)
        except BrokenXmlError as error:
            yield Finding(f"line {error.line}", "xml", f"it is no well-formed XML: {error}", "Build the file anew.")
            return
        if not number:
            yield Finding("file", "empty", "it has no offers", "Publish the one before.")


@dataclass(slots=True)
class _Seen:
    """What the offers before had. codes: hashes of them, so that a million cost little."""

    codes: set[int] = field(default_factory=set)
    separators: Counter[str] = field(default_factory=Counter)


def _root(node: Node) -> Iterator[Finding]:
    if node.tag != "Products":
        words = f"its root is <{node.tag}>, and Trovaprezzi reads <Products> with <Offer> in it"
        yield Finding("file", "root", words, "Write it as the official requirements say.")


def _offer(node: Node, number: int, seen: _Seen) -> Iterator[Finding]:
    texts = dict(reversed(node.texts))
    code = texts.get("Code", "")
    where = f"offer {number}, line {node.line}" + (f", code {code}" if code else "")
    for words in schema().complaints(node.raw):
        yield Finding(where, "schema", words, "Correct the field that is named.")
    mark = hash(folded(code.strip()))
    if code and mark in seen.codes:
        words = f"the code {code} stands in it twice, capitals ignored"
        yield Finding(where, "code_twice", words, "Give one of the products another SKU.")
    seen.codes.add(mark)
    yield from _separators(texts, where, seen)
    if texts.get("EanCode", "").isdigit() and not is_gtin(texts["EanCode"]):
        words = f"the check digit of the EAN {texts['EanCode']} is wrong"
        yield Finding(where, "ean", words, "Correct the number or remove it.")
    yield from _reduced(texts, where)


def _separators(texts: dict[str, str], where: str, seen: _Seen) -> Iterator[Finding]:
    """All amounts of a file have the same decimal separator."""
    for tag in _PRICES:
        for sign in ".,":
            if sign not in texts.get(tag, ""):
                continue
            seen.separators[sign] += 1
            other = "," if sign == "." else "."
            # Told once, where it is first seen.
            if seen.separators[sign] == 1 and seen.separators[other]:
                words = f"{tag} has {sign!r} before the decimals, other amounts of the file have {other!r}"
                yield Finding(where, "decimals", words, "Write all amounts with the same separator.")


def _reduced(texts: dict[str, str], where: str) -> Iterator[Finding]:
    try:
        price, original = (float(texts[tag].replace(",", ".")) for tag in ("Price", "OriginalPrice"))
    except (KeyError, ValueError):
        return
    if original <= price:
        words = "the original price is not higher than the price"
        yield Finding(where, "original_price", words, "Leave the original price out.")
