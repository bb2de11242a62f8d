"""The dashboards: as their builder makes them, on metrics that there are, every panel explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.grafana.build import FOLDER, PAGES, Page, build
from tests.settings_table import metrics

NAMES = re.compile(r"marketsync_\w+")
OF_HISTOGRAMS = re.compile(r"_(bucket|count|sum)$")


def test_what_is_checked_in_is_what_the_builder_builds() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in Path(FOLDER).glob("*.json")} == build()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_panel_is_explained_and_asks_for_what_there_is(page: Page) -> None:
    known = metrics()
    for figure in page.figures:
        assert figure.title
        assert figure.words
        assert figure.unit
        for name in NAMES.findall(figure.query):
            short = OF_HISTOGRAMS.sub("", name)
            assert name in known or known[short]._type == "histogram", f"{page.name}, {figure.title}: {name}"
    assert len({figure.title for figure in page.figures}) == len(page.figures)
