"""What ManoMano is known to refuse, or to take and never show, found before anything is sent. Pure.

Mandatory fields of the content feed: ManoMano's template (sheet Definitions) and Channable's help page. Of the offer:
refusals that clients in production met.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import urlsplit

from adapters.gtins import is_gtin
from adapters.manomano.content import missing_columns, one_line
from adapters.manomano.mapping import cents
from adapters.manomano.settings import ManomanoAccount
from adapters.manomano.taxonomy import Taxonomy
from adapters.manomano.versions import Version, versions_of
from adapters.model import Listing, Problem

PRICE_HIGHEST = 10_000_000  # ours: beyond this it is a slip
WEIGHT_HIGHEST = Decimal(10_000)  # kilograms; ours: a pallet in grams
_SHOWN = 80


def validate(listing: Listing, account: ManomanoAccount, taxonomy: Taxonomy) -> list[Problem]:
    """Every known reason why ManoMano would not sell this; empty = may be sent."""
    problems = [problem for check in _CHECKS for problem in check(listing)]
    problems.extend(_category(listing, taxonomy))
    problems.extend(_grids(account))
    if listing.price.currency != account.currency:
        words = f"this contract sells in {account.currency}"
        problems.append(_problem("price", "currency", words, "Price it in that currency.", listing.price.currency))
    for version in versions_of(listing):
        found = [problem for check in _VERSION_CHECKS for problem in check(version)]
        found.extend(_identity(listing, version))
        found.extend(_weight(version, account))
        found.extend(_demanded(version, taxonomy))
        problems.extend(_named(problem, version) for problem in found)
    return problems


def _title(listing: Listing) -> Iterator[Problem]:
    if not one_line(listing.title):
        yield _missing("title", "Give the product a name in one of the account's languages.")


def _description(listing: Listing) -> Iterator[Problem]:
    if not listing.description.strip():
        yield _missing("description", "Describe the product in one of the account's languages.")


def _brand(listing: Listing) -> Iterator[Problem]:
    if not listing.brand:
        yield _missing("brand", "Give the product a brand in the PIM: ManoMano takes none without.")


def _category(listing: Listing, taxonomy: Taxonomy) -> Iterator[Problem]:
    category = listing.category or ""
    if not category:
        cure = "Map the product's category, or one above it, to a ManoMano category."
        yield _problem("category", "missing", "Invalid category", cure)
    elif not (category.isascii() and category.isdigit()):
        yield _problem("category", "not_numeric", "Invalid category", "Map it to a mm_category_id, a number.", category)
    elif taxonomy.leaves and category not in taxonomy.leaves:
        words = "ManoMano has no such category, or it has categories below it"
        yield _problem("category", "no_leaf", words, "Map it to one that has none below it.", category)


def _grids(account: ManomanoAccount) -> Iterator[Problem]:
    if not account.carrier_grids:
        words = "The account has no shipping grid"
        yield _problem("shipping", "no_grid", words, "Set carrier_grids to those that the Toolbox has.")


def _sku(version: Version) -> Iterator[Problem]:
    if not version.sku.strip():
        yield _missing("sku", "Give the product a SKU in the PIM.")
    elif version.sku != version.sku.strip():
        words = "SKU begins or ends with a blank"
        yield _problem("sku", "blanks", words, "Remove it in the PIM.", repr(version.sku))
    elif any(unicodedata.category(sign).startswith("C") for sign in version.sku):
        words = "SKU contains invisible characters"
        yield _problem("sku", "characters", words, "Type it anew in the PIM.", version.sku)


def _price(version: Version) -> Iterator[Problem]:
    price = version.price.amount
    if not price.is_finite() or (price < PRICE_HIGHEST and cents(price) <= 0):
        cure = "Give the product a price in the PIM."
        yield _problem("price", "not_positive", "Price must be greater than 0", cure, str(price))
    elif price >= PRICE_HIGHEST:
        yield _problem("price", "too_high", "Price is impossibly high", "Correct the price in the PIM.", str(price))


def _quantity(version: Version) -> Iterator[Problem]:
    if version.quantity < 0:
        cure = "Correct the stock in the PIM; 0 means sold out."
        yield _problem("quantity", "negative", "Quantity must be 0 or more", cure, str(version.quantity))


def _images(version: Version) -> Iterator[Problem]:
    if not version.images:
        yield _missing("image", "Add at least one picture.")
    for image in version.images:
        if not _is_https(image):
            yield _problem("image", "not_https", "Image address must start with https://", "Serve it by https.", image)


def _gtins(version: Version) -> Iterator[Problem]:
    for code in version.gtins:
        if not is_gtin(code):
            yield _problem("gtin", "malformed", "Invalid EAN", "Correct the number or remove it.", code)


def _identity(listing: Listing, version: Version) -> Iterator[Problem]:
    """ManoMano finds the product in its catalogue by EAN, or by brand and the manufacturer's number."""
    if not version.gtins and not (version.mpn and listing.brand):
        words = "There is neither an EAN nor a manufacturer's number with a brand"
        yield _problem("gtin", "missing", words, "Give the product one of them in the PIM.")


def _weight(version: Version, account: ManomanoAccount) -> Iterator[Problem]:
    weight = version.weight
    if weight is None or weight <= 0:
        cure = "Fill weight and weight_uom in the PIM, or set attributes.weight by a content rule."
        yield _problem(
            "weight", "missing", "Missing required field: weight", cure, "" if weight is None else str(weight)
        )
    elif weight > WEIGHT_HIGHEST:
        yield _problem(
            "weight", "too_heavy", "Weight is impossibly high", "Look at its unit in the PIM.", f"{weight} kg"
        )
    elif account.carrier_grids and not account.grids_for(weight):
        words = "No shipping grid of the account takes goods of this weight"
        yield _problem(
            "weight", "no_grid", words, "Add a grid to carrier_grids, or raise a weight_max.", f"{weight} kg"
        )


def _demanded(version: Version, taxonomy: Taxonomy) -> Iterator[Problem]:
    for column in missing_columns(version, taxonomy.columns):
        words = f"ManoMano demands {column.name}"
        cure = "Give the product this attribute in the PIM, or set it by a content rule."
        if column.values:
            known = sorted(set(column.values.values()))
            cure += f" Accepted: {', '.join(known[:10])}{', …' if len(known) > 10 else ''}."
        yield _problem("attributes", "missing", words, cure, ", ".join(version.attributes.get(column.name, ())))


_CHECKS: tuple[Callable[[Listing], Iterator[Problem]], ...] = (_title, _description, _brand)
_VERSION_CHECKS: tuple[Callable[[Version], Iterator[Problem]], ...] = (_sku, _price, _quantity, _images, _gtins)


def _named(problem: Problem, version: Version) -> Problem:
    """Of a group a problem says which version has it."""
    if not version.parent:
        return problem
    message = f"{version.sku}: {problem.message}"
    return Problem(problem.field, problem.rule, message, problem.cure, problem.value)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.split() == [url]  # without blanks


def _missing(field: str, cure: str) -> Problem:
    return _problem(field, "missing", f"Missing required field: {field}", cure)


def _problem(field: str, rule: str, message: str, cure: str, value: str = "") -> Problem:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return Problem(field=field, rule=rule, message=message, cure=cure, value=shown)
