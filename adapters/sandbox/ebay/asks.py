"""Calls that concern no seller's data: categories and what they ask for, quotas, keys of notifications.

They want an application's token. Sources: the Taxonomy, Metadata, Analytics and Notification contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from adapters.sandbox.ebay.errors import Json, RefusedError, refused
from adapters.sandbox.ebay.marketplaces import MARKETPLACES
from adapters.sandbox.ebay.world import CONDITION_IDS, Aspect, Category, Rules
from adapters.sandbox.server import Reply, Request

_DAY = 86_400
_FILTER_MOST = 50  # the vendor cuts longer lists, with a warning


class World(Protocol):
    """What the answers are made of. clock: seconds since the epoch; used: calls of an API so far today."""

    rules: Rules

    @property
    def clock(self) -> Callable[[], float]:
        """The time."""

    def used(self, api: str) -> int:
        """Calls of this API today."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A call of an application."""

    name: str
    answer: Callable[[World, Request], Reply]


def default_tree(world: World, request: Request) -> Reply:
    """getDefaultCategoryTreeId."""
    marketplace = request.query.get("marketplace_id")
    if not marketplace:
        raise refused(62002)
    if marketplace not in MARKETPLACES:
        raise refused(62003, marketplace)
    version = world.rules.category_tree_version
    return Reply(200, {"categoryTreeId": _tree_id(marketplace), "categoryTreeVersion": version})


def item_aspects(world: World, request: Request) -> Reply:
    """getItemAspectsForCategory: leaf categories only."""
    _marketplace_of(request.segments[4])
    category_id = request.query.get("category_id", "")
    if not category_id:
        raise refused(62006)
    if not category_id.isdigit():
        raise refused(62005, category_id)
    leaves = world.rules.leaf_categories
    if leaves is not None and category_id not in leaves:
        raise refused(62009, category_id)
    return Reply(200, {"aspects": [_aspect(one) for one in world.rules.category(category_id).aspects]})


def suggestions(world: World, request: Request) -> Reply:
    """getCategorySuggestions: categories one of whose words is in the question."""
    marketplace = _marketplace_of(request.segments[4])
    words = request.query.get("q", "").casefold().split()
    if not words:
        raise refused(62007)
    found = [
        {
            "category": {"categoryId": category_id, "categoryName": category.name},
            "categoryTreeNodeAncestors": [
                {
                    "categoryId": "1",
                    "categoryName": "Tutto",
                    "categorySubtreeNodeHref": "",
                    "categoryTreeNodeLevel": 1,
                }
            ],
            "categoryTreeNodeLevel": 2,
        }
        for category_id, category in world.rules.categories.items()
        if any(word in category.name.casefold() for word in words)
    ]
    tree = {"categoryTreeId": _tree_id(marketplace), "categoryTreeVersion": world.rules.category_tree_version}
    return Reply(200, {"categorySuggestions": found, **tree})


def condition_policies(world: World, request: Request) -> Reply:
    """getItemConditionPolicies of the categories in the filter."""

    def policy(category_id: str, category: Category) -> Json:
        names = category.conditions or tuple(CONDITION_IDS)
        conditions = [{"conditionId": CONDITION_IDS[name], "conditionDescription": name} for name in names]
        return {"itemConditionRequired": True, "itemConditions": conditions}

    return Reply(200, {"itemConditionPolicies": _policies(world, request, policy)})


def structure_policies(world: World, request: Request) -> Reply:
    """getListingStructurePolicies: which categories take listings with choices."""

    def policy(category_id: str, category: Category) -> Json:
        return {"variationsSupported": category.variations}

    return Reply(200, {"listingStructurePolicies": _policies(world, request, policy)})


def rate_limits(world: World, request: Request) -> Reply:
    """getRateLimits: how much of the day's calls is used; the day ends at midnight UTC."""
    now = datetime.fromtimestamp(world.clock(), UTC)
    reset = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for api, (context, limit) in world.rules.quotas.items():
        used = min(world.used(api), limit)
        rate = {
            "count": used,
            "limit": limit,
            "remaining": limit - used,
            "reset": reset.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "timeWindow": _DAY,
        }
        resources = [{"name": f"{context}.{api}", "rates": [rate]}]
        found.append({"apiContext": context, "apiName": api, "apiVersion": "v1", "resources": resources})
    name = request.query.get("api_name")
    return Reply(200, {"rateLimits": [one for one in found if name in (None, one["apiName"])]})


def public_key(world: World, request: Request) -> Reply:
    """getPublicKey. Raises RefusedError 404/195001 for a key that is not known."""
    key: Mapping[str, str] | None = world.rules.public_keys.get(request.segments[4])
    if key is None:
        raise RefusedError(refused(195001).errors, 404)
    return Reply(200, dict(key))


def _policies(world: World, request: Request, policy: Callable[[str, Category], Json]) -> list[Json]:
    marketplace = request.segments[4]
    if marketplace not in MARKETPLACES:
        raise refused(46001, marketplace)
    text = request.query.get("filter", "")
    ids = text.removeprefix("categoryIds:{").removesuffix("}").split("|") if text else list(world.rules.categories)
    return [
        {"categoryTreeId": _tree_id(marketplace), "categoryId": one, **policy(one, world.rules.category(one))}
        for one in ids[:_FILTER_MOST]
    ]


def _aspect(aspect: Aspect) -> Json:
    return {
        "localizedAspectName": aspect.name,
        "aspectConstraint": {
            "aspectDataType": aspect.data_type,
            "aspectEnabledForVariations": aspect.variations,
            "aspectMaxLength": aspect.longest,
            "aspectMode": "SELECTION_ONLY" if aspect.selection_only else "FREE_TEXT",
            "aspectRequired": aspect.required,
            "aspectUsage": "RECOMMENDED",
            "itemToAspectCardinality": "MULTI" if aspect.multi else "SINGLE",
        },
        "aspectValues": [_aspect_value(aspect, value) for value in aspect.values],
    }


def _aspect_value(aspect: Aspect, value: str) -> Json:
    if value not in aspect.beside:
        return {"localizedValue": value}
    control, values = aspect.beside[value]
    constraint = {"applicableForLocalizedAspectName": control, "applicableForLocalizedAspectValues": list(values)}
    return {"localizedValue": value, "valueConstraints": [constraint]}


def _tree_id(marketplace: str) -> str:
    return str(list(MARKETPLACES).index(marketplace))


def _marketplace_of(tree_id: str) -> str:
    places = list(MARKETPLACES)
    if not tree_id.isdigit() or int(tree_id) >= len(places):
        raise refused(62004, tree_id)
    return places[int(tree_id)]
