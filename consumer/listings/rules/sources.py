"""What a rule may read: fields of the product by the reader's names, its attributes, and what rules before it made.

A name is checked when the account is saved. One that is not here is no field of a product, or one that the PIM keeps
for itself: capture passes over writes of those, so a rule on them would never hear of a change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator

from adapters.model import Problem
from adapters.values import value_object
from consumer.listings.product import Attribute, Measure, Product, Texts
from consumer.listings.rules.draft import ATTRIBUTE, MANY, SINGLE, Draft, Values
from consumer.listings.rules.languages import find, text_in
from consumer.paths import overlap, path_of
from consumer.settings import CaptureSettings

Read = Callable[[Draft, tuple[str, ...]], Values]

_SPECIFICATION = "specifications."
_LISTING = "listing."


@value_object
class Source:
    """One thing to read. read: its values, in the first of these languages that has any; none = empty.

    paths: the fields of the PIM document behind it. markup: whether the values are HTML.
    """

    name: str
    read: Read
    paths: tuple[str, ...] = ()
    markup: bool = False


def find_source(name: str) -> Source:
    """The source of this name. Raises ValueError in words for one that cannot be read."""
    if name in SOURCES:
        return SOURCES[name]
    for prefix, pick, path in _ATTRIBUTES:
        if name.startswith(prefix) and name != prefix:
            return Source(name, _attribute(name[len(prefix) :], pick), (path,))
    if name.startswith(_LISTING) and (target := name[len(_LISTING) :]):
        return _made(name, checked_target(target))
    if name.partition(".")[0] in {path_of(field)[0] for field in _bookkeeping_by_default()}:
        raise ValueError(f"{name} is kept by the PIM for itself: its changes reach no channel, so no rule may use it")
    near = get_close_matches(name, SOURCES, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise ValueError(f"there is no product field {name!r}: {meant}there are {', '.join(SOURCES)}, attributes.NAME,"
                     " specifications.NAME and listing.FIELD")  # fmt: skip


def checked_source(name: str) -> str:
    """The name, if there is such a source. Raises ValueError."""
    return find_source(name).name


def checked_target(name: str) -> str:
    """The name, if it is a field of a listing that rules may write. Raises ValueError."""
    if name in SINGLE or name in MANY or (name.startswith(ATTRIBUTE) and name[len(ATTRIBUTE) :].strip()):
        return name
    raise ValueError(f"there is no listing field {name!r}: there are {', '.join((*SINGLE, *MANY))} and attributes.NAME")


SourceName = Annotated[str, AfterValidator(checked_source)]
TargetName = Annotated[str, AfterValidator(checked_target)]


def behind_bookkeeping(names: Iterable[str], bookkeeping: Collection[str]) -> list[str]:
    """Those of these sources whose changes capture is set to pass over. bookkeeping: names or paths, as it is set."""
    ignored = [path_of(field) for field in bookkeeping]
    return [
        name
        for name in dict.fromkeys(names)
        if any(overlap(path_of(path), other) for path in find_source(name).paths for other in ignored)
    ]


def _bookkeeping_by_default() -> tuple[str, ...]:
    found: tuple[str, ...] = CaptureSettings.model_fields["bookkeeping"].default
    return found


def number_text(figure: Decimal | int) -> str:
    """750, not 750.0 or 7.5E+2."""
    return format(Decimal(figure).normalize(), "f")


def _attribute(name: str, pick: Callable[[Product], Mapping[str, tuple[Attribute, ...]]]) -> Read:
    """An attribute by its label or the PIM's key for it, capitals or not."""
    wanted = name.strip().casefold()

    def read(draft: Draft, languages: tuple[str, ...]) -> Values:
        attributes = pick(draft.product)
        for language in (*languages, ""):
            for attribute in find(attributes, language) or ():
                if attribute.key.casefold() == wanted or attribute.label.casefold() == wanted:
                    return attribute.values
        return ()

    return read


def _made(name: str, target: str) -> Source:
    """What the rules so far made of a field of the listing."""
    return Source(name, lambda draft, _: draft.get(target), (), markup=target == "description")


def _plain(pick: Callable[[Product], Any]) -> Read:
    """A field without language: a text, a number, a list of texts, or why it cannot be read."""

    def read(draft: Draft, _: tuple[str, ...]) -> Values:
        value = pick(draft.product)
        if isinstance(value, str):
            return (value,) if value else ()
        if isinstance(value, tuple):
            return value
        if isinstance(value, Problem) and value not in draft.problems:
            draft.problems.append(value)
        if value is None or isinstance(value, Problem):
            return ()
        if isinstance(value, Measure):
            return (f"{number_text(value.value)} {value.unit}".strip(),)
        return (number_text(value),)

    return read


def _texts(pick: Callable[[Product], Texts]) -> Read:
    def read(draft: Draft, languages: tuple[str, ...]) -> Values:
        text = text_in(pick(draft.product), languages)
        return (text,) if text else ()

    return read


def _features(draft: Draft, languages: tuple[str, ...]) -> Values:
    found = (find(draft.product.features, language) for language in (*languages, ""))
    return next((values for values in found if values), ())


_ATTRIBUTES: tuple[tuple[str, Callable[[Product], Mapping[str, tuple[Attribute, ...]]], str], ...] = (
    (ATTRIBUTE, lambda product: product.attributes, "attributes"),
    (_SPECIFICATION, lambda product: product.specifications, "technical_specifications"),
)
_NO_TEXTS: Texts = {}

SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        Source("entity_code", _plain(lambda product: product.entity_code), ("entity_code",)),
        Source("sku", _plain(lambda product: product.sku), ("sku",)),
        Source("name", _texts(lambda product: product.names), ("name", "title")),
        Source(
            "description",
            _texts(lambda product: product.descriptions),
            ("description", "long_description", "short_description"),
            markup=True,
        ),
        Source(
            "short_description", _texts(lambda product: product.short_descriptions), ("short_description",), markup=True
        ),
        Source("features", _features, ("marketing_features",)),
        Source("brand", _plain(lambda product: product.brand), ("brand",)),
        Source("model", _plain(lambda product: product.model), ("product_model",)),
        Source("barcodes", _plain(lambda product: product.barcodes), ("ean", "barcode")),
        Source("images", _plain(lambda product: product.images), ("images", "gallery", "image")),
        Source("category", _plain(lambda product: product.category and product.category.id), ("category",)),
        Source(
            "category.name",
            _texts(lambda product: product.category.names if product.category else _NO_TEXTS),
            ("category",),
        ),
        Source("product_type", _plain(lambda product: product.product_type), ("product_type",)),
        Source("product_status", _plain(lambda product: product.product_status), ("product_status",)),
        Source("quantity", _plain(lambda product: product.quantity), ("quantity", "stock_quantity")),
        Source("prices.list", _plain(lambda product: product.prices.list), ("pricing", "price")),
        Source("prices.retail", _plain(lambda product: product.prices.retail), ("pricing", "price")),
        Source("prices.sale", _plain(lambda product: product.prices.sale), ("pricing", "price")),
        Source("weight", _plain(lambda product: product.size.weight), ("weight", "weight_uom")),
        Source("length", _plain(lambda product: product.size.length), ("dimension_length", "dimension_uom")),
        Source("width", _plain(lambda product: product.size.width), ("dimension_width", "dimension_uom")),
        Source("height", _plain(lambda product: product.size.height), ("dimension_height", "dimension_uom")),
    )
}
"""Fields of a product by the reader's names, besides attributes and specifications."""
