"""The demo as a whole: servers, stage, processes, play, verdict."""

from __future__ import annotations

import asyncio
import signal
import time

from rich.console import Console

from consumer.bootstrap.start import begin, own_servers
from consumer.demo.play import Plan, Play, compare
from consumer.demo.screen import open_screen, print_verdict
from consumer.demo.stage import Stage, make_stage, set_own_settings_aside
from consumer.processes import Supervisor, doubling, ignore_signals, interrupt_on_term

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
        market = Supervisor(stage.stand_ins, patience=_PATIENCE, backoff=doubling(0.5, 5), output=log)
        service = Supervisor(
            [part.child for part in stage.parts], patience=_PATIENCE, backoff=doubling(0.5, 5), output=log
        )
        async with market.running():
            async with service.running():
                with open_screen(console) as screen:
                    await Play(stage, screen, plan).perform()
            # Only now is everything at rest: what is left different stays different.
            verdicts = compare(stage)
    print_verdict(console, verdicts)
    different = any(verdict.different for verdict in verdicts)
    if different:
        console.print(f"What the processes said is in {stage.log}", style="red")
    return 1 if different else 0
