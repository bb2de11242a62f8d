"""What an installation has said while it ran: its logs, what it serves, what the channel was sent."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.acceptance.installation import Installation, Running
from tests.planted import shown_in

# Seconds: a process that a test froze answers nobody.
_PATIENCE = 2


def secrets_said(installation: Installation) -> list[str]:
    """Where a planted secret shows in it. Ask while the processes run."""
    said = [*_logged(installation.started), *_served(installation.started), *_sent(installation)]
    return [f"{whence}: {words}" for whence, text in said if (words := shown_in(text))]


def _logged(started: list[Running]) -> Iterator[tuple[str, str]]:
    return ((Path(running.log).name, running.output()) for running in started)


def _served(started: list[Running]) -> Iterator[tuple[str, str]]:
    for running in started:
        if running.process.poll() is None:
            for line in running.lines("metrics and health"):
                place = str(line["at"]).removesuffix("/metrics")
                for path in ("/metrics", "/health/live", "/health/ready"):
                    with suppress(OSError), urllib.request.urlopen(place + path, timeout=_PATIENCE) as answer:
                        yield path, answer.read().decode()


def _sent(installation: Installation) -> Iterator[tuple[str, str]]:
    """Bodies of calls; what proves who calls is in their headers."""
    with suppress(OSError):
        yield "a call to the channel", json.dumps(installation.channel.calls())
