"""Expected failures are one line and an exit code; bugs keep their traceback."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from adapters.errors import AuthenticationError, ConfigurationError
from consumer.cli import app as real_app
from consumer.errors import FencedError, SettingsError, UnavailableError
from consumer.processes import ChildError


def invoke(error: Exception) -> tuple[int, str]:
    """The whole command's behaviour around a command that raises."""
    app = typer.Typer(cls=real_app.info.cls, pretty_exceptions_enable=False)

    @app.command()
    def broken() -> None:
        raise error

    @app.command()
    def other() -> None:
        """So that there is a group."""

    result = CliRunner().invoke(app, ["broken"])
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("MARKETSYNC_TENANTS is empty"), 2),
        (UnavailableError("Kafka does not answer"), 1),
        (FencedError("another capture runs"), 1),
        (AuthenticationError("the token is dead"), 1),
        (ConfigurationError("EBAY_API_URL must start with https://"), 2),
        (ChildError("a child cannot run with these settings", 2), 2),
        (UnavailableError("two\nlines"), 1),
    ],
)
def test_an_expected_failure_is_one_line(error: Exception, code: int) -> None:
    assert invoke(error) == (code, f"marketsync: {' '.join(str(error).split())}\n")


def test_a_bug_is_not_hidden() -> None:
    app = typer.Typer(cls=real_app.info.cls, pretty_exceptions_enable=False)

    @app.command()
    def broken() -> None:
        raise ZeroDivisionError("a bug")

    @app.command()
    def other() -> None:
        """So that there is a group."""

    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(app, ["broken"], catch_exceptions=False)
