"""Listing states as MongoDB documents. Unknown members are ignored, so that a newer version may add some."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.model import Money, Operation, Problem
from consumer.errors import MarketsyncError
from consumer.events import Sequence
from consumer.listings.allowance import Spent
from consumer.listings.owed import Cause, Leave, Owed
from consumer.listings.state import (
    ChannelSays,
    Doubt,
    Figures,
    Fingerprint,
    ListingKey,
    ListingState,
    Refusal,
    Seen,
    Status,
    Submitted,
    VariantFigures,
    Version,
)
from consumer.mongo import Document

_KINDS: Mapping[str, type] = {
    "_id": str,
    "revision": int,
    "planned_sequence": str,
    "created_at": datetime,
    "updated_at": datetime,
    "sku": str,
    "reason": str,
    "attempts": int,
}
_VERSIONS = ("intent", "sent", "accepted", "proposed")


class UnreadableStateError(MarketsyncError):
    """A document in `listings` is not one of ours: someone changed it by hand, or a newer version wrote it."""


def to_document(state: ListingState) -> Document:
    """The document of a state. The parts of the id stand beside it, for queries. What is owed is stored by itself."""
    key = ListingKey.parse(state.id)
    return {
        "_id": state.id,
        "channel": key.channel,
        "account": key.account,
        "tenant": key.tenant,
        "entity_code": key.entity_code,
        "revision": state.revision,
        "planned_sequence": state.planned_sequence,
        "status": state.status.value,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "sku": state.sku,
        **{name: _version_document(getattr(state, name)) for name in _VERSIONS},
        "doubt": state.doubt.name.lower(),
        "references": dict(state.references),
        "warnings": list(state.warnings),
        "reason": state.reason,
        "problems": [_problem_document(problem) for problem in state.problems],
        "error": state.error,
        "attempts": state.attempts,
        "spent": None if state.spent is None else {"since": state.spent.since, "units": state.spent.units},
        "planned_rules": state.planned_rules,
        "passed": list(state.passed),
        "figures": _figures_document(state.figures),
        "keeps_sku": state.keeps_sku,
        "submitted": None if state.submitted is None else _submitted_document(state.submitted),
        "planned_schema": state.planned_schema,
        "group": state.group,
        "members": list(state.members),
        "refusal": None if state.refusal is None else {"reason": state.refusal.reason, "count": state.refusal.count},
    }


def from_document(document: Mapping[str, Any]) -> ListingState:
    """The state in a document. Raises UnreadableStateError naming the listing."""
    try:
        for name, kind in _KINDS.items():
            if not isinstance(document[name], kind):
                raise TypeError(f"{name} is not {kind.__name__}")
        return ListingState(
            id=document["_id"],
            revision=document["revision"],
            planned_sequence=Sequence(document["planned_sequence"]),
            status=Status(document["status"]),
            created_at=document["created_at"],
            updated_at=document["updated_at"],
            sku=document["sku"],
            intent=_version(document["intent"]),
            sent=_version(document["sent"]),
            accepted=_version(document["accepted"]),
            proposed=_version(document["proposed"]),
            doubt=Doubt[document["doubt"].upper()],
            references={**document["references"]},
            warnings=tuple(document["warnings"]),
            reason=document["reason"],
            problems=tuple(_problem(problem) for problem in document["problems"]),
            error=document["error"],
            attempts=document["attempts"],
            owed=read_owed(document.get("owed")),
            spent=_spent(document.get("spent")),
            planned_rules=document.get("planned_rules", ""),
            passed=tuple(document.get("passed", ())),
            figures=_figures(document.get("figures") or {}),
            keeps_sku=bool(document.get("keeps_sku")),
            submitted=_submitted(document.get("submitted")),
            planned_schema=document.get("planned_schema", ""),
            group=document.get("group", ""),
            members=tuple(document.get("members", ())),
            withheld=document.get("withheld", ""),
            confirmed=_version(document.get("confirmed")),
            seen=read_seen(document.get("seen")),
            refusal=None if document.get("refusal") is None else Refusal(**document["refusal"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        listing_id = document.get("_id")
        raise UnreadableStateError(
            f"the state of listing {listing_id} cannot be read ({error!r}); correct the document, or delete it to let"
            " the next change of the product find the listing on the channel again"
        ) from error


def read_owed(document: Any) -> Owed | None:
    """The mark in a listing's document. Raises KeyError, TypeError, ValueError for one that is not ours."""
    if document is None:
        return None
    return Owed(
        cause=Cause(document["cause"]),
        since=document["since"],
        due=document["due"],
        sequence=Sequence(document["sequence"]),
        mark=document["mark"],
        words=document.get("words", ""),
        attempts=document.get("attempts", 0),
        first_failure=document.get("first_failure"),
        suspect=document.get("suspect"),
        told=document.get("told", False),
        gap=document.get("gap"),
        gone_since=document.get("gone_since"),
        allowed=document.get("allowed", False),
        late_until=document.get("late_until"),
        brake=document.get("brake", ""),
        leave=_leave(document.get("leave")),
        claimed=document.get("claimed", False),
        lane=document.get("lane"),
    )


def read_seen(document: Mapping[str, Any] | None) -> Seen | None:
    """What was read back of a listing."""
    if document is None:
        return None
    says = ChannelSays(document["says"])
    return Seen(says, document["at"], document["words"], document.get("again"), document.get("late", False))


def seen_document(state: ListingState) -> Document:
    """The members that who looks at the channel writes beside the state."""
    seen = state.seen
    if seen is None:
        return {"confirmed": _version_document(state.confirmed), "seen": None}
    told: Document = {"says": seen.says.value, "at": seen.at, "words": seen.words, "late": seen.late}
    if seen.again is not None:  # only then is it in the index
        told["again"] = seen.again
    return {"confirmed": _version_document(state.confirmed), "seen": told}


def _leave(document: Mapping[str, Any] | None) -> Leave | None:
    if document is None:
        return None
    price = document["price"]
    money = None if price is None else Money(Decimal(price), document["currency"])
    variants = [_variant_figures(each) for each in document.get("variants") or ()]
    prices = {each.sku: each.price for each in variants if each.price is not None}
    sold_out = frozenset(each.sku for each in variants if each.quantity == 0)
    return Leave(Operation(document["operation"]), money, document["quantity"], prices, sold_out)


def _figures_document(figures: Figures) -> Document:
    """Only what is known, so that the index on what falls due stays small."""
    price = None if figures.price is None else str(figures.price)
    members = {"stock": figures.stock, "price": price, "rule": figures.rule, "due": figures.due}
    return {name: value for name, value in members.items() if value is not None}


def _figures(document: Mapping[str, Any]) -> Figures:
    price = document.get("price")
    return Figures(
        stock=document.get("stock"),
        price=None if price is None else Decimal(price),
        rule=document.get("rule"),
        due=document.get("due"),
    )


def _spent(document: Mapping[str, Any] | None) -> Spent | None:
    return None if document is None else Spent(document["since"], document["units"])


def _submitted_document(submitted: Submitted) -> Document:
    return {
        "ticket": submitted.ticket,
        "version": _version_document(submitted.version),
        "doubt": submitted.doubt.name.lower(),
        "verdict": submitted.verdict.value,
        "plan_again": submitted.plan_again,
        "remarks": list(submitted.remarks),
    }


def _submitted(document: Any) -> Submitted | None:
    if document is None:
        return None
    version = _version(document["version"])
    if version is None:
        raise TypeError("submitted without a version")
    return Submitted(
        ticket=document["ticket"],
        version=version,
        doubt=Doubt[document["doubt"].upper()],
        verdict=Status(document["verdict"]),
        plan_again=document["plan_again"],
        remarks=tuple(document["remarks"]),
    )


def _version_document(version: Version | None) -> Document | None:
    if version is None:
        return None
    variants = {"variants": [_figures_of_variant(each) for each in version.variants]} if version.variants else {}
    return variants | {
        "sequence": version.sequence,
        "operation": version.operation.value,
        "sku": version.sku,
        "at": version.at,
        "content": version.fingerprint.content if version.fingerprint else None,
        "offer": version.fingerprint.offer if version.fingerprint else None,
        "title": version.title,
        # Text keeps the amount exact, as it was sent.
        "price": str(version.price.amount) if version.price else None,
        "currency": version.price.currency if version.price else None,
        "quantity": version.quantity,
        "by": version.by,
    }


def _version(document: Mapping[str, Any] | None) -> Version | None:
    if document is None:
        return None
    content, offer, price = document["content"], document["offer"], document["price"]
    return Version(
        sequence=Sequence(document["sequence"]),
        operation=Operation(document["operation"]),
        sku=document["sku"],
        at=document["at"],
        fingerprint=None if content is None else Fingerprint(content, offer),
        title=document["title"],
        price=None if price is None else Money(Decimal(price), document["currency"]),
        quantity=document["quantity"],
        by=document.get("by", ""),
        variants=tuple(map(_variant_figures, document.get("variants", ()))),
    )


def _figures_of_variant(figures: VariantFigures) -> Document:
    price = figures.price
    return {
        "sku": figures.sku,
        "price": str(price.amount) if price else None,
        "currency": price.currency if price else None,
        "quantity": figures.quantity,
    }


def _variant_figures(document: Mapping[str, Any]) -> VariantFigures:
    price = document["price"]
    money = None if price is None else Money(Decimal(price), document["currency"])
    return VariantFigures(document["sku"], money, document["quantity"])


def _problem_document(problem: Problem) -> Document:
    return {
        "field": problem.field,
        "rule": problem.rule,
        "message": problem.message,
        "cure": problem.cure,
        "value": problem.value,
    }


def _problem(document: Mapping[str, Any]) -> Problem:
    return Problem(**document)
