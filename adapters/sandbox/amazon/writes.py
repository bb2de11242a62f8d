"""putListingsItem, patchListingsItem and deleteListingsItem: from a request to a submission, and to Amazon's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.sandbox.amazon.attributes import OFFER
from adapters.sandbox.amazon.errors import Json, RefusedError
from adapters.sandbox.amazon.listing import price_of, value_of
from adapters.sandbox.amazon.requests import body_of, listed, marketplaces_of, sku_of
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.amazon.submissions import Kind, Result, Submission
from adapters.sandbox.journal import JournalEntry
from adapters.sandbox.server import Reply, Request

_FAMILY = frozenset({"parentage_level", "child_parent_sku_relationship", "variation_theme"})


def parse(kind: Kind) -> Callable[[Shop, Request], Submission]:
    """How a call of this kind is read. Raises RefusedError for one that cannot be understood."""

    def read(shop: Shop, request: Request) -> Submission:
        sku = sku_of(request)
        places = marketplaces_of(request, shop.seller, most=None if kind == "patch" else 1)
        if kind == "delete":
            return Submission(kind, kind, sku, places)
        (mode,) = listed(request, "mode", ("VALIDATION_PREVIEW",)) or ("",)
        preview = bool(mode)
        if "identifiers" in listed(request, "includedData", ("identifiers", "issues")) and not preview:
            raise RefusedError(400, "'identifiers' can only be requested with mode VALIDATION_PREVIEW.")
        return Submission(kind, "preview" if preview else kind, sku, places, body_of(request), preview)

    return read


def answer(shop: Shop, request: Request, submission: Submission, result: Result, number: str) -> Reply:
    """A 200 also for what is INVALID. number: of the submission."""
    accepted = "VALID" if submission.preview else "ACCEPTED"
    body: Json = {
        "sku": submission.sku,
        "status": "INVALID" if result.invalid else accepted,
        "submissionId": number,
        "issues": result.issues,
    }
    if submission.preview and "identifiers" in listed(request, "includedData"):
        attributes = submission.document.get("attributes")
        known = attributes if isinstance(attributes, dict) else {}
        asin = shop.catalogue.asin(known, f"{shop.seller.merchant_id}/{submission.sku}")
        body["identifiers"] = [{"marketplaceId": place, "asin": asin} for place in submission.marketplaces]
    return Reply(200, body)


def application_limits(submission: Submission) -> Sequence[str]:
    """Names of the limits of the application that the call counts against."""
    if submission.kind == "delete":
        return ("delete",)
    if submission.preview:
        return ("preview",)
    names = attribute_names(submission)
    if submission.kind == "put":
        return ("put", "put with relationships") if names & _FAMILY else ("put",)
    kinds = ["patch"]
    if names - OFFER.keys():
        kinds.append("patch of product data")
    if names & _FAMILY:
        kinds.append("patch with relationships")
    return kinds


def attribute_names(submission: Submission) -> set[str]:
    """What the submission is about, as far as it can be read."""
    return set(_carried(submission))


def note(shop: Shop, submission: Submission) -> JournalEntry:
    """The journal's entry for a submission on its arrival."""
    carried = _carried(submission)
    quantity = value_of(carried, "fulfillment_availability", "quantity")
    title = value_of(carried, "item_name")
    return JournalEntry(
        number=0,
        time=shop.clock(),
        seller=shop.seller.name,
        operation=submission.route,
        sku=submission.sku,
        offer_id="",
        price=_price(carried),
        quantity=quantity if isinstance(quantity, int) else None,
        title=title if isinstance(title, str) else None,
    )


def _price(carried: dict[str, list[Json]]) -> str | None:
    try:
        return price_of(carried)
    except (AttributeError, ArithmeticError, KeyError, TypeError):  # whatever was sent, it is noted
        return None


def _carried(submission: Submission) -> dict[str, list[Json]]:
    """The attributes in the body, by name; only those that have the form of attributes."""
    document = submission.document
    attributes, patches = document.get("attributes"), document.get("patches")
    found = dict(attributes) if isinstance(attributes, dict) else {}
    for patch in patches if isinstance(patches, list) else ():
        if isinstance(patch, dict):
            found[str(patch.get("path", "")).removeprefix("/attributes/")] = patch.get("value")
    return {
        name: values
        for name, values in found.items()
        if isinstance(values, list) and values and all(isinstance(one, dict) for one in values)
    }
