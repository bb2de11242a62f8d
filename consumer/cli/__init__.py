"""The command `marketsync`. One file per command; each imports what it needs only when it runs, so that --help is fast.

Expected failures are one line on stderr: exit code 2 for unusable settings, 1 for everything else.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from adapters.errors import AdapterError, ConfigurationError
from consumer.cli import (
    accounts,
    adopt,
    api,
    audit,
    capture,
    check,
    credentials,
    dead_letters,
    deliver,
    demo,
    distrust,
    embedded,
    exchanges,
    feeds,
    held,
    history,
    init,
    jobs,
    orders,
    pause,
    preview,
    reconcile,
    replay,
    resume,
    resync,
    run,
    sandbox,
    status,
    sync,
    unmapped,
    validate,
)
from consumer.errors import MarketsyncError, SettingsError


class _OneLineErrors(TyperGroup):
    """Turns our own errors into a line and an exit code. Anything else is a bug and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingsError, ConfigurationError) as error:
            # What a running delivery hears of its settings from the channel halts an account and does not come here.
            _say(error)
            raise typer.Exit(2) from error
        except (MarketsyncError, AdapterError) as error:
            _say(error)
            raise typer.Exit(getattr(error, "exit_code", 1)) from error


def _say(error: Exception) -> None:
    print(f"marketsync: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 - the command's own voice


app = typer.Typer(
    cls=_OneLineErrors,
    help="Keeps marketplaces equal to a product database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (
    run,
    deliver,
    api,
    init,
    check,
    status,
    pause,
    resume,
    replay,
    resync,
    sync,
    distrust,
    unmapped,
    validate,
    preview,
    history,
    exchanges,
    audit,
    adopt,
    reconcile,
    demo,
):
    app.command(name=_command.__name__.rpartition(".")[2])(_command.command)
app.add_typer(accounts.app, name="accounts")
app.add_typer(capture.app, name="capture")
app.add_typer(credentials.app, name="credentials")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(held.app, name="held")
app.add_typer(feeds.app, name="feeds")
app.add_typer(orders.app, name="orders")
app.add_typer(embedded.app, name="embedded")
app.add_typer(jobs.app, name="jobs")
app.add_typer(sandbox.app, name="sandbox")
