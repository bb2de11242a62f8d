from __future__ import annotations

import pytest

from consumer.cli.times import moment
from consumer.errors import SettingsError

NOW = 1_795_438_300.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", NOW - 5400),
        ("12h", NOW - 43200),
        ("3d", NOW - 259200),
        ("2w", NOW - 1209600),
        ("2026-11-23T12:51:40", NOW),
        ("2026-11-23T13:51:40+01:00", NOW),
        ("2026-11-23", 1_795_392_000.0),
    ],
)
def test_a_moment_or_how_long_ago(text: str, seconds: float) -> None:
    assert moment(text, "--from", NOW) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "3 d", "-3d", "2026-13-01"])
def test_anything_else_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(SettingsError, match="--from"):
        moment(text, "--from", NOW)
