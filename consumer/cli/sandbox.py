"""`marketsync sandbox`: local stand-ins of the channels."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.cli.capture import Supervised

app = typer.Typer(help="Local stand-ins of the channels, to try things without a marketplace.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Local stand-ins of the channels, to try things without a marketplace."""


@app.command()
def ebay(
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 0,
    supervised: Supervised = False,
) -> None:
    """Serve an empty eBay until stopped. Prints its address; what buyers see is at /_sandbox/listings."""
    from adapters.sandbox.ebay.__main__ import main
    from consumer.processes import watch_parent

    if supervised:
        watch_parent()
    main(["--port", str(port)])
