"""`marketsync sync`."""

from __future__ import annotations

from typing import Annotated

import typer

from consumer.control.sync_words import Priority, SyncOperation

Codes = Annotated[list[str], typer.Argument(help="Entity codes of the products.")]
Channels = Annotated[list[str] | None, typer.Option("--channel", help="Only this channel; may be repeated.")]
Accounts = Annotated[list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")]
Operation = Annotated[SyncOperation, typer.Option(help="delete withdraws until a create or an update is asked for.")]
Urgency = Annotated[Priority, typer.Option(help="high: with live changes. low: behind everything.")]
Tenant = Annotated[str, typer.Option(help="Whose products; may be left out where there is one tenant.")]
Force = Annotated[bool, typer.Option("--force", help="Send although nothing changed.")]
Batch = Annotated[int, typer.Option("--batch-size", min=1, max=500, help="Products read and sent together.")]


def command(  # noqa: PLR0913  options are arguments
    codes: Codes,
    channel: Channels = None,
    account: Accounts = None,
    operation: Operation = SyncOperation.UPDATE,
    priority: Urgency = Priority.HIGH,
    tenant: Tenant = "",
    force: Force = False,
    batch_size: Batch = 100,
) -> None:
    """Send products as they are in the PIM now, to all or some accounts; says the job to follow."""
    import asyncio

    from rich.console import Console

    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.triggering import sync, tenant_or_only
    from consumer.cli.progress import JobBar
    from consumer.control.triggers import SyncRequest

    settings = begin("sync", level="warning")
    request = SyncRequest(
        tenant=tenant_or_only(settings, tenant),
        codes=tuple(codes),
        operation=operation,
        priority=priority,
        channels=tuple(channel or ()),
        accounts=tuple(account or ()),
        batch_size=batch_size,
        force=force,
    )
    servers, console = find_servers(settings), Console(highlight=False)
    about = {"codes": ", ".join(codes[:20]), "products": len(codes), "operation": operation.value}
    note(settings, servers, "sync", tenant=request.tenant, subject=", ".join(request.channels), **about)
    with JobBar(console, lambda job: len(job.filters["codes"]), done="products") as bar:
        job = asyncio.run(sync(settings, servers, request, bar.watch))
    for name, words in (("gone", "are gone from the PIM"), ("unsendable", "cannot be sent: the log says which")):
        if job.counts.get(name):
            console.print(f"{job.counts[name]} products {words}.")
    if not job.plan["places"]:
        console.print(f"{request.tenant} has no enabled account: nothing was sent.")
    console.print(f"{job.counts.get('products', 0)} products are on their way (job {job.id}).")
    console.print(f"`marketsync jobs watch {job.id}` follows them to their end.", markup=False)
