"""The page about brakes says what holds: its examples are read as accounts read them, its defaults are the model's."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import yaml

from consumer.listings.brakes import Brake, Brakes
from consumer.listings.brakes.model import MassBrake

PAGE = Path(__file__).parents[4].joinpath("docs", "brakes.md").read_text(encoding="utf-8")


def test_the_examples_are_accepted() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    read = [Brakes.model_validate(yaml.safe_load(example)["brakes"]) for example in examples]
    assert [brakes.creates_per_hour for brakes in read] == [500, None]
    assert read[0].mass_delisting is not None
    assert read[0].mass_delisting == MassBrake(least=20, percent=Decimal(10))
    assert read[1].price_change is None


def test_the_table_has_every_brake_and_its_defaults() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE))
    assert list(rows) == [brake.value for brake in Brake]
    brakes = Brakes()
    assert rows["price_change"] == f"{brakes.price_change} %"
    for brake in (Brake.MASS_PRICE_CHANGE, Brake.MASS_ZERO_STOCK, Brake.MASS_DELISTING, Brake.COUNT_DROP):
        mass = getattr(brakes, brake.value)
        assert rows[brake.value].startswith(f"more than {mass.least} listings and {mass.percent} %")
    assert brakes.creates_per_hour is None
