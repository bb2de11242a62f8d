"""`marketsync init`."""

from __future__ import annotations


def command() -> None:
    """Create topics and indexes and turn pre-images on. Changes nothing that is already there."""
    from rich.console import Console

    from consumer.bootstrap.preparation import initialise
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("init", level="warning")
    console = Console(highlight=False, soft_wrap=True)
    for done in initialise(settings, find_servers(settings)):
        console.print(f"[green]✓[/] {done}")
