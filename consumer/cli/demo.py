"""`marketsync demo`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    writes: Annotated[int, typer.Option(min=0, help="Changes made to the PIM while everything runs.")] = 1500,
    seconds: Annotated[float, typer.Option(min=1, help="How long they take.")] = 20,
    seed: Annotated[int, typer.Option(help="Which changes; the same seed makes the same ones.")] = 1,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep the file of offers and the stand-ins there until Ctrl-C.")
    ] = False,
) -> None:
    """See it work: real MongoDB and Kafka, 304 products, six accounts on four channels. Touches nothing of yours."""
    from consumer.demo.play import Plan
    from consumer.demo.run import run_demo

    raise typer.Exit(run_demo(Plan(writes=writes, duration=seconds, seed=seed, stay=stay)))
