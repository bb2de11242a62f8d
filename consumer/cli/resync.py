"""`marketsync resync`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from consumer.cli.replay import Account, Anew, Channel, DryRun, Force, Rate, Tenants

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.bootstrap.resyncing import ResyncPreview
    from consumer.control.jobs import Job

Codes = Annotated[list[str] | None, typer.Option("--code", help="Only this product (entity_code); may be repeated.")]

_SHOWN = 20


def command(  # noqa: PLR0913  options are arguments
    channel: Channel,
    tenant: Tenants = None,
    account: Account = "",
    code: Codes = None,
    force: Force = False,
    dry_run: DryRun = False,
    rate: Rate = 500,
    anew: Anew = False,
) -> None:
    """Read products from the PIM and send them to one channel; what is gone is withdrawn, under the brake."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.resyncing import ResyncRequest, preview_resync, run_resync
    from consumer.bootstrap.start import begin, find_servers
    from consumer.cli.progress import JobBar

    settings = begin("resync", level="warning", channel=channel)
    request = ResyncRequest(
        channel=channel,
        tenants=tenant or (),
        account=account,
        codes=code or (),
        force=force,
        rate=rate,
        anew=anew,
    )
    servers, console = find_servers(settings), Console(highlight=False)
    preview = preview_resync(settings, servers, request)
    _show(console, preview)
    if dry_run:
        return
    total = preview.found + len(preview.gone) + sum(size.products or 0 for size in preview.sizes)
    about = {"codes": ", ".join(code or ()), "tenants": ", ".join(tenant or ()), "force": "yes" if force else ""}
    note(settings, servers, "resync", subject=subject_of(channel, account), **about)
    with JobBar(console, lambda job: max(total, job.counts.get("sent", 0)), done="sent") as bar:
        job = run_resync(settings, servers, request, watch=bar.watch, say=bar.say)
    _show_end(console, job)


def _show(console: Console, preview: ResyncPreview) -> None:
    for size in preview.sizes:
        words = "no products at all: nothing is sent and nothing withdrawn" if size.products is None else "products"
        console.print(f"{size.tenant}: {'' if size.products is None else f'about {size.products} '}{words}")
    if preview.found or preview.gone:
        console.print(f"{preview.found} products found, {len(preview.gone)} are gone and will be withdrawn")
    for tenant, code in preview.gone[:_SHOWN]:
        console.print(f"  gone: {tenant}/{code}", markup=False)


def _show_end(console: Console, job: Job) -> None:
    console.print(f"{job.counts.get('sent', 0)} products sent to {job.channel} (job {job.id}).")
    if job.counts.get("unsendable"):
        console.print(f"{job.counts['unsendable']} products cannot be sent: the log says which.")
    if job.counts.get("tenants_without_products"):
        console.print("A tenant without any product was passed over: its listings stay as they are.")
    console.print("They wait in the background lane now: `marketsync status` says how many are left.")
