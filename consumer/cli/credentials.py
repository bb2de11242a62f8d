"""`marketsync credentials`: what accounts prove themselves with. Taken in once, and never shown again."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from consumer.embedded import Endpoints
    from consumer.settings import Settings

app = typer.Typer(help="Set credentials of accounts, see when they end, change keys.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="tenant/channel/account, as `marketsync accounts list` shows it.")]
Field = Annotated[str, typer.Argument(help="Which credential, e.g. refresh_token.")]


@app.command("set")
def set_command(
    account: Account,
    field: Field,
    file: Annotated[str, typer.Option(help="Read it from this file; - reads standard input. Unset = ask.")] = "",
    expires: Annotated[
        str, typer.Option(help="When it ends, e.g. 2028-05-01. Unset = what the channel says of such credentials.")
    ] = "",
) -> None:
    """Store a credential of an account, encrypted. Running processes take it up within seconds."""
    from consumer.bootstrap.auditing import note, tenant_of
    from consumer.bootstrap.credential_commands import set_credential

    ends = _moment(expires) if expires else None
    settings, endpoints = _begin("set")
    note(settings, endpoints, "credentials set", tenant=tenant_of(account), subject=account, field=field)
    state = set_credential(settings, endpoints, account, field, _secret(file), expires_at=ends)
    typer.echo(f"{field} of {account} is set, {state}. Running processes take it up within seconds.")


@app.command("remove")
def remove_command(account: Account, field: Field) -> None:
    """Forget a credential of an account. An account that needs it stops."""
    from consumer.bootstrap.auditing import note, tenant_of
    from consumer.bootstrap.credential_commands import remove_credential

    settings, endpoints = _begin("remove")
    note(settings, endpoints, "credentials remove", tenant=tenant_of(account), subject=account, field=field)
    if remove_credential(settings, endpoints, account, field):
        typer.echo(f"{field} of {account} is forgotten.")
    else:
        typer.echo(f"{account} has no {field}: nothing was done.")


@app.command("list")
def list_command() -> None:
    """Show which credentials there are, when they end, and what needs a person."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from consumer.bootstrap.credential_commands import list_credentials

    rows = list_credentials(*_begin("list"))
    if not rows:
        typer.echo("No account has a credential in the database.")
        return
    table = Table("account", "credential", "state", "needs a person", title="Credentials")
    for row in rows:
        table.add_row(escape(row.account), escape(row.name), row.state, escape("; ".join(row.warned)))
    Console(highlight=False).print(table)


@app.command("rotate-keys")
def rotate_keys_command(
    give_up: Annotated[
        bool,
        typer.Option("--give-up-lost-keys", help="Go on although a master key is lost: what it protects is lost too."),
    ] = False,
) -> None:
    """Encrypt all credentials anew, under a new data key and the first master key. Nothing has to stop."""
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.credential_commands import rotate_keys

    settings, endpoints = _begin("rotate-keys")
    note(settings, endpoints, "credentials rotate-keys", give_up=give_up)
    done = rotate_keys(settings, endpoints, give_up=give_up)
    begun = "the rotation that was cut off is done" if done.resumed else "done"
    typer.echo(
        f"Rotation: {begun}. {done.resealed} credentials are under data key {done.key} now; {done.rewrapped} older data"
        " keys are under the first master key."
    )
    for words in done.unreadable:
        typer.echo(f"left as it is: {words}", err=True)
    if done.unreadable:
        raise typer.Exit(1)


@app.command("new-master-key")
def new_master_key_command(
    file: Annotated[Path | None, typer.Argument(help="The file of local master keys. Unset = the one in use.")] = None,
) -> None:
    """Make a local master key: a new file, or a new first line of one. `marketsync credentials rotate-keys` uses it."""
    from consumer.bootstrap.credentials import new_master_key

    path, first = new_master_key(_begin_alone("new-master-key"), file)
    if first:
        typer.echo(
            f"{path} holds a new master key. Name it in MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE, the same for every"
            " process, and keep a copy in a safe place: without it, no credential can be opened."
        )
        return
    typer.echo(
        f"{path} holds one more master key, the first. Give the file to every process, then: `marketsync credentials"
        " rotate-keys`. Keep the former keys as long as there are backups that need them."
    )


def _secret(file: str) -> SecretStr:
    """From a file, standard input or the keyboard, and never from the command line, which others can read."""
    from pydantic import SecretStr

    if file == "-":
        text = sys.stdin.read()
    elif file:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"--file: {file} cannot be read ({type(error).__name__})") from None
    elif sys.stdin.isatty():
        text = typer.prompt("The credential (it is not shown)", hide_input=True)
    else:
        raise SettingsError(
            "nobody can be asked here: pass the credential by --file FILE, or by --file - on standard input"
        )
    if not (secret := text.strip()):
        raise SettingsError("the credential is empty: nothing was stored")
    if len(secret.split()) > 1:
        raise SettingsError("the credential has blanks or line breaks inside: pass just the credential, nothing else")
    return SecretStr(secret)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--expires: {text!r} is no date. Write 2028-05-01, or 2028-05-01T14:00+01:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found <= datetime.now(UTC):
        raise SettingsError(f"--expires: {text} has passed; a credential that has ended is of no use")
    return found


def _begin_alone(command: str) -> Settings:
    from consumer.bootstrap.start import begin

    return begin(f"credentials {command}", level="error")


def _begin(command: str) -> tuple[Settings, Endpoints]:
    from consumer.bootstrap.start import find_servers

    settings = _begin_alone(command)
    return settings, find_servers(settings)
