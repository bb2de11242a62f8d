"""The compiled checks of Amazon's stand-in against the reference: jsonschema with Amazon's vocabulary."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from jsonschema import Draft201909Validator, ValidationError
from jsonschema.validators import extend

from adapters.sandbox.amazon.product_types import PRODUCT_TYPES, Definition, Definitions, Demand
from adapters.sandbox.amazon.schemas import compile_schema, violations
from adapters.sandbox.amazon.world import ITALY, MARKETPLACES
from tests.contract.amazon_calls import helmet, plain, text

WRONG: tuple[Any, ...] = (None, True, 0, -1, 3.5, "", "x", "x" * 3000, [], {}, [1], [{}], {"value": 1})
ROUNDS = 80


def most_unique(validator: Any, limit: int, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """maxUniqueItems as the vendor's page on its vocabulary describes it."""
    if isinstance(instance, list):
        names = schema.get("selectors", [])
        keys = Counter(repr([one.get(n) for n in names]) if isinstance(one, dict) else repr(one) for one in instance)
        if any(count > limit for count in keys.values()):
            yield ValidationError("too many")


def most_bytes(validator: Any, limit: int, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, str) and len(instance.encode()) > limit:
        yield ValidationError("too long")


Reference: Any = extend(  # type: ignore[no-untyped-call]  # the library's own stub has no types here
    Draft201909Validator, {"maxUniqueItems": most_unique, "maxUtf8ByteLength": most_bytes}
)


def changed(document: dict[str, Any], random: Random) -> dict[str, Any]:
    """The document with one to three places made different, which may leave it right."""
    document = copy.deepcopy(document)
    for _ in range(random.randint(1, 3)):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = random.choice(keys)
            inner = place[key]
            if isinstance(inner, dict | list) and inner and random.random() < 0.8:
                place = inner
                continue
            _change(place, key, random)
            break
    return document


def _change(place: Any, key: Any, random: Random) -> None:
    kind = random.randrange(3)
    if kind == 0:
        del place[key]
    elif kind == 1:
        place[key] = random.choice(WRONG)
    elif isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    else:
        place["surplus"] = random.choice(WRONG)


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return Definitions({})


def agree(definition: Definition, document: dict[str, Any]) -> bool:
    """Whether both find fault or neither does; the verdict is the reference's."""
    schema = {name: value for name, value in definition.schema.items() if name != "$schema"}
    expected = Reference(schema).is_valid(document)
    assert (violations(definition.check, document) == []) == expected, document
    return bool(expected)


@pytest.mark.parametrize("level", ["", "CHILD"])
def test_both_agree_on_documents_that_were_made_different(definitions: Definitions, level: str) -> None:
    random = Random(7)
    definition = definitions.find(Demand("HELMET", ITALY, level=level))
    theme = [{"name": "SIZE", "marketplace_id": ITALY}]
    relation = [{"child_relationship_type": "variation", "parent_sku": "P", "marketplace_id": ITALY}]
    family = {"parentage_level": plain("child"), "variation_theme": theme, "child_parent_sku_relationship": relation}
    whole = {**helmet(bullet_point=text("a") * 3), **(family if level else {})}
    assert agree(definition, whole)
    verdicts = Counter(agree(definition, changed(whole, random)) for _ in range(ROUNDS))
    assert verdicts[True]
    assert verdicts[False]


@pytest.mark.parametrize("requirements", ["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"])
def test_every_definition_can_be_checked_and_is_made_once(definitions: Definitions, requirements: str) -> None:
    for name in PRODUCT_TYPES:
        for enforced in (True, False):
            demand = Demand(name, ITALY, requirements, enforced)
            definition = definitions.find(demand)
            assert definition is definitions.find(demand)
            assert set(definition.parts) == set(definition.schema["properties"])
            assert bool(violations(definition.check, {})) == (
                enforced and (name != "PRODUCT" or requirements == "LISTING_OFFER_ONLY")
            )


def test_a_definition_is_a_schema_of_the_dialect(definitions: Definitions) -> None:
    schema = definitions.find(Demand("HELMET", ITALY)).schema
    Draft201909Validator.check_schema({key: value for key, value in schema.items() if key != "$schema"})


def test_every_marketplace_has_definitions_of_its_own(definitions: Definitions) -> None:
    prints = {definitions.find(Demand("HELMET", place)).checksum for place in MARKETPLACES}
    assert len(prints) == len(MARKETPLACES)


def test_a_keyword_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="patternProperties"):
        compile_schema({"patternProperties": {}}, {})
