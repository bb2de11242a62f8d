"""What eBay knows of categories: the Taxonomy and Metadata APIs, one method for each call. They concern no seller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapters.ebay.calls import Calls, mapping_of, quoted
from adapters.ebay.requirements import Aspect, Dependence
from adapters.errors import ChannelUnavailableError
from adapters.exchange import Answer
from adapters.model import CategorySuggestion
from adapters.values import value_object

FILTER_MOST = 50  # category ids in one question of the Metadata API; it leaves out further ones
_TAXONOMY = "/commerce/taxonomy/v1"
_METADATA = "/sell/metadata/v1/marketplace"


@value_object
class Tree:
    """A marketplace's category tree. version changes with any category or item specific in it."""

    id: str
    version: str


class Catalogue:
    """Asks eBay for one marketplace. Raises AdapterError: UnknownListingError and RejectedListingError for categories
    that it does not have."""

    def __init__(self, calls: Calls, marketplace: str) -> None:
        self._calls = calls
        self._marketplace = marketplace

    async def tree(self) -> Tree:
        """getDefaultCategoryTreeId."""
        query = f"marketplace_id={self._marketplace}"
        answer = await self._calls.ask(f"{_TAXONOMY}/get_default_category_tree_id?{query}")
        body = mapping_of(answer)
        if not body.get("categoryTreeId"):
            raise _unreadable("getDefaultCategoryTreeId", answer)
        return Tree(str(body["categoryTreeId"]), str(body.get("categoryTreeVersion") or ""))

    async def aspects(self, tree: Tree, category: str) -> tuple[Aspect, ...]:
        """getItemAspectsForCategory: what a leaf category asks for."""
        path = f"{_TAXONOMY}/category_tree/{quoted(tree.id)}/get_item_aspects_for_category"
        answer = await self._calls.ask(f"{path}?category_id={quoted(category)}")
        found = mapping_of(answer).get("aspects", [] if answer.status == 204 else None)
        if not isinstance(found, list):
            raise _unreadable("getItemAspectsForCategory", answer)
        return tuple(_aspect(one) for one in found if isinstance(one, Mapping))

    async def conditions(self, categories: Sequence[str]) -> dict[str, frozenset[str]]:
        """getItemConditionPolicies: ids of the conditions that each of up to 50 categories takes."""
        found = await self._policies("item_condition", "itemConditionPolicies", categories)
        return {
            category: frozenset(str(one.get("conditionId")) for one in policy.get("itemConditions") or ())
            for category, policy in found.items()
        }

    async def variations(self, categories: Sequence[str]) -> dict[str, bool]:
        """getListingStructurePolicies: whether each of up to 50 categories takes listings with choices."""
        found = await self._policies("listing_structure", "listingStructurePolicies", categories)
        return {category: policy.get("variationsSupported") is not False for category, policy in found.items()}

    async def suggestions(self, tree: Tree, words: str) -> list[CategorySuggestion]:
        """getCategorySuggestions, the best first. eBay's sandbox answers with made-up ones."""
        path = f"{_TAXONOMY}/category_tree/{quoted(tree.id)}/get_category_suggestions?q={quoted(words)}"
        found = mapping_of(await self._calls.ask(path)).get("categorySuggestions") or []
        return [_suggestion(one) for one in found if isinstance(one, Mapping)]

    async def _policies(self, kind: str, collection: str, categories: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        wanted = quoted(f"categoryIds:{{{'|'.join(categories)}}}")
        answer = await self._calls.ask(f"{_METADATA}/{self._marketplace}/get_{kind}_policies?filter={wanted}")
        found = mapping_of(answer).get(collection) or []
        return {str(one.get("categoryId")): one for one in found if isinstance(one, Mapping)}


def _aspect(document: Mapping[str, Any]) -> Aspect:
    constraint = document.get("aspectConstraint") or {}
    longest = constraint.get("aspectMaxLength")
    return Aspect(
        name=str(document.get("localizedAspectName") or ""),
        required=constraint.get("aspectRequired") is True,
        multi=constraint.get("itemToAspectCardinality") != "SINGLE",
        longest=longest if isinstance(longest, int) and longest > 0 else None,
        number=constraint.get("aspectDataType") == "NUMBER",
        variations=constraint.get("aspectEnabledForVariations") is not False,
        selection=constraint.get("aspectMode") == "SELECTION_ONLY",
        values=tuple(str(one.get("localizedValue")) for one in document.get("aspectValues") or ()),
        depends=tuple(_dependences(document.get("aspectValues") or ())),
    )


def _dependences(values: Iterable[Mapping[str, Any]]) -> Iterator[Dependence]:
    for one in values:
        for constraint in one.get("valueConstraints") or ():
            control = str(constraint.get("applicableForLocalizedAspectName") or "")
            beside = tuple(map(str, constraint.get("applicableForLocalizedAspectValues") or ()))
            if control and beside:
                yield Dependence(str(one.get("localizedValue")), control, beside)


def _suggestion(document: Mapping[str, Any]) -> CategorySuggestion:
    category = document.get("category") or {}
    above = sorted(document.get("categoryTreeNodeAncestors") or (), key=lambda one: one.get("categoryTreeNodeLevel", 0))
    names = [str(one.get("categoryName")) for one in above] + [str(category.get("categoryName") or "")]
    return CategorySuggestion(str(category.get("categoryId") or ""), " > ".join(names))


def _unreadable(operation: str, answer: Answer) -> ChannelUnavailableError:
    words = f"eBay: {operation} was answered with something else: {answer.excerpt}"
    return ChannelUnavailableError(words, status=answer.status)
