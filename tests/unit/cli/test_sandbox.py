"""`marketsync sandbox` takes what the stand-ins take, and says their defaults truly."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from adapters.sandbox.amazon import __main__ as amazon
from adapters.sandbox.ebay import __main__ as ebay
from adapters.sandbox.manomano import __main__ as manomano
from consumer.cli import app, sandbox

EVERYWHERE = [
    "--port=8701",
    "--ready-file=ready.json",
    "--client-id=mine",
    "--client-secret=hidden",
    "--refresh-token=v^1.1#r",
    "--access-token=",
    "--seller=second:id2:secret2:refresh2",
    "--seller=third:id3:secret3:refresh3",
    "--token-lifetime=60",
]
GIVEN = {
    ebay: [*EVERYWHERE, "--revisions-per-day=5", "--publish-sold-out", "--require-ean", "--alphanumeric-skus"],
    amazon: [
        *EVERYWHERE,
        "--no-limits",
        "--refuse-internal-gtins",
        *(f"--{name}-after=9.5" for name in ("discoverable", "buyable", "revised", "judged")),
        *(f"--feed-{name}=9.5" for name in ("waits", "takes")),
    ],
    manomano: [
        *EVERYWHERE[:2],
        "--api-key=mine",
        "--seller=second:key2:110999:ES",
        "--calls-per-hour=5",
        "--offer-calls-per-hour=4",
        "--approval=9.5",
        "--without-content",
    ],
}
DEFAULTS_TOLD = {ebay: 6, amazon: 11, manomano: 4}
STAND_INS = [pytest.param(module, id=module.__name__.split(".")[2]) for module in GIVEN]


def channel_of(stand_in: ModuleType) -> str:
    return stand_in.__name__.split(".")[2]


def passed_on(stand_in: ModuleType, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    taken: list[Sequence[str]] = []
    monkeypatch.setattr(stand_in, "main", taken.append)
    assert CliRunner().invoke(app, ["sandbox", channel_of(stand_in), *arguments]).exit_code == 0
    found: argparse.Namespace = stand_in._parser().parse_args(taken[0])
    return found


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_every_option_of_the_stand_in_is_passed_on(stand_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    found = passed_on(stand_in, GIVEN[stand_in], monkeypatch)
    assert found == stand_in._parser().parse_args(GIVEN[stand_in])
    assert all(value != stand_in._parser().get_default(name) for name, value in vars(found).items())


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_without_options_it_is_the_stand_in_s_own_default(
    stand_in: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert passed_on(stand_in, [], monkeypatch) == stand_in._parser().parse_args([])


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_the_defaults_in_the_help_are_those_of_the_stand_in(stand_in: ModuleType) -> None:
    command = typer.main.get_command(sandbox.app).commands[channel_of(stand_in)]  # type: ignore[attr-defined]  # a group
    told = {o.name: o.help.partition("[default: ")[2].rstrip("].") for o in command.params if "[default: " in o.help}
    assert told == {name: str(stand_in._parser().get_default(name)) for name in told}
    assert len(told) == DEFAULTS_TOLD[stand_in]
