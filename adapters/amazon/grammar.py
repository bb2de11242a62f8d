"""What Amazon takes in a description: text, without any markup ("Product detail page rules": no HTML since 2021).

Paragraphs become one text, for `product_description` is one line of text to Amazon.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from adapters.amazon.shaping import Shapes
from adapters.html import Grammar, plain_text
from adapters.model import Listing

_EMPTIED = frozenset({
    "applet", "button", "embed", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select",
    "style", "svg", "template", "textarea", "title", "video",
})  # fmt: skip
_NO_MARKUP = Grammar(tags=frozenset(), emptied=_EMPTIED, attributes={}, schemes=frozenset())


def fit(listing: Listing, shapes: Shapes, prices: Collection[str] = ()) -> Listing:
    """The listing with its description as text; remarks say what was cut, and which attributes have no place.

    prices: attributes that go with the offer.
    """
    remarks = list(listing.remarks)
    text = _text(listing.description)
    if text != listing.description and (cut := _NO_MARKUP.clean(listing.description).cut):
        remarks.append(f"Amazon takes no {', '.join(cut)} in a description: sent as plain text")
    if unknown := shapes.left_out(name for name in listing.attributes if name not in prices):
        words = f"{listing.category} has no attribute {', '.join(unknown)} at Amazon: left out"
        if words not in remarks:
            remarks.append(words)
    if text == listing.description and len(remarks) == len(listing.remarks):
        return listing
    return replace(listing, description=text, remarks=tuple(remarks))


def _text(markup: str) -> str:
    """Text, also where tags were written as text: Amazon refuses what looks like one. Each round makes it shorter."""
    while (text := plain_text(markup)) != markup:
        markup = text
    return text
