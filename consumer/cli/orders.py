"""`marketsync orders ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.cli.capture import Supervised

app = typer.Typer(help="Orders of the channels.", no_args_is_help=True)


@app.command()
def run(supervised: Supervised = False) -> None:
    """Import the orders of every live account and publish what becomes of them, until stopped.

    Run as many as you like: one works, the others take over when it dies. What was sold is kept back everywhere until
    the PIM has taken it off its stock.
    """
    from consumer.bootstrap.orders import run_orders
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("orders")
    run_orders(settings, find_servers(settings), supervised=supervised)


@app.command("list")
def list_(
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    account: Annotated[str, typer.Option(help="Only this account's: tenant/channel/account.")] = "",
    status: Annotated[str, typer.Option(help="Only these, e.g. to_ship.")] = "",
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """The newest orders, without who bought."""
    import asyncio

    from consumer.bootstrap.order_commands import newest_orders
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("orders", level="warning")
    for order in asyncio.run(newest_orders(settings, find_servers(settings), tenant, most, account, status)):
        typer.echo(f"{order['placed_at']:%Y-%m-%d %H:%M}  {order['order']['status']:<14}  {order['_id']}")


@app.command()
def show(
    account: Annotated[str, typer.Argument(help="tenant/channel/account")],
    order: Annotated[str, typer.Argument(help="The channel's number of the order.")],
) -> None:
    """One order with all that is known of it, and who bought as long as that is kept."""
    import asyncio
    import json

    from consumer.bootstrap.order_commands import one_order
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("orders", level="warning")
    found = asyncio.run(one_order(settings, find_servers(settings), account, order))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
