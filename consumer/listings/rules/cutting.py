"""Cuts a text to a length, between words."""

from __future__ import annotations

from adapters.html import as_markup, plain_text

# What a text does not end with: it would show that something is missing.
_DANGLING = " ,;:-–—/|&+(["


def cut_at_words(text: str, longest: int, ending: str = "") -> str:
    """The text in one line, in at most `longest` characters.

    A text that fits stays whole. Else it ends after the last word that fits, with the ending; a first word that is too
    long by itself is cut inside.
    """
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    room = max(longest - len(ending), 0)
    head = text[: room + 1]
    whole = head.rpartition(" ")[0].rstrip(_DANGLING) or text[:room].rstrip()
    return whole + ending


def cut_markup_at_words(markup: str, longest: int, ending: str = "") -> str:
    """The same for HTML: one that fits stays as it is, of a longer one the plain text is left, as HTML."""
    if len(markup) <= longest:
        return markup
    text, room = plain_text(markup), longest
    cut = as_markup(cut_at_words(text, room, ending))
    while len(cut) > longest and room:  # signs such as & are longer as HTML
        room = max(room - (len(cut) - longest), 0)
        cut = as_markup(cut_at_words(text, room, ending))
    return cut if len(cut) <= longest else ""
