"""`marketsync audit`: who asked for what, and when."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumer.control.audit import AuditEntry

Tenant = Annotated[str, typer.Option(help="Only what concerns this tenant.")]
Who = Annotated[str, typer.Option(help="Only what this one asked for, as the list names them.")]
What = Annotated[str, typer.Option(help='Only acts that begin so, e.g. "accounts" or "held release".')]
Subject = Annotated[str, typer.Option(help="Only about this, as the list names it, e.g. ebay/main.")]
Since = Annotated[str, typer.Option("--from", help="Since when: 2026-11-23T14:00 (UTC), or how long ago: 90m, 12h.")]
Before = Annotated[str, typer.Option(help="Only entries before this one: its id, for the next page.")]
Most = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many entries.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def command(  # noqa: PLR0913  options are arguments
    tenant: Tenant = "",
    who: Who = "",
    what: What = "",
    subject: Subject = "",
    since: Since = "",
    before: Before = "",
    most: Most = 50,
    as_json: Json = False,
) -> None:
    """Show what people and programs asked for, newest first: triggers, releases, redrives, changes of accounts."""
    from consumer.bootstrap.auditing import audit_entries
    from consumer.bootstrap.start import begin, find_servers
    from consumer.cli.times import moment
    from consumer.control.audit import AuditFilter
    from consumer.errors import SettingsError

    settings = begin("audit", level="error")
    at = datetime.fromtimestamp(moment(since, "--from", time.time()), UTC) if since else None
    wanted = AuditFilter(tenant or None, who or None, what or None, subject or None, at, before or None)
    try:
        entries = audit_entries(settings, find_servers(settings), wanted, most)
    except ValueError as error:
        raise SettingsError(f"--{error}") from None
    if as_json:
        typer.echo(_as_json(entries))
    else:
        _show(entries)


def _as_json(entries: list[AuditEntry]) -> str:
    from dataclasses import asdict

    import orjson

    return orjson.dumps([asdict(entry) for entry in entries], option=orjson.OPT_INDENT_2).decode()


def _show(entries: list[AuditEntry]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not entries:
        typer.echo("Nothing was asked for.")
        return
    table = Table("when (UTC)", "who", "what", "tenant", "about", "details", "id")
    for entry in entries:
        details = ", ".join(f"{name}={value}" for name, value in entry.details.items())
        texts = (entry.who, entry.what, entry.tenant, entry.subject, details, entry.id)
        table.add_row(entry.at.strftime("%Y-%m-%d %H:%M:%S"), *map(escape, texts))
    Console(highlight=False).print(table)
