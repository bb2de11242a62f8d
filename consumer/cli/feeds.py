"""`marketsync feeds`: the files that channels read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.cli.capture import Supervised

if TYPE_CHECKING:
    from consumer.bootstrap.feed_commands import Checked, FeedRow, Which
    from consumer.embedded import Endpoints
    from consumer.settings import Settings

app = typer.Typer(help="Files that channels read: look at them, build, check and serve them.", no_args_is_help=True)

Channel = Annotated[str, typer.Option(help="Only this channel, e.g. trovaprezzi; nothing = all.")]
Account = Annotated[str, typer.Option(help="Only this account.")]
Tenant = Annotated[str, typer.Option(help="Only accounts of this tenant.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
File = Annotated[
    Path | None, typer.Option(help="Check this file instead, whoever wrote it; name its channel with --channel.")
]
Content = Annotated[bool, typer.Option("--content", help="Write the published file itself, and nothing else.")]
Told = Annotated[bool, typer.Option("--told", help="They have been told to the channel now.")]


@app.command("serve")
def serve_command(supervised: Supervised = False) -> None:
    """Build what has changed and serve all files, until stopped. `marketsync run` does this by itself.

    Any number of these may run: each serves, one builds, and another takes over when that one dies.
    """
    from consumer.bootstrap.feeds import run_feeds

    settings, endpoints = _begin("serve", level=None)
    run_feeds(settings, endpoints, supervised=supervised)


@app.command("list")
def list_command(channel: Channel = "", account: Account = "", tenant: Tenant = "") -> None:
    """Show all feeds: how many offers, how old, and how they are doing."""
    from rich.console import Console
    from rich.table import Table

    from consumer.bootstrap.feed_commands import feed_rows

    rows = feed_rows(*_begin("list"), _which(channel, account, tenant))
    if not rows:
        typer.echo("There is no feed: no account is of a channel that reads a file.")
        return
    table = Table("feed", "offers", "changed (UTC)", "size", "new categories", "standing", title="Feeds")
    for row in rows:
        published = row.state.published if row.state else None
        at = published.at.strftime("%Y-%m-%d %H:%M:%S") if published else ""
        size = f"{published.plain.size / 1e6:.1f} MB" if published else ""
        count = str(published.count) if published else "0"
        table.add_row(str(row.key), count, at, size, str(len(row.untold)), row.standing)
    Console(highlight=False).print(table)


@app.command("show")
def show_command(channel: Channel = "", account: Account = "", tenant: Tenant = "", content: Content = False) -> None:
    """Show all about feeds: address, figures, why one is held or fails, categories the channel has to hear of."""
    import sys

    from consumer.bootstrap.feed_commands import feed_rows, write_file

    settings, endpoints = _begin("show")
    which = _which(channel, account, tenant)
    if content:
        write_file(settings, endpoints, which, sys.stdout.buffer.write)
        return
    for row in feed_rows(settings, endpoints, which):
        typer.echo("\n".join(_lines(row)))


@app.command("build")
def build_command(channel: Channel = "", account: Account = "", tenant: Tenant = "") -> None:
    """Build files now and publish them, as far as the brake lets them."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.feed_commands import build_feeds

    held = False
    settings, endpoints = _begin("build")
    note(settings, endpoints, "feeds build", tenant=tenant, subject=subject_of(channel, account))
    for key, built in build_feeds(settings, endpoints, _which(channel, account, tenant)):
        held = held or built.result == "held"
        typer.echo(f"{key}: {built.result.value}, {built.count} offers" + (f": {built.words}" if built.words else ""))
    if held:
        typer.echo("`marketsync feeds release` lets them go.")
        raise typer.Exit(1)


@app.command("check")
def check_command(channel: Channel = "", account: Account = "", tenant: Tenant = "", file: File = None) -> None:
    """Hold published files against everything that is known of their format; exit code 1 where something is wrong."""
    from consumer.bootstrap.feed_commands import check_feeds

    if file is not None:
        found = [_check_file(channel, file)]
    else:
        found = check_feeds(*_begin("check"), _which(channel, account, tenant))
    for checked in found:
        typer.echo(f"{checked.name}: {'nothing is wrong' if not checked.findings else 'wrong:'}")
        for finding in checked.findings:
            typer.echo(f"  {finding}")
    if any(checked.findings for checked in found):
        raise typer.Exit(1)


@app.command("release")
def release_command(channel: Channel = "", account: Account = "", tenant: Tenant = "", yes: Yes = False) -> None:
    """Let files go that are held because they would be empty or much smaller."""
    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.feed_commands import feed_rows, release_feeds

    settings, endpoints = _begin("release")
    which = _which(channel, account, tenant)
    held = [row for row in feed_rows(settings, endpoints, which) if row.state and row.state.held]
    if not held:
        typer.echo("Nothing is held.")
        return
    for row in held:
        typer.echo(f"{row.key}: {row.standing}")
    if not yes:
        typer.confirm("Publish them all the same? The channel takes down what is not in them.", abort=True)
    note(settings, endpoints, "feeds release", tenant=tenant, subject=subject_of(channel, account), files=len(held))
    released = release_feeds(settings, endpoints, which)
    typer.echo(f"{len(released)} files are released: they are published with the next build.")


@app.command("categories")
def categories_command(channel: Channel = "", account: Account = "", tenant: Tenant = "", told: Told = False) -> None:
    """Show the categories that the channel has to be told of, since people there map them by hand."""
    from consumer.bootstrap.feed_commands import feed_rows, tell_categories

    settings, endpoints = _begin("categories")
    which = _which(channel, account, tenant)
    if told:
        count = tell_categories(settings, endpoints, which)
        typer.echo(f"{count} categories count as told.")
        return
    rows = [row for row in feed_rows(settings, endpoints, which) if row.untold]
    for row in rows:
        typer.echo(f"{row.key}:")
        for one in row.untold:
            typer.echo(f"  {one.name}\t{one.offers} offers\tsince {one.since:%Y-%m-%d %H:%M}")
    typer.echo("Tell the channel, then say so with --told." if rows else "The channel knows all categories.")


def _lines(row: FeedRow) -> list[str]:
    published = row.state.published if row.state else None
    lines = [f"{row.key}: {row.standing}"]
    if row.url:
        lines.append(f"  address: {row.url}")
    if published:
        lines.append(f"  offers: {published.count}; changed {published.at:%Y-%m-%d %H:%M:%S} UTC, "
                     f"checked {published.checked:%Y-%m-%d %H:%M:%S} UTC")  # fmt: skip
        lines.append(f"  size: {published.plain.size} bytes, compressed {published.zipped.size}")
    if row.feed:
        lines.append(f"  built at most every {row.feed.rules.interval:g} s")
        lines += [f"  the channel was told: {row.feed.address}"] if row.feed.address else []
    lines += [f"  new category, {one.offers} offers: {one.name}" for one in row.untold]
    return lines


def _check_file(channel: str, file: Path) -> Checked:
    from adapters.registry import find_channel
    from consumer.bootstrap.feed_commands import check_file
    from consumer.errors import SettingsError

    written = find_channel(channel).format if channel else None
    if written is None:
        raise SettingsError("name a channel that reads a file with --channel, e.g. trovaprezzi")
    return check_file(written, file)


def _which(channel: str, account: str, tenant: str) -> Which:
    from consumer.bootstrap.feed_commands import Which

    return Which(channel, account, tenant)


def _begin(command: str, *, level: str | None = "error") -> tuple[Settings, Endpoints]:
    from consumer.bootstrap.start import begin, find_servers

    settings = begin(f"feeds {command}", level=level)
    return settings, find_servers(settings)
