"""Many commands as one feed: which of them may travel so, and what each message says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.amazon.definitions import Definitions
from adapters.amazon.feeds import patch_message, update_message
from adapters.amazon.mapping import content, offer_patches, patch_body, put_body, sales_terms
from adapters.amazon.settings import AmazonAccount
from adapters.amazon.work import Work
from adapters.model import Operation

_WHOLE = frozenset({Operation.CREATE, Operation.REVISE_CONTENT})


def travels(work: Work) -> bool:
    """Whether a feed may carry it.

    Not what is urgent: feeds queue behind feeds for hours, so what is sold out and what is withdrawn never waits there.
    Not a group: its messages would be judged apart, in any order, and the parent has to be first.
    """
    command = work.command
    if command.listing is None or command.listing.variants or work.children:
        return False
    return command.operation in _WHOLE or (command.operation is Operation.REVISE_OFFER and command.listing.quantity > 0)


def messages(works: Sequence[Work], account: AmazonAccount, definitions: Definitions) -> list[Mapping[str, Any]]:
    """One message for each; whose stock they are is known."""
    return [_message(number, work, account, definitions) for number, work in enumerate(works, start=1)]


def _message(number: int, work: Work, account: AmazonAccount, definitions: Definitions) -> Mapping[str, Any]:
    listing, channel = work.listing, work.channels[work.sku]
    if work.command.operation is Operation.REVISE_OFFER:
        patches = offer_patches(listing, account, channel)
        return patch_message(number, work.sku, patch_body(patches))
    product_type = listing.category or ""
    attributes = content(listing, account, definitions.of(product_type).shapes)
    terms = sales_terms(listing, account, channel)
    return update_message(number, work.sku, put_body(product_type, {**attributes, **terms}))
