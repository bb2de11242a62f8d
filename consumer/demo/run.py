"""The demo as a whole: servers, stage, processes, play, verdict."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import BinaryIO

from rich.console import Console

from consumer.bootstrap.parts import FEEDS, name_of
from consumer.bootstrap.start import begin, own_servers
from consumer.demo.play import Plan, Play, compare
from consumer.demo.screen import open_screen, print_verdict
from consumer.demo.stage import Stage, make_stage, set_own_settings_aside
from consumer.processes import Child, Supervisor, doubling, ignore_signals, interrupt_on_term

_PATIENCE = 30
# Pipes and logs have no width of their own.
_PLAIN_WIDTH = 120


def run_demo(plan: Plan) -> int:
    """Play the demo; returns the exit code: 0 when every channel equals the PIM, 1 when not, 130 when interrupted."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    interrupt_on_term()
    set_own_settings_aside()
    settings = begin("demo", level="error")
    try:
        started = time.monotonic()
        with own_servers(settings, console.print) as endpoints, make_stage(endpoints, settings.place.home) as stage:
            console.print(f"✓ servers, topics and {len(stage.catalogue)} products: {time.monotonic() - started:.1f} s")
            try:
                return asyncio.run(_play(stage, plan, console))
            finally:
                ignore_signals()
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Interrupted; everything has been stopped.")
        return 130


async def _play(stage: Stage, plan: Plan, console: Console) -> int:
    block = asyncio.current_task()
    if block is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, block.cancel)
    with stage.log.open("wb") as log:
        # The file of offers stays readable while it is compared.
        market = _supervisor([*stage.stand_ins, *_children(stage, name_of(FEEDS))], log)
        service = _supervisor([part.child for part in stage.parts if part.child.name != name_of(FEEDS)], log)
        async with market.running():
            async with service.running():
                with open_screen(console) as screen:
                    await Play(stage, screen, plan).perform()
            # Only now is everything at rest: what is left different stays different.
            verdicts = compare(stage)
            print_verdict(console, verdicts)
            console.print(f"The file that Trovaprezzi reads: {stage.feed.url}", soft_wrap=True)
            if plan.stay:
                console.print("It and the stand-ins are there until you press Ctrl-C.")
                await asyncio.Event().wait()
    different = any(verdict.different for verdict in verdicts)
    if different:
        console.print(f"What the processes said is in {stage.log}", style="red")
    return 1 if different else 0


def _supervisor(children: Sequence[Child], log: BinaryIO) -> Supervisor:
    return Supervisor(children, patience=_PATIENCE, backoff=doubling(0.5, 5), output=log)


def _children(stage: Stage, name: str) -> list[Child]:
    return [part.child for part in stage.parts if part.child.name == name]
