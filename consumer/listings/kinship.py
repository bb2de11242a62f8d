"""Who belongs to whom among products: which one a document names as its parent, and what role that gives it. Pure.

A variant belongs to the parent that it names itself: that is the one thing its own events can tell. What a parent lists
only helps to find its variants. There is one level: who has a parent that is there is a variant, whoever names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from consumer.events import Kin, ProductEvent
from consumer.listings.leaves import first, identifier
from consumer.listings.product import Product
from consumer.listings.reader import ALIASES, read_product
from consumer.listings.rules.groups import Family
from consumer.listings.state import ListingState, Status

if TYPE_CHECKING:
    from consumer.listings.accounts import Account

Taken = AbstractSet[str]
"""SKUs that other listings of the account show, or may show."""

NOTHING_TAKEN: Taken = frozenset()

_LISTED = ("variants_entity_code", "variations_entity_code")
# Such a listing shows nothing, and nobody waits for it: it may become a variant without a look at its relatives.
_NOTHING_THERE = (Status.UNLISTED, Status.WITHDRAWN)
# So long a new group waits for the listings that its variants had of their own; then it comes without the rest.
_PATIENCE = timedelta(minutes=1)


class Role(StrEnum):
    """What a product is on an account that sells variants as one listing."""

    ALONE = "alone"
    """A listing of its own."""
    VARIANT = "variant"
    """Part of its parent's listing, and none of its own."""
    GROUP = "group"
    """One listing with its variants in it."""
    UNKNOWN = "unknown"
    """Its relatives have to be read first."""


def parent_of(document: Mapping[str, Any]) -> str | None:
    """The code of the product that this document names as its parent, None for none."""
    return identifier(first(document, ALIASES["parent"]))


def sku_of(document: Mapping[str, Any]) -> str | None:
    """The number the product is sold under, None where the document has none of its own."""
    return identifier(document.get("sku"))


def relatives_of(document: Mapping[str, Any]) -> Iterator[str]:
    """The codes of products that have to be read with this one: its parent, and the variants that it lists."""
    parent = parent_of(document)
    if parent is not None:
        yield parent
    listed = first(document, _LISTED)
    if isinstance(listed, list):
        yield from filter(None, map(identifier, listed))


def role_of(product: Product, kin: Kin | None, state: ListingState | None) -> Role:
    """What the product is. state: what is stored of its listing.

    From its event alone a product is told to be a variant only where that changes nothing a buyer sees. A product that
    names a parent which is not there is sold by itself, as the PIM's own shops do.
    """
    own, parent = product.entity_code, product.parent
    named = parent is not None and parent != own
    if kin is None:
        if _asked_for(state):
            return Role.UNKNOWN
        if named:
            return Role.VARIANT if _shows_nothing(state, parent) else Role.UNKNOWN
        return Role.UNKNOWN if product.variants or (state is not None and state.group == own) else Role.ALONE
    if named and kin.parent:
        return Role.VARIANT
    return Role.GROUP if kin.variants else Role.ALONE


def _asked_for(state: ListingState | None) -> bool:
    """Whether it is owed to look at it together with its relatives, for whatever else it is owed by now."""
    return state is not None and state.owed is not None and state.owed.lane is not None


def _shows_nothing(state: ListingState | None, parent: str | None) -> bool:
    """Whether nobody sees anything of the listing, and nobody waits for it."""
    if state is None:
        return True
    return not state.maybe_live and (state.group == parent or state.status in _NOTHING_THERE)


def group_of_deleted(event: ProductEvent, state: ListingState | None) -> str:
    """The group of a product that is gone: a parent stays one as long as there are products that name it."""
    own = event.entity_code
    known = state is not None and (state.group == own or _asked_for(state))
    there = known if event.kin is None else bool(event.kin.variants)
    return own if there else ""


def read_family(
    parent: Product, kin: Kin | None, account: Account, less: Callable[[Product], Product] = lambda child: child
) -> Family:
    """The parent with its variants, read. less: what takes off a variant's stock what is sold already."""
    documents = () if kin is None else kin.variants
    children = (
        less(read_product(document, code, text_language=account.text_language))
        for document in documents
        if (code := identifier(document.get("entity_code"))) is not None
    )
    return Family(parent, tuple(children))


def waits_for_taken(state: ListingState | None, at: datetime) -> bool:
    """Whether a group waits until all of its variants can be in it. One that buyers see already does not."""
    if state is not None and state.maybe_live:
        return False
    owed = None if state is None else state.owed
    return owed is None or at - owed.since < _PATIENCE
