"""`marketsync api`: everything a person or a program can ask, over HTTP."""

from __future__ import annotations

from consumer.cli.capture import Supervised


def command(supervised: Supervised = False) -> None:
    """Serve the HTTP API, until stopped. `marketsync run` does this by itself where tokens can be checked."""
    from consumer.api.serving import run_api
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("api")
    run_api(settings, find_servers(settings), supervised=supervised)
