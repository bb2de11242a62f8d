"""Patches of a listing: add, replace, merge and delete of top-level attributes, by their selectors. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.sandbox.amazon.errors import Json, RefusedError, issue
from adapters.sandbox.amazon.judgement import Attributes, of_violations
from adapters.sandbox.amazon.product_types import Definition
from adapters.sandbox.amazon.schemas import selection, violations

_OPERATIONS = ("add", "replace", "merge", "delete")
_PREFIX = "/attributes/"


def named_attributes(patches: Sequence[Json]) -> list[str]:
    """The attribute of each patch. Raises RefusedError 400 for a path that is not a top-level attribute's."""
    names = []
    for place, patch in enumerate(patches):
        name = patch["path"].removeprefix(_PREFIX)
        if not patch["path"].startswith(_PREFIX) or not name or "/" in name:
            raise RefusedError(400, f"Invalid path provided in patch at index of {place}")
        if patch["op"] not in _OPERATIONS:
            raise RefusedError(400, f"Invalid op provided in patch at index of {place}")
        if not isinstance(patch.get("value"), list) or not patch["value"]:
            # also for delete: an attribute is not deleted by its name alone
            raise RefusedError(400, f"Invalid value provided in patch at index of {place}")
        names.append(name)
    return names


def patched(before: Attributes, patches: Sequence[Json], definition: Definition) -> tuple[Attributes, list[Json]]:
    """The attributes of one marketplace after the patches, and what is wrong with them; then nothing is to be kept."""
    after = dict(before)
    issues: list[Json] = []
    for patch, name in zip(patches, named_attributes(patches), strict=True):
        if name not in definition.parts:
            issues.append(unknown_attribute(name))
            continue
        values = _of_marketplace(patch["value"], definition.demand.marketplace)
        if not values:
            continue
        selectors = definition.selectors(name)
        found = _missing_selectors(name, values, selectors) if patch["op"] in ("merge", "delete") else []
        if not found:
            wanted = _applied(patch["op"], after.get(name, []), values, selectors)
            found = of_violations(
                violation._replace(path=(name, *violation.path))
                for violation in (violations(definition.parts[name], wanted) if wanted else ())
            )
            if wanted:
                after[name] = wanted
            else:
                after.pop(name, None)
        issues += found
    return after, issues


def unknown_attribute(name: str) -> Json:
    """An attribute that the product type has not."""
    words = f"The attribute '{name}' is not valid for the product type."
    return issue("90000900", words, "INVALID_ATTRIBUTE", [name])


def _of_marketplace(values: Sequence[Json], marketplace: str) -> list[Json]:
    """Values that say no marketplace are for every one of the request."""
    return [one for one in values if one.get("marketplace_id", marketplace) == marketplace]


def _missing_selectors(name: str, values: Sequence[Json], selectors: Sequence[str]) -> list[Json]:
    optional = {"marketplace_id"}
    missing = [key for key in selectors if key not in optional and any(one.get(key) in (None, "") for one in values)]
    if not missing:
        return []
    words = f"The selectors {', '.join(missing)} of '{name}' are required to merge or delete."
    return [issue("99022", words, "INVALID_ATTRIBUTE", [name])]


def _applied(operation: str, before: list[Json], values: list[Json], selectors: list[str]) -> list[Json]:
    if operation in ("add", "replace"):
        return values
    chosen = {selection(one, selectors): one for one in values}
    if operation == "delete":
        return [one for one in before if selection(one, selectors) not in chosen]
    merged = []
    for one in before:
        change = chosen.pop(selection(one, selectors), None)
        merged.append(one if change is None else _merged(one, change))
    return [*merged, *(_merged({}, change) for change in chosen.values())]


def _merged(before: Mapping[str, object], change: Mapping[str, object]) -> Json:
    """Only the fields given change; null takes one away."""
    return {name: value for name, value in {**before, **change}.items() if value is not None}
