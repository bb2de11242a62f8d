"""What would happen to one listing now: the command, what it sends, what differs from before, what stands in its way.

Pure. It plans as a live account would, by the planner that deliveries use, so that a preview cannot promise anything
else than what then happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapters.base import Adapter
from adapters.model import Listing, Operation, Problem, Rendered
from consumer.events import Operation as EventOperation
from consumer.events import ProductEvent
from consumer.listings import planner
from consumer.listings.accounts import Account
from consumer.listings.brakes import Brake
from consumer.listings.brakes.foresight import would_hold
from consumer.listings.brakes.ledger import Ledger
from consumer.listings.brakes.touching import touched
from consumer.listings.state import NO_FIGURES, Figures, ListingState, Status, Version
from consumer.listings.validation import examine_event

_Plan = planner.Nothing | planner.Invalid | planner.Rehearsal | planner.Send

# What a verdict is called where no command follows.
UNCHANGED, INVALID, SUPERSEDED, BEHIND = "unchanged", "invalid", "superseded", "behind"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not what the channel took last. path: its name. None = it was not there, or will not be."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """verdict: the command's operation, or unchanged, invalid, superseded, behind, or the listing's status after none.

    words: why, for people. rendered: what the channel is to show; None where nothing is to be shown. differences: from
    what the channel took last. problems: what is in the way. touches: brakes that would count it. remarks: what of the
    product is left out. figures: where price and stock came from. mode: the account's. held: see
    `held`; "" also where nobody asked.
    """

    listing_id: str
    mode: str
    verdict: str
    words: str
    rendered: Rendered | None = None
    differences: tuple[Difference, ...] = ()
    problems: tuple[Problem, ...] = ()
    touches: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    figures: Figures = NO_FIGURES
    held: str = ""


def preview(
    event: ProductEvent,
    state: ListingState | None,
    account: Account,
    adapter: Adapter,
    at: datetime,
    last: Mapping[str, Any] | None = None,
) -> Preview:
    """For one product on one account. state: what is stored of the listing. at: now, UTC.

    last: what the channel accepted last but for price and stock, as it was rendered; None where that is not known.
    """
    live = replace(account, mode="live")
    plan = planner.plan(event, state, live, adapter, at)
    listing_id = account.listing_id(event.entity_code)
    if isinstance(plan, planner.Behind):
        return Preview(listing_id, account.mode, BEHIND, plan.words)
    if isinstance(plan, planner.Superseded):
        return Preview(listing_id, account.mode, SUPERSEDED, "a newer state of the product was planned already")
    rendered = plan.rendered if isinstance(plan, planner.Send) else None
    if isinstance(plan, planner.Send) and rendered is not None:
        shown = plan.command.listing
    else:  # what the channel has already, or would not get: planned without being kept
        shown = _shown(event, state, live, adapter, at)
        rendered = None if shown is None else adapter.render(shown)
    found = Preview(
        listing_id=listing_id,
        mode=account.mode,
        verdict=_verdict(plan),
        words=_words(plan, state),
        rendered=rendered,
        differences=() if shown is None or rendered is None else tuple(_differences(shown, rendered, state, last)),
        problems=_problems(plan, state),
        remarks=() if shown is None else shown.remarks,
        figures=plan.figures,
    )
    if isinstance(plan, planner.Send):
        return replace(found, touches=tuple(sorted(touched(plan.command, state, account.brakes))))
    return found


def held(found: Preview, account: Account, ledger: Ledger, now: float) -> str:
    """Why a brake would hold it if it came now; "" = none would. ledger: what the account's brakes have let pass.

    now: seconds since 1970.
    """
    counts = dict.fromkeys((Brake(name) for name in found.touches), 1)
    return "; ".join(would_hold(account.brakes, counts, ledger, now))


def _shown(
    event: ProductEvent, state: ListingState | None, account: Account, adapter: Adapter, at: datetime
) -> Listing | None:
    """The listing that is wanted, as the channel would get it."""
    if event.product is None or event.operation is EventOperation.DELETED:
        return None
    target = examine_event(event, account, adapter, at)
    return planner.numbered(target, state) if isinstance(target, Listing) else None


def _verdict(plan: _Plan) -> str:
    match plan:
        case planner.Invalid():
            return INVALID
        case planner.Nothing(status=Status.LIVE):
            return UNCHANGED
        case planner.Nothing():
            return plan.status.value
        case _:
            return plan.command.operation.value


def _words(plan: _Plan, state: ListingState | None) -> str:
    match plan:
        case planner.Invalid():
            return "it cannot be sent as it is; the channel keeps what it accepted last"
        case planner.Nothing():
            return plan.reason
        case _ if plan.reason:
            return plan.reason
        case _ if state is not None and state.uncertain:
            return "it is not known for sure what the channel shows, so it is sent again"
        case _:
            return _DOES[plan.command.operation]


_DOES: Mapping[Operation, str] = {
    Operation.CREATE: "the channel has no listing of it yet",
    Operation.REVISE_CONTENT: "its text, pictures or attributes changed",
    Operation.REVISE_OFFER: "its price or stock changed",
    Operation.REVISE_STOCK: "only its stock can be sent",
    Operation.WITHDRAW: "it is not wanted on the channel any more",
}


def _problems(plan: _Plan, state: ListingState | None) -> tuple[Problem, ...]:
    match plan:
        case planner.Invalid() | planner.Send():
            return plan.problems
        case planner.Nothing(status=Status.REFUSED | Status.BLOCKED) if state is not None:
            return state.problems
        case _:
            return ()


def _differences(
    listing: Listing, rendered: Rendered, state: ListingState | None, last: Mapping[str, Any] | None
) -> Iterator[Difference]:
    """Of price and stock as the listing's document has them, and of the rest as it was sent last."""
    before = None if state is None else state.accepted
    if before is None:
        return
    figures = {
        "price": (_price(before), f"{listing.price.amount} {listing.price.currency}"),
        "quantity": (before.quantity, listing.quantity),
    }
    if last is None:
        figures["title"] = (before.title, listing.title)
    else:
        old, new = dict(_flat(last)), dict(_flat(rendered.content))
        figures |= {path: (old.get(path), new.get(path)) for path in {**old, **new}}
    yield from (Difference(path, old, new) for path, (old, new) in figures.items() if old != new)


def _flat(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """What is in nested maps, by dotted path; lists stay whole."""
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", inner


def _price(version: Version) -> str | None:
    return None if version.price is None else f"{version.price.amount} {version.price.currency}"
