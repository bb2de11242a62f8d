"""What the answer to a command makes of its listing's state. Pure; used by `transitions`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.errors import (
    AdapterError,
    ChannelHaltedError,
    PermanentError,
    RateLimitedError,
    UnderReviewError,
    UnknownListingError,
)
from adapters.model import Operation, Outcome, Problem
from adapters.values import replace
from consumer.listings.planner import Rehearsal, Send
from consumer.listings.state import (
    Doubt,
    Fingerprint,
    ListingState,
    Refusal,
    Status,
    Submitted,
    VariantFigures,
    Version,
    doubt_after,
    look_again,
)

# A product can hold anything; what we keep of it for people to read is bounded.
WORDS = 1000
_VALUE = 200
_TITLE = 120
_PROBLEMS = 50


def taken(state: ListingState, plan: Send, outcome: Outcome, version: Version) -> ListingState:
    """Neither success nor failure: the channel has it."""
    return replace(
        state,
        revision=state.revision + 1,
        updated_at=version.at,
        intent=None,
        references={**state.references, **outcome.references},
        status=Status.SUBMITTED,
        doubt=Doubt.NONE,
        error=None,
        submitted=Submitted(outcome.ticket, version, state.doubt, plan.verdict, plan.plan_again, plan.remarks),
    )


def answered_by(state: ListingState, plan: Send, outcome: Outcome, version: Version) -> ListingState:
    """The channel said how it ended. version: what was sent, at the time of the answer."""
    answered = replace(
        state,
        revision=state.revision + 1,
        updated_at=version.at,
        intent=None,
        # What was refused is remembered over a stock that was sent alone.
        sent=state.sent if plan.command.operation is Operation.REVISE_STOCK else version,
        references={**state.references, **outcome.references},
    )
    if outcome.error is None and plan.command.operation is Operation.REVISE_STOCK:
        return _stock_taken(answered, plan, outcome, version)
    if outcome.error is None:
        return _succeeded(answered, plan, outcome)
    return _failed(answered, plan, outcome.error, state.sent)


def _succeeded(state: ListingState, plan: Send, outcome: Outcome) -> ListingState:
    certain = replace(
        state,
        doubt=Doubt.NONE,
        warnings=tuple(warning[:WORDS] for warning in (*plan.remarks, *outcome.warnings)[:_PROBLEMS]),
        problems=(),
        error=None,
        attempts=0,
        passed=(),
        refusal=None,
    )
    if plan.command.operation is not Operation.WITHDRAW:
        members = _members(certain.sent) if state.members else ()
        return replace(certain, status=Status.LIVE, accepted=certain.sent, reason="", members=members)
    if plan.plan_again:
        # The ids belonged to the SKU that is gone now.
        return replace(certain, status=Status.WAITING, accepted=None, references={}, members=())
    return replace(certain, status=Status.WITHDRAWN, accepted=None, members=())


def _members(version: Version | None) -> tuple[str, ...]:
    return () if version is None else tuple(each.sku for each in version.variants)


def _stock_taken(state: ListingState, plan: Send, outcome: Outcome, version: Version) -> ListingState:
    """The channel sells no more than this stock, if it shows the listing at all.

    Whatever else was in doubt is kept as a fingerprint that equals none: it is sent once the product is valid again,
    but the stock is not written anew with every event until then.
    """
    known = state.accepted.fingerprint if state.accepted and state.doubt < Doubt.CONTENT else None
    shown = replace(
        state.accepted or version,
        quantity=plan.command.quantity,
        fingerprint=Fingerprint(content=known.content, offer="") if known else None,
        variants=_restocked(state.accepted, version),
    )
    return replace(
        state,
        status=plan.verdict,
        accepted=shown,
        doubt=Doubt.NONE,
        warnings=tuple(warning[:WORDS] for warning in outcome.warnings),
        error=None,
        attempts=0,
        passed=(),
    )


def _restocked(accepted: Version | None, sent: Version) -> tuple[VariantFigures, ...]:
    """The variants, those whose stock was sent with that."""
    stocks = {each.sku: each.quantity for each in sent.variants}
    shown = sent.variants if accepted is None else accepted.variants
    return tuple(replace(each, quantity=stocks.get(each.sku, each.quantity)) for each in shown)


def _failed(state: ListingState, plan: Send, error: AdapterError, before: Version | None) -> ListingState:
    """Even a clear refusal may come from the second of three calls: what was tried is in doubt from now on.

    before: what was sent before this.
    """
    doubtful = replace(state, doubt=max(state.doubt, doubt_after(plan.command.operation)), error=_words(error))
    if is_gone(plan, error):
        return replace(doubtful, status=Status.WAITING, accepted=None, doubt=Doubt.EXISTENCE)
    if isinstance(error, PermanentError):
        refusal = _refusal_after(state, plan, error, before)
        blocked = refusal is not None and refusal.blocks
        refused = plan.verdict if plan.problems else Status.BLOCKED if blocked else Status.REFUSED
        problems = (_refusal(error, blocked=blocked), *kept(plan.problems))[:_PROBLEMS]
        figures = state.figures
        if refused is Status.BLOCKED and state.planned_schema:
            figures = look_again(figures, state.updated_at)
        return replace(
            doubtful,
            status=refused,
            problems=problems,
            refusal=refusal,
            attempts=state.attempts + 1,
            figures=figures,
        )
    burned = 0 if isinstance(error, RateLimitedError | UnderReviewError | ChannelHaltedError) else 1
    return replace(doubtful, status=Status.WAITING, attempts=state.attempts + burned)


def _refusal_after(state: ListingState, plan: Send, error: AdapterError, before: Version | None) -> Refusal | None:
    """How often in a row the channel has said so to the same. A stock that went alone proves nothing about the rest."""
    if plan.command.operation is Operation.REVISE_STOCK:
        return state.refusal
    reason = error.code or f"{error.kind}: {error.message}"[:_VALUE]
    same = before is not None and (before.sku, before.fingerprint) == (plan.command.sku, plan.fingerprint)
    if same and state.refusal is not None and state.refusal.reason == reason:
        return replace(state.refusal, count=state.refusal.count + 1)
    return Refusal(reason, 1)


def is_gone(plan: Send, error: AdapterError) -> bool:
    revising = plan.command.operation in (Operation.REVISE_CONTENT, Operation.REVISE_OFFER)
    return revising and isinstance(error, UnknownListingError)


def version_of(plan: Send | Rehearsal, at: datetime) -> Version:
    listing = plan.command.listing
    shown: dict[str, Any] = {"quantity": plan.command.quantity}
    if listing is not None:
        shown = {"title": listing.title[:_TITLE], "price": listing.price, "quantity": listing.quantity}
        if listing.variants:
            shown["variants"] = tuple(VariantFigures(each.sku, each.price, each.quantity) for each in listing.variants)
    elif plan.command.quantities:
        stocks = plan.command.quantities
        shown["variants"] = tuple(VariantFigures(sku, None, quantity) for sku, quantity in stocks.items())
    return Version(
        sequence=plan.sequence,
        operation=plan.command.operation,
        sku=plan.command.sku,
        at=at,
        fingerprint=plan.fingerprint,
        **shown,
    )


def _refusal(error: AdapterError, *, blocked: bool) -> Problem:
    code = f" ({error.code})" if error.code else ""
    again = "the next change of the product is sent."
    if blocked:
        again = "until then it is blocked: not sent again, also by a resync, unless that is forced."
    return Problem(
        field="listing",
        rule=error.code or error.kind,
        message=f"the channel refused it{code}: {error.message[:WORDS]}",
        cure=f"Correct the product in the PIM, or the account's rules and settings; {again}",
    )


def kept(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(_cut(problem) for problem in problems[:_PROBLEMS])


def _cut(problem: Problem) -> Problem:
    return replace(problem, message=problem.message[:WORDS], value=problem.value[:_VALUE])


def _words(error: AdapterError) -> str:
    return f"{error.kind}: {error.message}"[:WORDS]
