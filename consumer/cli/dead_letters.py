"""`marketsync dead-letters`: look at what was given up, bring it back, or decide that it does not matter."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consumer.errors import SettingsError

if TYPE_CHECKING:
    from consumer.control.letters import LetterFilter
    from consumer.settings import Settings

app = typer.Typer(help="Look at what was given up, bring it back, or discard it.", no_args_is_help=True)

OneChannel = Annotated[str, typer.Option(help="The channel, e.g. ebay.")]
AnyChannel = Annotated[str, typer.Option(help="The channel, e.g. ebay, or capture; nothing = all.")]
Account = Annotated[str, typer.Option(help="Only of this selling account.")]
Tenant = Annotated[str, typer.Option(help="Only of this tenant.")]
Reason = Annotated[str, typer.Option(help="Only for this reason, e.g. exhausted, bug, undecodable.")]
Product = Annotated[str, typer.Option(help="Only of this product (entity_code).")]
Since = Annotated[
    str, typer.Option("--from", help="Given up since: 2026-11-23T14:00 (UTC), or how long ago: 90m, 12h.")
]
Until = Annotated[str, typer.Option("--to", help="Given up before.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of letters, as list shows them; nothing = by the options.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@app.command("list")
def list_command(  # noqa: PLR0913  options are arguments
    channel: AnyChannel = "",
    account: Account = "",
    tenant: Tenant = "",
    reason: Reason = "",
    product: Product = "",
    since: Since = "",
    until: Until = "",
    most: Annotated[int, typer.Option("--limit", min=0, help="How many single letters to show, newest.")] = 20,
    closed: Annotated[bool, typer.Option("--all", help="Also those that are healed, redriven or discarded.")] = False,
    as_json: Json = False,
) -> None:
    """Count dead letters by what is wrong, and show the newest of those that nobody has looked after."""
    from rich.console import Console

    from consumer.bootstrap.dead_letters import channels_with_letters, list_letters
    from consumer.bootstrap.start import find_servers
    from consumer.cli import letter_tables

    settings = _begin(channel)
    wanted = _filter(account=account, tenant=tenant, reason=reason, product=product, times=(since, until))
    servers = find_servers(settings)
    channels = channels_with_letters(settings, servers, channel)
    listing = list_letters(settings, servers, channels, wanted, closed=closed, most=most)
    if as_json:
        typer.echo(letter_tables.listing_as_json(listing))
        return
    console = Console(highlight=False)
    letter_tables.show_counts(console, listing.counts)
    letter_tables.show_letters(console, listing.newest)


@app.command("show")
def show_command(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter, as list names it.")],
    save: Annotated[
        Path | None, typer.Option(help="Write key and value, byte for byte, to FILE.key and FILE.value.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one dead letter: what became of it, its headers and its value, without secrets."""
    from rich.console import Console

    from consumer.bootstrap.dead_letters import find_letter
    from consumer.bootstrap.start import find_servers, secrets_of
    from consumer.cli import letter_tables
    from consumer.logs import SecretCutter

    settings = _begin("")
    found = find_letter(settings, find_servers(settings), letter_id)
    cutter = SecretCutter(secrets_of(settings))
    if save is not None:
        letter_tables.save_bytes(found, save)
    if as_json:
        typer.echo(letter_tables.letter_as_json(found, cutter))
    else:
        letter_tables.show_letter(Console(highlight=False, soft_wrap=True), found, cutter)


@app.command("redrive")
def redrive_command(  # noqa: PLR0913  options are arguments
    channel: OneChannel,
    ids: Ids = None,
    account: Account = "",
    tenant: Tenant = "",
    reason: Reason = "",
    product: Product = "",
    since: Since = "",
    until: Until = "",
    rate: Annotated[float, typer.Option(min=0, help="Letters a second; 0 = as fast as it goes.")] = 50,
    why: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Also what came back as a dead letter three times.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be brought back, no more.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Do not go on with an unfinished redrive of the same words.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Bring dead letters back to the channel and account that gave them up. Says what it would do, and asks."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.dead_letters import RedriveRequest, preview_redrive, run_redrive
    from consumer.bootstrap.start import find_servers
    from consumer.cli import letter_tables
    from consumer.cli.progress import JobBar

    settings = _begin(channel)
    wanted = _filter(ids, account=account, tenant=tenant, reason=reason, product=product, times=(since, until))
    request = RedriveRequest(channel, wanted, (since, until), again=again, why=why, rate=rate, anew=anew)
    servers, console = find_servers(settings), Console(highlight=False)
    counts = preview_redrive(settings, servers, request)
    letter_tables.show_verdicts(console, counts)
    sent = sum(count for group, count in counts.items() if group[-1] == "sent")
    if dry_run or not sent:
        return
    if not yes:
        typer.confirm(f"Bring {sent} back to {channel}?", abort=True)
    about = {"reason": reason, "product": product, "letters": sent, "ids": ", ".join(ids or ()), "why": why}
    note(settings, servers, "dead-letters redrive", tenant=tenant, subject=subject_of(channel, account), **about)
    with JobBar(console, lambda job: sent, done="sent") as bar:
        job = run_redrive(settings, servers, request, watch=bar.watch, say=bar.say)
    console.print(f"{job.counts.get('sent', 0)} brought back to {channel} (job {job.id}).")


@app.command("discard")
def discard_command(  # noqa: PLR0913  options are arguments
    channel: OneChannel,
    why: Annotated[str, typer.Option(help="Why they do not matter; kept with your name.")],
    ids: Ids = None,
    account: Account = "",
    tenant: Tenant = "",
    reason: Reason = "",
    product: Product = "",
    since: Since = "",
    until: Until = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be discarded, no more.")] = False,
    yes: Yes = False,
) -> None:
    """Close open dead letters that do not matter. They stay in Kafka; list does not show them as open any more."""
    from rich.console import Console

    from consumer.bootstrap.auditing import note, subject_of
    from consumer.bootstrap.dead_letters import channels_with_letters, discard_letters
    from consumer.bootstrap.start import find_servers
    from consumer.cli import letter_tables

    settings = _begin(channel)
    wanted = _filter(ids, account=account, tenant=tenant, reason=reason, product=product, times=(since, until))
    servers, console = find_servers(settings), Console(highlight=False)
    channels_with_letters(settings, servers, channel)
    counts = discard_letters(settings, servers, channel, wanted=wanted, why=why, dry_run=True)
    letter_tables.show_counts(console, counts)
    if dry_run or not counts:
        return
    if not yes:
        typer.confirm(f"Discard {sum(counts.values())}?", abort=True)
    letters = sum(counts.values())
    about = {"reason": reason, "product": product, "letters": letters, "ids": ", ".join(ids or ()), "why": why}
    note(settings, servers, "dead-letters discard", tenant=tenant, subject=subject_of(channel, account), **about)
    done: Counter[Any] = discard_letters(settings, servers, channel, wanted=wanted, why=why, dry_run=False)
    console.print(f"{sum(done.values())} discarded.")


def _begin(channel: str) -> Settings:
    from consumer.bootstrap.start import begin

    return begin("dead-letters", level="warning", **({"channel": channel} if channel else {}))


def _filter(ids: list[str] | None = None, *, times: tuple[str, str], **equal: str) -> LetterFilter:
    from consumer.cli.times import moment
    from consumer.control.letters import LetterFilter, place_of

    now = time.time()
    since, until = times
    for letter_id in ids or ():
        place_of(letter_id)
    if since and until and moment(since, "--from", now) >= moment(until, "--to", now):
        raise SettingsError("--from is not before --to")
    return LetterFilter(
        **equal,
        since=moment(since, "--from", now) if since else None,
        until=moment(until, "--to", now) if until else None,
        ids=frozenset(ids or ()),
    )
