"""What ManoMano takes in a description: plain formatting. What its pages do with anything else is not said."""

from __future__ import annotations

from dataclasses import replace

from adapters.html import Grammar
from adapters.model import Listing

GRAMMAR = Grammar(
    tags=frozenset({"b", "br", "em", "i", "li", "ol", "p", "strong", "u", "ul"}),
    emptied=frozenset({
        "applet", "button", "embed", "form", "iframe", "math", "noembed", "noframes", "noscript", "object", "script",
        "select", "style", "svg", "template", "textarea", "title", "video",
    }),
    attributes={},
    schemes=frozenset({"https"}),
)  # fmt: skip


def fit(listing: Listing) -> Listing:
    """The listing with its description within the grammar; a remark says what was cut."""
    cleaned = GRAMMAR.clean(listing.description)
    if cleaned.text == listing.description:
        return listing
    if not cleaned.cut:
        return replace(listing, description=cleaned.text)
    remark = f"ManoMano takes no {', '.join(cleaned.cut)} in a description: cut"
    return replace(listing, description=cleaned.text, remarks=(*listing.remarks, remark))
