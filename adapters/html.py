"""Markup of descriptions: the grammar a channel takes, and the plain text between the tags.

What a channel does not take in a description it refuses, or drops without a word. So it is taken out here, by an HTML5
parser (nh3), and told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from html.parser import HTMLParser

import nh3

_OPENING = re.compile(r"<([a-zA-Z][\w:-]*)([^>]*)")
_ATTRIBUTE = re.compile(r"""[\s"'/]([a-zA-Z][\w:-]*)\s*=""")
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text within a grammar. cut: what had to go, for people: `<script>`, `onclick`; each once."""

    text: str
    cut: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grammar:
    """What a channel takes in a description.

    tags: the elements. emptied: elements that go with all that is in them; of any other that is not among the tags
    only the tag goes. attributes: element -> its attributes, "*" = of every element. schemes: of addresses.
    """

    tags: frozenset[str]
    emptied: frozenset[str]
    attributes: Mapping[str, frozenset[str]]
    schemes: frozenset[str]

    def clean(self, text: str) -> Cleaned:
        """The text within this grammar. Cleaning it again changes nothing.

        A text with nothing but bare tags of the grammar stays exactly as it is, one with others is written anew.
        """
        if self._is_bare(text):
            return Cleaned(text)
        cleaned = self._cleaner.clean(text)
        return Cleaned(cleaned, _cut(text, cleaned) if cleaned != text else ())

    def _is_bare(self, text: str) -> bool:
        if "<" not in text:
            return True
        known = self._bare
        return all(part[: part.find(">") + 1] in known for part in text.split("<")[1:])

    @cached_property
    def _bare(self) -> frozenset[str]:
        """Tags without attributes as they are mostly written, behind their `<`."""
        return frozenset(spelling for tag in self.tags for spelling in (f"{tag}>", f"/{tag}>", f"{tag}/>", f"{tag} />"))

    @cached_property
    def _cleaner(self) -> nh3.Cleaner:
        return nh3.Cleaner(
            tags=set(self.tags),
            clean_content_tags=set(self.emptied),
            attributes={element: set(names) for element, names in self.attributes.items()},
            url_schemes=set(self.schemes),
            link_rel=None,
        )


def _cut(before: str, after: str) -> tuple[str, ...]:
    """The tags and attributes that are rarer now: tags first, each in order of its first place."""
    tags, attributes = _census(before)
    tags_left, attributes_left = _census(after)
    gone = [f"<{name}>" for name, count in tags.items() if count > tags_left[name]]
    gone += [name for name, count in attributes.items() if count > attributes_left[name]]
    if before.count("<!") > after.count("<!"):
        gone.append("comment")
    return tuple(gone[:_MOST_NAMED])


def _census(markup: str) -> tuple[Counter[str], Counter[str]]:
    """How often each tag is opened, and each attribute set."""
    opened = _OPENING.findall(markup)
    attributes = Counter(name.lower() for _, rest in opened for name in _ATTRIBUTE.findall(rest))
    return Counter(tag.lower() for tag, _ in opened), attributes


def plain_text(markup: str) -> str:
    """The text between the tags in one line; what scripts and style sheets hold is no text."""
    if "<" not in markup and "&" not in markup:
        return " ".join(markup.split())
    reader = _TextReader()
    reader.feed(markup)
    reader.close()
    return " ".join("".join(reader.pieces).split())


def as_markup(text: str) -> str:
    """Plain text as markup that shows it."""
    return escape(text, quote=False)


# Words on both sides of these tags are one word: all others part them.
_INLINE = frozenset(
    {"a", "abbr", "b", "big", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"}
)
_NO_TEXT = frozenset({"script", "style"})


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NO_TEXT:
            self._silent += 1
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _NO_TEXT and self._silent:
            self._silent -= 1
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append(" ")
