"""The stand-in as a process: `python -m adapters.sandbox.manomano --port 8703`. Stops cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.sandbox import server
from adapters.sandbox.manomano import ManomanoSandbox, Rules, Seller


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; one JSON line {"url": …} on stdout says that it serves."""
    options = _parser().parse_args(arguments)
    rules = Rules(
        calls_per_hour=options.calls_per_hour,
        offer_calls_per_hour=options.offer_calls_per_hour,
        approval=options.approval,
        content_needed=not options.without_content,
    )
    sandbox = ManomanoSandbox(sellers_of(options), rules)
    asyncio.run(server.run(sandbox.answer, port=options.port, ready_file=options.ready_file))


def sellers_of(options: argparse.Namespace) -> list[Seller]:
    """The first seller by the single options, then one for each --seller name:api_key:contract:market."""
    sellers = [Seller(api_key=options.api_key)]
    for text in options.seller:
        name, key, contract, market = text.split(":", 3)
        sellers.append(Seller(name, key, ((int(contract), market),)))
    return sellers


def _parser() -> argparse.ArgumentParser:
    rules = Rules()
    parser = argparse.ArgumentParser(
        prog="python -m adapters.sandbox.manomano", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="written with the address once it serves")
    parser.add_argument("--api-key", default=Seller().api_key, help="of the first seller")
    parser.add_argument("--seller", action="append", default=[], help="another one: name:api_key:contract:market")
    parser.add_argument("--calls-per-hour", type=int, default=rules.calls_per_hour, help="of one key")
    parser.add_argument(
        "--offer-calls-per-hour", type=int, default=rules.offer_calls_per_hour, help="of one address, on offers"
    )
    parser.add_argument("--approval", type=float, default=rules.approval, help="seconds until content is approved")
    parser.add_argument("--without-content", action="store_true", help="sell offers that have no content")
    return parser


if __name__ == "__main__":
    main()
