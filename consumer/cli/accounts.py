"""`marketsync accounts`: selling accounts as they are stored. Running processes take up a change within seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from consumer.cli.closing import close_as_wanted
from consumer.cli.dead_letters import Yes
from consumer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import SecretStr

    from consumer.bootstrap.account_views import AccountRow
    from consumer.embedded import Endpoints
    from consumer.listings.accounts.document import AccountDocument
    from consumer.settings import Settings

app = typer.Typer(help="Add, look at, test, switch and remove selling accounts.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="tenant/channel/account, as `marketsync accounts list` shows it.")]
File = Annotated[str, typer.Argument(help="A file of YAML; - reads standard input.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="A field, e.g. price.basis=sale; may be repeated. Never a credential."),
]

_WITHIN_SECONDS = "Running processes take it up within seconds."


@app.command("add")
def add_command(
    file: Annotated[str, typer.Argument(help="The account as YAML; - reads standard input. Unset = only --set.")] = "",
    sets: Sets = None,
    credentials: Annotated[
        str, typer.Option(help="A file of YAML, name: credential; - reads standard input. Unset = ask.")
    ] = "",
    from_variables: Annotated[
        str, typer.Option(help="Make it of this channel's variables, with the credentials there, e.g. ebay.")
    ] = "",
) -> None:
    """Store a new account, with its credentials encrypted. It is off unless it says otherwise."""
    from consumer.bootstrap.account_commands import add_account, of_variables
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.preparation import prepare_channel

    settings, endpoints = _begin("add")
    secrets: dict[str, SecretStr] = {}
    if from_variables:
        described, secrets = of_variables(settings, from_variables)
        document = _described(described.data(), sets)
    else:
        if file == credentials == "-":
            raise SettingsError("standard input cannot be both the account and its credentials: pass one as a file")
        document = _described(_one_map(_text(file)) if file else {}, sets)
        secrets = _given(_text(credentials)) if credentials else _asked(document)
    note(settings, endpoints, "accounts add", tenant=document.tenant, subject=document.id, mode=document.mode)
    added = add_account(settings, endpoints, document, secrets)
    typer.echo(f"{document.id} is added; it is {document.mode}. {_WITHIN_SECONDS}")
    if words := prepare_channel(settings, endpoints, document.channel):
        typer.echo(f"{document.channel}: {words}.")
    for missing in added.missing:
        typer.echo(f"It has no {missing} yet: `marketsync credentials set {document.id} {missing.split()[0]}`")
    typer.echo(
        f"Next: `marketsync accounts test {document.id}`, then `marketsync accounts mode {document.id} dry-run`."
    )


@app.command("list")
def list_command() -> None:
    """Show every account that counts, and which of them need a person."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from consumer.bootstrap.account_views import list_accounts

    rows = list_accounts(*_begin("list"))
    if not rows:
        typer.echo("There is no account. `marketsync accounts add` makes one.")
        return
    table = Table("account", "mode", "revision", "changed (UTC)", "state", title="Accounts")
    for row in rows:
        table.add_row(escape(row.id), row.mode, str(row.revision or ""), _when(row), escape(row.state))
    Console(highlight=False).print(table)


@app.command("show")
def show_command(account: Account) -> None:
    """Show one stored account whole: what it is, which credentials it has, how its listings stand."""
    from consumer.bootstrap.account_views import view_account

    view = view_account(*_begin("show"), account)
    typer.echo(f"# {account}, changed {_when(view.row)} UTC: {view.row.state}" if view.text else view.row.state)
    if view.text:
        typer.echo(view.text.rstrip())
    for name, state in view.credentials.items():
        typer.echo(f"# credential {name}: {state}")
    counts = ", ".join(f"{count} {status.value.replace('_', ' ')}" for status, count in view.counts.items())
    typer.echo(f"# listings: {counts or 'none yet'}")


@app.command("test")
def test_command(account: Account) -> None:
    """Ask the channel whether an account works: credentials, settings. Writes nothing."""
    from consumer.bootstrap.account_views import test_account

    found = test_account(*_begin("test"), account)
    typer.echo(f"{found.subject}: {found.found}{f' -> {found.cure}' if found.cure else ''}")
    if found.cure:
        raise typer.Exit(1)


@app.command("mode")
def mode_command(
    account: Account,
    mode: Annotated[Literal["off", "dry-run", "live"], typer.Argument(help="off, dry-run or live.")],
    listings: Annotated[
        Literal["", "keep", "zero", "end"],
        typer.Option(help="With off, its listings: keep, zero (their stock) or end. Unset = its `reconcile.when_off`."),
    ] = "",
) -> None:
    """Switch an account: off, dry-run (plan and report, write nothing) or live."""
    from consumer.bootstrap.account_commands import switch_mode
    from consumer.bootstrap.auditing import note, tenant_of

    if listings and mode != "off":
        raise SettingsError(f"--listings goes with off, not with {mode}")
    settings, endpoints = _begin("mode")
    about = {"mode": mode, "listings": listings}
    note(settings, endpoints, "accounts mode", tenant=tenant_of(account), subject=account, **about)
    was = switch_mode(settings, endpoints, account, mode)
    told = "already." if was == mode else f"now, it was {was}. {_WITHIN_SECONDS}"
    typer.echo(f"{account} is {mode} {told}")
    if mode == "off" and close_as_wanted(settings, endpoints, account, listings, fresh=was != "off"):
        return
    if mode != "live" and was == "live":
        typer.echo(
            "Its listings stay on the channel as they are; nobody changes their prices and stock any more. Live again,"
            " all its products are read and sent anew."
        )


@app.command("change")
def change_command(
    account: Account,
    changes: Annotated[list[str], typer.Argument(help="Fields, e.g. price.basis=sale languages=[it,en].")],
) -> None:
    """Change single fields of an account. Listings that show something else then are sent anew, in the background."""
    from consumer.bootstrap.account_commands import change_fields
    from consumer.bootstrap.auditing import note, tenant_of
    from consumer.listings.accounts.changing import change_account, parse_changes

    wanted = parse_changes(changes)
    settings, endpoints = _begin("change")
    fields = ", ".join(changes)
    note(settings, endpoints, "accounts change", tenant=tenant_of(account), subject=account, changes=fields)
    done = change_fields(settings, endpoints, account, lambda document: change_account(document, wanted))
    typer.echo(f"{account}: {', '.join(done.fields)} changed. {_WITHIN_SECONDS}" if done.fields else "Nothing changed.")


@app.command("remove")
def remove_command(
    account: Account,
    leave: Annotated[
        bool, typer.Option("--leave-listings", help="Although the channel goes on showing its listings.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Forget an account and its credentials. What it has on the channel stays there."""
    from consumer.bootstrap.account_commands import remove_account
    from consumer.bootstrap.account_views import view_account
    from consumer.bootstrap.auditing import note, tenant_of
    from consumer.listings.accounts.environment import channels_in_environment

    settings, endpoints = _begin("remove")
    shown = view_account(settings, endpoints, account).shown
    if shown and not leave:
        raise SettingsError(
            f"{shown} listings of {account} may be on the channel. Without the account they stay there and go on"
            f" selling at their last price and stock. Take them down first: `marketsync accounts mode {account} off"
            " --listings end` (or zero). Or say --leave-listings"
        )
    if not yes:
        typer.confirm(f"Forget {account} and its credentials?", abort=True)
    note(settings, endpoints, "accounts remove", tenant=tenant_of(account), subject=account, shown=shown)
    remove_account(settings, endpoints, account)
    typer.echo(f"{account} is removed. {_WITHIN_SECONDS}")
    channel = account.split("/")[1]
    if channel in channels_in_environment(settings):
        typer.echo(f"{channel} is enabled by variables: they count again when the channel has no stored account left.")


@app.command("export")
def export_command(
    accounts: Annotated[list[str] | None, typer.Argument(help="Which; none = all that can be used.")] = None,
    file: Annotated[Path | None, typer.Option(help="Write there instead of on standard output.")] = None,
) -> None:
    """Write accounts as YAML, without their credentials."""
    from consumer.bootstrap.account_views import export_accounts

    text = export_accounts(*_begin("export"), accounts or ())
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


@app.command("import")
def import_command(file: File) -> None:
    """Make accounts equal to those of a file. New ones are off, and get their credentials by themselves."""
    from consumer.bootstrap.account_commands import import_accounts
    from consumer.bootstrap.auditing import note
    from consumer.listings.accounts.exchange import read_files

    files = read_files(_text(file))
    settings, endpoints = _begin("import")
    note(settings, endpoints, "accounts import", accounts=", ".join(each.document.id for each in files))
    for done in import_accounts(settings, endpoints, files):
        if done.added:
            typer.echo(f"{done.id} is added; it is off. Its credentials: `marketsync credentials set {done.id} ...`")
        elif done.fields:
            typer.echo(f"{done.id}: {', '.join(done.fields)} changed")
        else:
            typer.echo(f"{done.id}: equal already")


def _begin(command: str) -> tuple[Settings, Endpoints]:
    from consumer.bootstrap.start import begin, find_servers

    settings = begin(f"accounts {command}", level="error")
    return settings, find_servers(settings)


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read ({type(error).__name__})") from None


def _one_map(text: str) -> dict[str, Any]:
    from consumer.listings.accounts.exchange import parse

    found = parse(text)
    if len(found) != 1 or not isinstance(found[0], dict):
        raise SettingsError(
            "the file must hold one account, a map; several are taken in by `marketsync accounts import`"
        )
    return {name: value for name, value in found[0].items() if name != "revision"}


def _described(data: Mapping[str, Any], sets: Sequence[str] | None) -> AccountDocument:
    from consumer.listings.accounts.changing import apply_changes, parse_changes
    from consumer.listings.accounts.document import read_account

    return read_account(apply_changes(data, parse_changes(sets or ())))


def _given(text: str) -> dict[str, SecretStr]:
    """The credentials in a text of YAML."""
    from pydantic import SecretStr

    from consumer.listings.accounts.exchange import parse

    found = parse(text)
    if len(found) != 1 or not isinstance(found[0], dict) or not all(isinstance(v, str) for v in found[0].values()):
        raise SettingsError("the file of credentials must be a map of names to texts, such as refresh_token: ...")
    return {name: SecretStr(value.strip()) for name, value in found[0].items() if value.strip()}


def _asked(document: AccountDocument) -> dict[str, SecretStr]:
    """What a person types, unseen. Nothing where nobody can be asked: credentials can be set later."""
    from pydantic import SecretStr

    from adapters.registry import CHANNELS

    kind = CHANNELS.get(document.channel)
    if kind is None or not sys.stdin.isatty():
        return {}
    found: dict[str, SecretStr] = {}
    for group in kind.sign_in:
        for name in group:
            typed = typer.prompt(f"{name} (not shown; empty = later)", default="", hide_input=True, show_default=False)
            if typed.strip():
                found[name] = SecretStr(typed.strip())
                break
    return found


def _when(row: AccountRow) -> str:
    return f"{row.changed:%Y-%m-%d %H:%M}" if row.changed else ""
