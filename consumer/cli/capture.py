"""`marketsync capture`, and the snapshots it makes beside the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.bootstrap.snapshots import SnapshotReport

app = typer.Typer(invoke_without_command=True)

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True, help="Started and watched over by `run`.")]

Resnapshot = Annotated[
    bool,
    typer.Option(
        "--resnapshot",
        help="Forget how far capture came: begin now and publish every product again.",
    ),
]


@app.callback()
def command(context: typer.Context, supervised: Supervised = False, resnapshot: Resnapshot = False) -> None:
    """Read product changes from MongoDB and publish them to Kafka, until stopped."""
    if context.invoked_subcommand is not None:
        return
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.capturing import run_capture
    from consumer.bootstrap.preparation import refuse_wrong_topics
    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.tenant_streams import forget_streams

    settings = begin("capture")
    servers = find_servers(settings)
    if not supervised:  # `run` has looked
        refuse_wrong_topics(settings, servers, [])
    if resnapshot:
        note(settings, servers, "capture resnapshot")
        forget_streams(settings, servers)
    run_capture(settings, servers, supervised=supervised)


@app.command("snapshot")
def snapshot_command(
    tenant: Annotated[str, typer.Option(help="Whose products.")],
    filter_text: Annotated[
        str,
        typer.Option(
            "--filter",
            help='Only products that keep this, in MongoDB\'s query language: {"category.category_id": "644"}.',
        ),
    ] = "",
    code: Annotated[list[str] | None, typer.Option(help="Only this product (entity_code); may be repeated.")] = None,
) -> None:
    """Ask the running capture to read products again and publish them, beside the stream."""
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.snapshots import ask_for_snapshot
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("snapshot", level="error")
    endpoints = find_servers(settings)
    note(settings, endpoints, "capture snapshot", tenant=tenant, filter=filter_text, codes=", ".join(code or ()))
    request = ask_for_snapshot(settings, endpoints, tenant=tenant, filter_text=filter_text, codes=tuple(code or ()))
    typer.echo(f"Asked for as {request}. `marketsync capture snapshots` shows how far it is.")


@app.command("snapshots")
def snapshots_command() -> None:
    """Show the snapshots that are under way or were asked for: how far they are, how fast, and how long still."""
    from rich.console import Console

    from consumer.bootstrap.snapshots import list_snapshots
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("snapshots", level="error")
    reports, warnings = list_snapshots(settings, find_servers(settings))
    _show(Console(highlight=False), reports)
    for warning in warnings:
        typer.echo(warning)


@app.command("cancel-snapshot")
def cancel_command(request: Annotated[str, typer.Argument(help="Its id, as `snapshots` shows it.")]) -> None:
    """Stop a snapshot that was asked for. What it has published stays published."""
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.snapshots import cancel_snapshot
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("snapshot", level="error")
    endpoints = find_servers(settings)
    note(settings, endpoints, "capture cancel-snapshot", subject=request)
    cancel_snapshot(settings, endpoints, request)
    typer.echo("Cancelled.")


def _show(console: Console, reports: list[SnapshotReport]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not reports:
        console.print("Snapshots: none yet.")
        return
    columns = ("tenant", "cause", "products", "state", "read", "of about", "since", "per second", "left", "id")
    table = Table(*columns, title="Snapshots")
    for report in reports:
        table.add_row(
            escape(report.tenant),
            str(report.cause),
            escape(_which(report)),
            str(report.state),
            f"{report.products:,}",
            f"{report.estimate:,}",
            "" if report.started is None else f"{report.started:%Y-%m-%d %H:%M:%S}",
            f"{report.rate:,.0f}" if report.rate else "",
            _duration(report.eta),
            report.id,
        )
    console.print(table)
    for report in reports:
        if report.words:
            console.print(f"{report.tenant} {report.id}: {report.words}", markup=False)


def _which(report: SnapshotReport) -> str:
    codes = f"{report.codes} by code" if report.codes else ""
    return ", ".join(filter(None, (report.filter, codes))) or "all"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
