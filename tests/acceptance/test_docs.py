"""The pages quote only what exists: commands, settings, metrics, make targets, files, links; tables are current."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from consumer.cli import app
from tests import commands_page
from tests.acceptance.installation import ROOT
from tests.settings_table import PAGE, metrics, variables, with_tables

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

# Read by the tests, not by the service.
_OF_TESTS = {"MARKETSYNC_TEST_HOME", "MARKETSYNC_SHARED"}
# How the pages write "and so on".
_GROUPS = {"EBAY_", "MARKETSYNC_", "MARKETSYNC_TOPICS_", "MARKETSYNC_CAPTURE_", "MARKETSYNC_DELIVERY_"}
_PROGRAM = typer.main.get_command(app)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


@pytest.fixture(params=PAGES, ids=NAMES)
def page(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text(encoding="utf-8")


def code_lines(page: str) -> Iterator[str]:
    """Every line of code on a page, in blocks and between words."""
    for found in _CODE.findall(page):
        yield from (line.strip() for line in found.strip("`").splitlines())


def test_commands_and_their_options_exist(page: str) -> None:
    for line in code_lines(page):
        for command in re.findall(r"(?:^|\s|\()(?:\.venv/bin/)?marketsync((?: +[^\s#|;)\"']+)*)", line):
            complaint = wrong_in(_PROGRAM, command.split())
            assert complaint is None, f"`marketsync{command}`: {complaint}"


def test_the_page_of_commands_is_the_programs_own() -> None:
    written = commands_page.PAGE.read_text(encoding="utf-8")
    assert written == commands_page.page(), "write it anew: python -m tests.commands_page"


def wrong_in(command: Any, words: list[str]) -> str | None:
    """What of these words the command does not know."""
    options: Mapping[str, Any] = {name: option for option in command.params for name in option.opts}
    arguments = [option for option in command.params if option.param_type_name == "argument"]
    room = float("inf") if any(one.nargs == -1 for one in arguments) else len(arguments)
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            if word == "--help":
                continue
            if word not in options:
                return f"there is no option {word}"
            if not options[word].is_flag:
                next(rest, None)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"there is no command {word}"
            return wrong_in(command.commands[word], list(rest))
        elif room:
            room -= 1
        else:
            return f"{word} is not expected"
    return None


def test_variables_exist(page: str) -> None:
    known = variables().keys() | _OF_TESTS
    marketplaces = {f"EBAY_{country}" for country in ("IT", "DE", "AT", "FR", "ES", "NL", "BE", "IE", "PL", "CH", "GB")}
    quoted = set(re.findall(r"\b(?:MARKETSYNC|EBAY|MONGODB|KAFKA)_[A-Z_]*[A-Z_]\b", page))
    assert quoted - known - _GROUPS - marketplaces - {"EBAY_US", "EBAY_CA", "EBAY_AU"} == set()


def test_metrics_exist(page: str) -> None:
    names = {name for metric in metrics() for name in (metric, metric.removesuffix("_total"))}
    assert set(re.findall(r"\bmarketsync_[a-z_]+\b", page)) - names == set()


def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    quoted = {target for line in code_lines(page) for target in re.findall(r"^make ([a-z-]+)", line)}
    assert quoted - targets == set()


def test_files_exist(page: str) -> None:
    for line in code_lines(page):
        for path in re.findall(r"^(?:consumer|adapters|tests|docs|requirements)/[\w./-]+$", line):
            assert (ROOT / path).exists() or "acme" in path, path


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        file, _, heading = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), target
        assert not heading or heading in anchors(linked), target


def anchors(path: Path) -> set[str]:
    """The names of a page's headings, as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_tables_of_settings_and_metrics_are_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python -m tests.settings_table"
    assert "MARKETSYNC_TENANTS" in page
    assert "marketsync_capture_events_total" in page


def test_this_test_would_notice() -> None:
    assert wrong_in(_PROGRAM, ["deliver", "--channel", "ebay"]) is None
    assert wrong_in(_PROGRAM, ["embedded", "up"]) is None
    assert wrong_in(_PROGRAM, ["redrive"]) == "there is no command redrive"
    assert wrong_in(_PROGRAM, ["deliver", "--chanel", "ebay"]) == "there is no option --chanel"
    assert wrong_in(_PROGRAM, ["validate", "CODE", "OTHER", "--all"]) is None
    assert wrong_in(_PROGRAM, ["preview", "CODE"]) is None
    assert wrong_in(_PROGRAM, ["preview", "CODE", "OTHER"]) == "OTHER is not expected"
    assert wrong_in(_PROGRAM, ["embedded", "sideways"]) == "there is no command sideways"
    assert list(code_lines("say `marketsync run` or\n```\nmake demo\n```")) == ["marketsync run", "", "make demo"]
