"""A listing in the making: what content rules read and write, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.model import Problem
from adapters.values import value_object
from consumer.listings.product import Product
from consumer.listings.rules.languages import attributes_in, language_of, text_in

Values = tuple[str, ...]

ATTRIBUTE = "attributes."
SINGLE = ("title", "description", "brand", "mpn", "condition")
"""Fields of one value."""
MANY = ("gtins", "images")
"""Fields of several values, besides the attributes."""


@value_object
class Unmapped:
    """A value that a table of the account does not know. field: where it should have gone."""

    field: str
    value: str


@dataclass(slots=True)
class Draft:
    """What a listing would say.

    languages: of its texts, the listing's own first. fields: field of a listing -> values; a field without a value is
    not in it. attributes: the channel's name -> values, the same. remarks: what people should know, and keeps nobody
    from listing. unmapped: values that tables do not know, problem or not.
    """

    product: Product
    languages: tuple[str, ...]
    fields: dict[str, Values] = field(default_factory=dict)
    attributes: dict[str, Values] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)

    def get(self, target: str) -> Values:
        """The values so far, none = empty."""
        if target in self.fields:
            return self.fields[target]
        return self.attributes.get(target.removeprefix(ATTRIBUTE), ()) if target.startswith(ATTRIBUTE) else ()

    def put(self, target: str, values: Values) -> None:
        """Replace the values; none takes the field away. A field of one value gets them as one text."""
        holder, name = self.fields, target
        if target.startswith(ATTRIBUTE):
            holder, name = self.attributes, target[len(ATTRIBUTE) :]
        elif len(values) > 1 and target in SINGLE:
            values = (", ".join(values),)
        if values:
            holder[name] = values
        else:
            holder.pop(name, None)

    def text(self, target: str) -> str:
        """The one value of a field, "" for none."""
        values = self.get(target)
        return values[0] if values else ""


def first_draft(product: Product, languages: tuple[str, ...], condition: str) -> Draft:
    """What the product says by itself, before any rule."""
    language = language_of(product.names, languages) or languages[0]
    chain = (language, *(other for other in languages if other != language))
    draft = Draft(product, chain)
    fields = {
        "title": text_in(product.names, (language,)),
        "description": text_in(product.descriptions, chain),
        "brand": product.brand,
        "mpn": product.model,
        "condition": condition,
    }
    draft.fields = {name: (value,) for name, value in fields.items() if value}
    if product.barcodes:
        draft.fields["gtins"] = product.barcodes
    if product.images:
        draft.fields["images"] = product.images
    draft.attributes = _attributes(product, chain)
    return draft


def _attributes(product: Product, languages: tuple[str, ...]) -> dict[str, Values]:
    """Label -> values in the listing's language. The brand is the listing's own field; channels name it as they do."""
    found: dict[str, dict[str, None]] = {}
    for attribute in attributes_in(product.attributes, languages):
        found.setdefault(attribute.label, {}).update(dict.fromkeys(attribute.values))
    return {label: tuple(values) for label, values in found.items()}
