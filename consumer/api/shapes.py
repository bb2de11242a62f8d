"""Listings as the API shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from consumer.listings.axes import axes_of, wanted_of
from consumer.listings.history import Entry
from consumer.listings.state import ListingKey, ListingState, Version


class Shown(BaseModel):
    """What a version of a listing says. price: with VAT."""

    at: datetime
    operation: str = Field(examples=["create"])
    sku: str = Field(examples=["P-0001"])
    title: str | None = None
    price: Decimal | None = Field(None, examples=["19.90"])
    currency: str | None = Field(None, examples=["EUR"])
    quantity: int | None = Field(None, examples=[7])


class ListingProblem(BaseModel):
    """Why a listing is not as it should be, and what to do."""

    field: str = Field(examples=["weight"])
    words: str = Field(examples=["is missing"])
    cure: str = Field("", examples=["Give the product a weight in the PIM."])


class ListingRow(BaseModel):
    """One listing, on one account. listed: whether it is wanted there; reason: why not."""

    channel: str = Field(examples=["ebay"])
    account: str = Field(examples=["it"])
    entity_code: str = Field(examples=["P-0001"])
    sku: str = Field(examples=["P-0001"])
    status: str = Field(examples=["listed"])
    listed: bool
    reason: str = ""
    work: str = Field(examples=["idle"])
    last_try: str = Field(examples=["ok"])
    channel_says: str = Field(examples=["live"])
    blocked: str = Field(examples=["no"])
    next: str = Field(examples=["nothing: it is as it should be"])
    wants: Shown | None = None
    sent: Shown | None = None
    accepted: Shown | None = None
    confirmed: Shown | None = None
    problems: list[ListingProblem] = Field(default_factory=list)
    error: str = ""
    references: dict[str, str] = Field(default_factory=dict)
    updated_at: datetime


class HistoryEntry(BaseModel):
    """One thing that was done or decided for a listing. waited, took: seconds."""

    at: datetime
    reason: str = Field(examples=["change"])
    operation: str = Field(examples=["revise"])
    outcome: str = Field(examples=["accepted"])
    price: str | None = None
    quantity: int | None = None
    reply: str = ""
    waited: float | None = None
    took: float | None = None


def listing_row(state: ListingState) -> ListingRow:
    """A listing as one row."""
    key, axes = ListingKey.parse(state.id), axes_of(state)
    return ListingRow(
        channel=key.channel,
        account=key.account,
        entity_code=key.entity_code,
        sku=state.sku,
        status=state.status.value,
        listed=axes.listed,
        reason=axes.reason or state.reason,
        work=axes.work.value,
        last_try=axes.last_try.value,
        channel_says=str(axes.channel),
        blocked=axes.blocked.value,
        next=axes.next,
        wants=_shown(wanted_of(state)),
        sent=_shown(state.sent),
        accepted=_shown(state.accepted),
        confirmed=_shown(state.confirmed),
        problems=[ListingProblem(field=p.field, words=p.message, cure=p.cure) for p in state.problems],
        error=state.error or "",
        references=dict(state.references),
        updated_at=state.updated_at,
    )


def history_entry(entry: Entry) -> HistoryEntry:
    """An entry of the history."""
    return HistoryEntry(
        at=entry.at,
        reason=entry.reason.value,
        operation=entry.operation,
        outcome=entry.outcome,
        price=entry.price,
        quantity=entry.quantity,
        reply=entry.reply,
        waited=entry.waited,
        took=entry.took,
    )


def _shown(version: Version | None) -> Shown | None:
    if version is None:
        return None
    return Shown(
        at=version.at,
        operation=version.operation.value,
        sku=version.sku,
        title=version.title,
        price=version.price.amount if version.price else None,
        currency=version.price.currency if version.price else None,
        quantity=version.quantity,
    )
