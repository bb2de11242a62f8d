"""What becomes of the listings of an account that was switched off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from consumer.errors import SettingsError

if TYPE_CHECKING:
    from consumer.embedded import Endpoints
    from consumer.settings import Settings

# Seconds after which every process knows of it, and a call that was under way has most likely ended.
_HEARD = 8.0


def close_as_wanted(settings: Settings, endpoints: Endpoints, account: str, asked: str, *, fresh: bool) -> bool:
    """Do what a person asked for, or the account's policy says, "" = the policy. False: they are kept.

    fresh: the account was not off. Raises SettingsError where some could not be taken down, MarketsyncError.
    """
    from consumer.bootstrap.choosing import one_account
    from consumer.bootstrap.stock_taking import close_listings

    chosen = one_account(settings, endpoints, account)
    policy = asked or (chosen.reconcile.when_off if fresh else "keep")
    if policy == "keep":
        return False
    doing = "ended" if policy == "end" else "set to stock zero"
    typer.echo(f"Its listings are {doing}, once every process has heard that it is off ...")
    if fresh:
        time.sleep(_HEARD)
    counts = close_listings(settings, endpoints, chosen, "end" if policy == "end" else "zero")
    typer.echo(f"{counts['done']} listings are {doing}.")
    if counts["failed"]:
        raise SettingsError(
            f"{counts['failed']} listings of {account} could not be {doing}: see `marketsync status`. Say it again:"
            f" `marketsync accounts mode {account} off --listings {policy}`"
        )
    return True
