"""Submissions of one SKU, by a call or by a message of a feed: checked at once, then accepted or INVALID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from adapters.sandbox.amazon.errors import Json, RefusedError, issue
from adapters.sandbox.amazon.judgement import Attributes, of_content, of_violations
from adapters.sandbox.amazon.patches import patched
from adapters.sandbox.amazon.product_types import PRODUCT_TYPES, Definition, Demand
from adapters.sandbox.amazon.schemas import violations
from adapters.sandbox.amazon.shop import Shop
from adapters.sandbox.faults import Fault, Faults

Kind = Literal["put", "patch", "delete"]
_BLEMISHES = {"18027": ("INVALID_IMAGE", "SEARCH_SUPPRESSED")}


@dataclass(frozen=True, slots=True)
class Submission:
    """What one SKU shall be. document: the call's body; route: what the journal calls it; preview: check it only."""

    kind: Kind
    route: str
    sku: str
    marketplaces: tuple[str, ...]
    document: Mapping[str, object] = field(default_factory=dict)
    preview: bool = False


@dataclass(slots=True)
class Result:
    """effect: as in the journal."""

    issues: list[Json] = field(default_factory=list)
    effect: str = "done"

    @property
    def invalid(self) -> bool:
        """Not accepted."""
        return any(one["severity"] == "ERROR" for one in self.issues)


def submit(shop: Shop, faults: Faults, submission: Submission) -> Result:
    """Check a submission and, unless it is a preview or INVALID, accept it for all of its marketplaces or for none.

    Raises RefusedError where the call as a whole cannot be understood.
    """
    fault = _struck(faults, "refuse", shop, submission)
    if fault is not None:
        code = str(fault.error_id or "4000001")
        return Result([issue(code, fault.words, "INVALID_ATTRIBUTE")], "refused")
    if submission.kind == "delete":
        return _delete(shop, faults, submission)
    wanted: dict[str, Attributes] = {}
    result = Result()
    for marketplace in submission.marketplaces:
        attributes, issues = (
            _put(shop, submission, marketplace) if submission.kind == "put" else _patch(shop, submission, marketplace)
        )
        result.issues += issues
        if attributes is not None:
            wanted[marketplace] = attributes
    if result.invalid:
        result.effect = "refused"
    elif not submission.preview:
        result.effect = _accept(shop, faults, submission, wanted)
    return result


def _put(shop: Shop, submission: Submission, marketplace: str) -> tuple[Attributes | None, list[Json]]:
    document = submission.document
    attributes = _table(document, "attributes")
    definition = _definition(shop, document, marketplace, enforced=True)
    issues = of_violations(violations(definition.check, attributes))
    if not issues:
        issues = of_content(attributes, refuse_internal=shop.rules.refuse_internal_gtins)
    return attributes, issues


def _patch(shop: Shop, submission: Submission, marketplace: str) -> tuple[Attributes | None, list[Json]]:
    """A SKU that is not there is accepted and nothing happens: a receipt is all that an answer is."""
    document = submission.document
    definition = _definition(shop, document, marketplace, enforced=False)
    patches = document.get("patches")
    if not isinstance(patches, list) or not patches or not all(_is_patch(one) for one in patches):
        raise RefusedError(400, "Invalid patches provided.")
    listing = shop.find(submission.sku, marketplace)
    before = listing.attributes if listing is not None else None
    after, issues = patched(before or {}, patches, definition)
    if not issues:
        changed = {name: values for name, values in after.items() if before is None or before.get(name) is not values}
        issues = of_content({**changed, **_titles_of(after)}, refuse_internal=shop.rules.refuse_internal_gtins)
    if listing is not None and definition.demand.product_type not in ("PRODUCT", listing.product_type):
        words = f"The product type of this listing is {listing.product_type}."
        issues.append(issue("90000900", words, "INVALID_ATTRIBUTE", ["product_type"]))
    return (None if before is None else after), issues


def _delete(shop: Shop, faults: Faults, submission: Submission) -> Result:
    if _struck(faults, "silence", shop, submission) is not None:
        return Result(effect="silent")
    for marketplace in submission.marketplaces:
        listing = shop.find(submission.sku, marketplace)
        if listing is not None and listing.attributes is not None:
            shop.delete(listing)
    return Result()


def _accept(shop: Shop, faults: Faults, submission: Submission, wanted: Mapping[str, Attributes]) -> str:
    """Take it on; the journal's word for what happens then."""
    silence = _struck(faults, "silence", shop, submission)
    late = _struck(faults, "late_issue", shop, submission)
    document = submission.document
    effect = "done" if wanted and silence is None else "silent"
    for marketplace, attributes in wanted.items():
        before = shop.find(submission.sku, marketplace)
        living = before is not None and before.attributes is not None
        if silence is not None and living:
            continue
        product_type, requirements = str(document["productType"]), str(document.get("requirements") or "LISTING")
        if before is not None and submission.kind == "patch":
            product_type, requirements = before.product_type, before.requirements
        listing = shop.submit(submission.sku, marketplace, attributes, product_type, requirements)
        listing.silent = listing.silent or silence is not None
        listing.blemish = _blemish(late) if late is not None else None
        if listing.blemish is not None:
            shop.notices.judged(listing, ["ERROR"], ["SEARCH_SUPPRESSED"])
    return effect


def _blemish(fault: Fault) -> Json:
    code = str(fault.error_id or "18027")
    category, action = _BLEMISHES.get(code, ("INVALID_ATTRIBUTE", "LISTING_SUPPRESSED"))
    return issue(code, fault.words, category, action=action)


def _struck(faults: Faults, kind: str, shop: Shop, submission: Submission) -> Fault | None:
    return faults.entry(kind, submission.route, shop.seller.name, submission.sku) if faults.active else None


def _definition(shop: Shop, document: Mapping[str, object], marketplace: str, *, enforced: bool) -> Definition:
    product_type = document.get("productType")
    if product_type not in PRODUCT_TYPES:
        raise RefusedError(400, f"Invalid 'productType' provided: {product_type}.")
    requirements = document.get("requirements") or "LISTING"
    if requirements not in ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"):
        raise RefusedError(400, f"Invalid 'requirements' provided: {requirements}.")
    return shop.definitions.find(Demand(str(product_type), marketplace, str(requirements), enforced))


def _table(document: Mapping[str, object], name: str) -> Attributes:
    found = document.get(name)
    if not isinstance(found, dict):
        raise RefusedError(400, f"'{name}' is required.")
    return found


def _is_patch(patch: object) -> bool:
    """op and path are texts, value a list of objects where there is one."""
    if not isinstance(patch, dict) or not all(isinstance(patch.get(name), str) for name in ("op", "path")):
        return False
    value = patch.get("value", [])
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _titles_of(attributes: Attributes) -> Attributes:
    return {name: attributes[name] for name in ("item_name", "title_differentiation") if name in attributes}
