"""The stand-in as a process: `python -m adapters.sandbox.amazon --port 8702`. Stops cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.sandbox import server
from adapters.sandbox.amazon import AmazonSandbox, Rules, Seller

_DELAYS = ("discoverable_after", "buyable_after", "revised_after", "judged_after", "feed_waits", "feed_takes")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; one JSON line {"url": …} on stdout says that it serves."""
    options = _parser().parse_args(arguments)
    rules = Rules(
        limits=not options.no_limits,
        orders_behind=not options.no_limits,
        token_lifetime=options.token_lifetime,
        refuse_internal_gtins=options.refuse_internal_gtins,
        **{name: getattr(options, name) for name in _DELAYS},
    )
    sandbox = AmazonSandbox(sellers_of(options), rules)
    asyncio.run(server.run(sandbox.answer, port=options.port, ready_file=options.ready_file))


def sellers_of(options: argparse.Namespace) -> list[Seller]:
    """The first seller by the single options, then one for each --seller name:client_id:client_secret:refresh_token."""
    first = Seller(
        client_id=options.client_id,
        client_secret=options.client_secret,
        refresh_token=options.refresh_token,
        access_token=options.access_token,
    )
    sellers = [first]
    for number, text in enumerate(options.seller, start=1):
        name, client_id, client_secret, refresh_token = text.split(":", 3)
        sellers.append(Seller(name, number, client_id, client_secret, refresh_token, access_token=""))
    return sellers


def _parser() -> argparse.ArgumentParser:
    default, rules = Seller(), Rules()
    parser = argparse.ArgumentParser(
        prog="python -m adapters.sandbox.amazon", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="written with the address once it serves")
    parser.add_argument("--client-id", default=default.client_id, help="the application's id")
    parser.add_argument("--client-secret", default=default.client_secret, help="its secret")
    parser.add_argument("--refresh-token", default=default.refresh_token, help="the seller's")
    parser.add_argument("--access-token", default=default.access_token, help="valid from the start, empty for none")
    parser.add_argument(
        "--seller", action="append", default=[], help="another one: name:client_id:client_secret:refresh_token"
    )
    parser.add_argument("--token-lifetime", type=int, default=rules.token_lifetime, help="seconds")
    parser.add_argument("--no-limits", action="store_true", help="answer as many calls as come, tell orders at once")
    parser.add_argument(
        "--refuse-internal-gtins", action="store_true", help="refuse barcodes for use inside a company, as Amazon does"
    )
    for name in _DELAYS:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=getattr(rules, name), help="seconds")
    return parser


if __name__ == "__main__":
    main()
