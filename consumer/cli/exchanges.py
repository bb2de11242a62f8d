"""`marketsync exchanges`: the requests that were made for a product, and the channels' replies."""

from __future__ import annotations

from typing import Annotated

import typer

Code = Annotated[str, typer.Argument(help="The product's entity code.")]
Tenant = Annotated[str, typer.Option(help="Only listings of this tenant.")]
Channel = Annotated[str, typer.Option(help="Only listings on this channel.")]
Most = Annotated[int, typer.Option("--last", min=1, max=100, help="How many exchanges of each listing.")]


def command(code: Code, tenant: Tenant = "", channel: Channel = "", most: Most = 5) -> None:
    """Show what was sent to the channels for a product and what they replied, newest first, without secrets."""
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.transcripts import exchanges_of

    settings = begin("exchanges", level="error")
    found = exchanges_of(settings, find_servers(settings), code, tenant=tenant, channel=channel, most=most)
    if not found:
        typer.echo(f"There is no listing of {code}: no account has planned one.")
    for listing, exchanges in found.items():
        typer.echo(f"{listing}: {len(exchanges)} exchanges")
        for one in exchanges:
            end = f"status {one.status}" if one.status else f"no answer: {one.words}"
            typer.echo(f"\n{one.at:%Y-%m-%d %H:%M:%S} {one.operation}: {one.method} {one.url} ({end}, {one.took} s)")
            typer.echo(f"> {one.request or '(no body)'}\n< {one.reply or '(no body)'}")
