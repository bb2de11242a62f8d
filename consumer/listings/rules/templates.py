"""Texts put together from fields: `{brand} {name}[ - {attributes.color}]`.

The grammar is that of Python's own format strings, read by the standard library's parser, and of it the bare names
only: no index, no format, no call. So a template can read what rules may read, and do nothing. What stands in square
brackets is left out when one of its fields is empty. Doubled, braces and brackets mean themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter

from adapters.html import as_markup, plain_text
from adapters.values import value_object
from consumer.listings.rules.draft import Draft, Values
from consumer.listings.rules.sources import Source, find_source

_BRACKET = re.compile(r"\[\[|\]\]|\[|\]")

Read = Callable[[Draft, tuple[str, ...]], str]


@dataclass(slots=True)
class _Piece:
    """Texts and fields in a row. optional: all of it or nothing."""

    parts: list[str | Source]
    optional: bool = False

    def fields(self) -> Iterator[Source]:
        return (part for part in self.parts if isinstance(part, Source))


@value_object
class Template:
    """A template that was read. pieces: in order."""

    pieces: tuple[_Piece, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises ValueError in words for a template that cannot be read, and for fields there are not."""
        try:
            tokens = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"template {text!r}: {error}; write {{{{ or }}}} for a brace") from None
        pieces = [_Piece([])]
        for literal, name, form, conversion in tokens:
            _read_literal(text, literal, pieces)
            if name is None:
                continue
            if form or conversion or not name:
                raise ValueError(f"template {text!r}: between braces stands the name of a field, and nothing else")
            pieces[-1].parts.append(find_source(name))
        if pieces[-1].optional:
            raise ValueError(f"template {text!r}: a bracket is not closed")
        if not any(True for piece in pieces for _ in piece.fields()):
            raise ValueError(f"template {text!r} has no field: use set for a fixed text")
        return cls(tuple(piece for piece in pieces if piece.parts))

    def names(self) -> Iterator[str]:
        """The fields it reads."""
        return (source.name for piece in self.pieces for source in piece.fields())

    def compile(self, *, markup: bool) -> Read:
        """A function that fills it; "" when none of the fields has a value.

        markup: the result is HTML: so are the template's own texts then, and plain fields are escaped. Otherwise
        fields that are HTML are read without their tags, and blanks next to empty fields fall together.
        """
        pieces = [(piece.optional, [_reader(part, markup=markup) for part in piece.parts]) for piece in self.pieces]

        def fill(draft: Draft, languages: tuple[str, ...]) -> str:
            found: list[str] = []
            any_field = False
            for optional, readers in pieces:
                texts = [reader if isinstance(reader, str) else reader(draft, languages) for reader in readers]
                if optional and not all(texts):
                    continue
                any_field = any_field or any(
                    text for text, reader in zip(texts, readers, strict=True) if not isinstance(reader, str)
                )
                found.extend(texts)
            if not any_field:
                return ""
            return "".join(found) if markup else " ".join("".join(found).split())

        return fill


def text_reader(source: Source, *, markup: bool) -> Callable[[Draft, tuple[str, ...]], Values]:
    """Reads a source for a field that is HTML, or for one that is not."""
    if source.markup == markup:
        return source.read
    turn = as_markup if markup else plain_text
    return lambda draft, languages: tuple(filter(None, map(turn, source.read(draft, languages))))


def _reader(part: str | Source, *, markup: bool) -> str | Read:
    if isinstance(part, str):
        return part
    read = text_reader(part, markup=markup)
    return lambda draft, languages: ", ".join(read(draft, languages))


def _read_literal(text: str, literal: str, pieces: list[_Piece]) -> None:
    """Adds a text to the pieces; its brackets begin and end an optional one."""
    at = 0
    for bracket in _BRACKET.finditer(literal):
        _add(pieces, literal[at : bracket.start()])
        at = bracket.end()
        if len(bracket[0]) == 2:
            _add(pieces, bracket[0][0])
        elif (bracket[0] == "[") is pieces[-1].optional:
            raise ValueError(f"template {text!r}: brackets do not match; write [[ or ]] for a bracket")
        elif bracket[0] == "]" and not any(True for _ in pieces[-1].fields()):
            raise ValueError(f"template {text!r}: brackets without a field in them; write [[ or ]] for a bracket")
        else:
            pieces.append(_Piece([], optional=bracket[0] == "["))
    _add(pieces, literal[at:])


def _add(pieces: list[_Piece], literal: str) -> None:
    if literal:
        pieces[-1].parts.append(literal)
