"""`marketsync embedded`: the real mongod and the real Kafka of this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consumer.embedded import ServerStatus

app = typer.Typer(help="A real MongoDB and a real Kafka on this machine, for trying things.", no_args_is_help=True)

_Home = Annotated[
    Path | None, typer.Option(help="Folder of their data and logs [default: MARKETSYNC_HOME or ~/.marketsync].")
]


@app.command()
def up(home: _Home = None) -> None:
    """Start both where they do not run, and print how to point programs at them: eval "$(marketsync embedded up)"."""
    from consumer import embedded

    folder = _folder(home)
    endpoints = embedded.start(folder, lasting=True, say=lambda line: typer.echo(line, err=True))
    typer.echo(f"# MongoDB and Kafka run, with data and logs in {folder}. End them: marketsync embedded down")
    typer.echo(f"export MONGODB_URI={shlex.quote(endpoints.mongodb_uri)}")
    typer.echo(f"export KAFKA_BOOTSTRAP_SERVERS={shlex.quote(endpoints.kafka_bootstrap_servers)}")


@app.command()
def down(home: _Home = None) -> None:
    """End both cleanly. Their data stays."""
    from consumer import embedded

    folder = _folder(home)
    embedded.stop(folder)
    typer.echo(f"MongoDB and Kafka do not run any more; their data stays in {folder}.")


@app.command()
def status(home: _Home = None) -> None:
    """Say what runs and where. Exit code 1 unless both do."""
    from consumer import embedded

    seen = embedded.status(_folder(home))
    typer.echo(f"home    {seen.home}")
    for server in (seen.mongod, seen.kafka):
        typer.echo(f"{server.name:<7} {_in_words(server)}")
    if seen.endpoints is None:
        raise typer.Exit(1)


def _in_words(server: ServerStatus) -> str:
    if server.running:
        return f"{server.address}  process {server.pid}"
    return f"does not run (last address {server.address})" if server.address else "does not run"


def _folder(home: Path | None) -> Path:
    from consumer.settings import load_settings

    return (home or load_settings().place.home).expanduser().resolve()
