"""XML: the one place that knows lxml. Elements are written one by one and read one by one, so files may be any size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

# What XML 1.0 has no way to write (W3C, production 2), with the halves of surrogate pairs.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = 160


def writable(text: str) -> str:
    """The text without what XML cannot hold: control characters."""
    return _UNWRITABLE.sub("", text)


def element(tag: str, children: Iterable[tuple[str, str]]) -> bytes:
    """An element with these (tag, text) in it, in UTF-8. What XML cannot hold is left out of the texts."""
    root = etree.Element(tag)
    for name, text in children:
        etree.SubElement(root, name).text = writable(text)
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=False)
    return written


class BrokenXmlError(Exception):
    """What was read is not well formed. line: where it was noticed."""

    def __init__(self, words: str, line: int) -> None:
        super().__init__(words)
        self.line = line


@dataclass(frozen=True, slots=True)
class Node:
    """An element as it was read: its children's tags and texts, in order. depth: 0 = the root.

    texts of the root are not read: its children come one by one.
    """

    tag: str
    line: int
    texts: tuple[tuple[str, str], ...]
    raw: Any


def read_children(file: BinaryIO) -> Iterator[Node]:
    """The root (before it was read, without children), then each of its children. Memory stays small.

    Nothing outside the file is ever loaded and no entity expanded. Raises BrokenXmlError.
    """
    reader = etree.iterparse(
        file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    depth = 0
    try:
        for event, found in reader:
            if event == "start":
                if depth == 0:
                    yield Node(str(found.tag), found.sourceline or 0, (), None)
                depth += 1
                continue
            depth -= 1
            if depth == 1:
                texts = tuple((str(child.tag), child.text or "") for child in found if isinstance(child.tag, str))
                yield Node(str(found.tag), found.sourceline or 0, texts, found)
                _forget(found)
    except etree.XMLSyntaxError as error:
        raise BrokenXmlError(str(error.msg)[:_SHOWN], error.lineno or 0) from error


def _forget(found: Any) -> None:
    """Free an element that was read, and those before it."""
    found.clear()
    while found.getprevious() is not None:
        del found.getparent()[0]


class Schema:
    """An XSD, loaded once."""

    def __init__(self, path: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(str(path)))

    def complaints(self, raw: Any) -> list[str]:
        """What the schema says against an element, in libxml2's words. raw: bytes, or a Node's."""
        element = etree.fromstring(raw) if isinstance(raw, bytes) else raw
        try:
            if self._schema.validate(element):
                return []
        except etree.XMLSchemaValidateError:
            return ["it holds something else than elements and texts, such as entities of its own"]
        return [str(entry.message).rstrip(".")[:_SHOWN] for entry in self._schema.error_log]
