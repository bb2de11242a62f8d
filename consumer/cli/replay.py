"""`marketsync replay`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.events import Operation

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.bootstrap.replaying import Preview

Channel = Annotated[str, typer.Option(help="The channel, e.g. ebay. No other one hears of it.")]
Tenants = Annotated[list[str] | None, typer.Option("--tenant", help="Only this tenant; may be repeated.")]
Account = Annotated[str, typer.Option(help="Only this selling account of the channel.")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Send although nothing changed: what the channel is believed to show is doubted."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, send nothing.")]
Rate = Annotated[float, typer.Option(min=0, help="States a second; 0 = as fast as Kafka takes them.")]
Anew = Annotated[
    bool, typer.Option("--anew", help="Begin again, instead of going on with an unfinished job of the same words.")
]


def command(  # noqa: PLR0913  options are arguments
    channel: Channel,
    since: Annotated[str, typer.Option("--from", help="From when: 2026-11-23T14:00 (UTC), or how long ago: 90m, 12h.")],
    until: Annotated[str, typer.Option("--to", help="Up to when; nothing = up to now.")] = "",
    operation: Annotated[
        list[Operation] | None,
        typer.Option(help="Only products whose newest state is of this operation; may be repeated."),
    ] = None,
    tenant: Tenants = None,
    account: Account = "",
    force: Force = False,
    dry_run: DryRun = False,
    rate: Rate = 500,
    anew: Anew = False,
) -> None:
    """Send again, to one channel, the newest state of each product that Kafka's topics hold of some time."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.replaying import ReplayRequest, preview_replay, run_replay, size_of
    from consumer.bootstrap.start import begin, find_servers
    from consumer.cli.progress import JobBar
    from consumer.cli.times import moment

    settings = begin("replay", level="warning", channel=channel)
    now = time.time()
    request = ReplayRequest(
        channel=channel,
        since=moment(since, "--from", now),
        until=moment(until, "--to", now) if until else None,
        words=(since, until),
        tenants=tenant or (),
        account=account,
        operations=operation or (),
        force=force,
        rate=rate,
        anew=anew,
    )
    console = Console(highlight=False)
    if dry_run:
        _show(console, preview_replay(settings, find_servers(settings), request))
        return
    about = {"from": since, "to": until, "tenants": ", ".join(tenant or ()), "force": "yes" if force else ""}
    note(settings, find_servers(settings), "replay", subject=subject_of(channel, account), **about)
    with JobBar(console, size_of, done="read") as bar:
        job = run_replay(settings, find_servers(settings), request, watch=bar.watch, say=bar.say)
    sent, unreadable = job.counts.get("sent", 0), job.counts.get("unreadable", 0)
    console.print(f"{sent} products sent again to {channel} ({job.counts.get('read', 0)} records read, job {job.id}).")
    if unreadable:
        console.print(f"{unreadable} records are no product events and were passed over.")
    console.print("They wait in the background lane now: `marketsync status` says how many are left.")


def _show(console: Console, preview: Preview) -> None:
    from rich.table import Table

    table = Table("tenant", "newest state is", "products", title="A replay would send")
    for (tenant, operation), count in sorted(preview.products.items()):
        table.add_row(tenant, operation, str(count))
    console.print(table if preview.products else "A replay would send nothing.")
    console.print(f"About {preview.records} records read; {preview.unreadable} are no product events.")
    if preview.cut:
        console.print("The topics do not reach back so far. `marketsync resync` reads the PIM instead.")
