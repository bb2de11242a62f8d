"""`marketsync sandbox ebay` takes what the stand-in takes, and says its defaults truly."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import pytest
import typer
from typer.testing import CliRunner

from adapters.sandbox.ebay import __main__ as stand_in
from consumer.cli import app, sandbox

GIVEN = [
    "--port=8701",
    "--ready-file=ready.json",
    "--client-id=mine",
    "--client-secret=hidden",
    "--refresh-token=v^1.1#r",
    "--access-token=",
    "--seller=second:id2:secret2:refresh2",
    "--seller=third:id3:secret3:refresh3",
    "--token-lifetime=60",
    "--revisions-per-day=5",
    "--publish-sold-out",
    "--require-ean",
    "--alphanumeric-skus",
]


def passed_on(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    taken: list[Sequence[str]] = []
    monkeypatch.setattr(stand_in, "main", taken.append)
    assert CliRunner().invoke(app, ["sandbox", "ebay", *arguments]).exit_code == 0
    return stand_in._parser().parse_args(taken[0])


def test_every_option_of_the_stand_in_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = passed_on(GIVEN, monkeypatch)
    assert found == stand_in._parser().parse_args(GIVEN)
    assert all(value != stand_in._parser().get_default(name) for name, value in vars(found).items())


def test_without_options_it_is_the_stand_in_s_own_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert passed_on([], monkeypatch) == stand_in._parser().parse_args([])


def test_the_defaults_in_the_help_are_those_of_the_stand_in() -> None:
    command = typer.main.get_command(sandbox.app).commands["ebay"]  # type: ignore[attr-defined]  # a group
    told = {o.name: o.help.partition("[default: ")[2].rstrip("].") for o in command.params if "[default: " in o.help}
    assert told == {name: str(stand_in._parser().get_default(name)) for name in told}
    assert len(told) == 6
