"""What eBay takes in a description, and how a listing is made to fit it.

eBay stores whatever it is sent, scripts included, and neither cleans nor refuses it at once; later it shows the listing
without them, or refuses to publish it ("Disallowed JavaScript/HTML Syntax"). Its policy on active content names
scripts, forms, frames and plug-ins; tables, styles and pictures may stay. The attributes vocab, typeof and property
mark the short text that eBay shows on telephones.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.html import Grammar
from adapters.model import Listing

_TAGS = frozenset({
    "a", "abbr", "acronym", "address", "area", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br",
    "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "dir", "div", "dl", "dt",
    "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img",
    "ins", "kbd", "li", "main", "map", "mark", "nav", "ol", "p", "picture", "pre", "q", "s", "samp", "section",
    "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "time", "tr", "tt", "u", "ul", "var", "video", "wbr",
})  # fmt: skip
_EMPTIED = frozenset({
    "applet", "button", "embed", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select",
    "svg", "template", "textarea", "title",
})  # fmt: skip
_ATTRIBUTES = {
    "*": frozenset({
        "align", "background", "bgcolor", "border", "class", "color", "dir", "height", "id", "lang", "property",
        "style", "title", "typeof", "valign", "vocab", "width",
    }),
    "a": frozenset({"href", "name", "rel", "target"}),
    "area": frozenset({"alt", "coords", "href", "shape", "target"}),
    "blockquote": frozenset({"cite"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "font": frozenset({"face", "size"}),
    "hr": frozenset({"size"}),
    "img": frozenset({"alt", "hspace", "loading", "sizes", "src", "srcset", "usemap", "vspace"}),
    "li": frozenset({"value"}),
    "map": frozenset({"name"}),
    "ol": frozenset({"start", "type"}),
    "source": frozenset({"src", "type"}),
    "table": frozenset({"cellpadding", "cellspacing", "summary"}),
    "td": frozenset({"colspan", "headers", "nowrap", "rowspan"}),
    "th": frozenset({"colspan", "headers", "nowrap", "rowspan", "scope"}),
    "ul": frozenset({"type"}),
    "video": frozenset({"controls", "poster", "src"}),
}  # fmt: skip

GRAMMAR = Grammar(tags=_TAGS, emptied=_EMPTIED, attributes=_ATTRIBUTES, schemes=frozenset({"http", "https"}))


def fit(listing: Listing) -> Listing:
    """The listing with its description within the grammar; a remark says what was cut."""
    cleaned = GRAMMAR.clean(listing.description)
    if cleaned.text == listing.description:
        return listing
    if not cleaned.cut:
        return replace(listing, description=cleaned.text)
    remark = f"eBay takes no {', '.join(cleaned.cut)} in a description: cut"
    return replace(listing, description=cleaned.text, remarks=(*listing.remarks, remark))
