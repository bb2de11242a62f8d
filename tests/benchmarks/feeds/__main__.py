"""`make bench-feeds`: what a file of 100,000 offers costs, and whether one of 1,000,000 costs more memory.

Offers are made by Trovaprezzi's adapter from listings whose texts differ, and stored as delivery stores them, in a real
MongoDB. Each build runs in a process of its own: its time from begin to published file (with gzip and digest, written
into MongoDB), and the peak of its resident memory. Between two builds of 100,000 a hundredth of the offers change. The
file is read back and held against schema and rules, which is timed as well. The million is made of copies, with codes
of their own as far as the database is concerned, for time and memory alone.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from adapters.feeds import Feed, FeedRules
from adapters.model import Listing, Money
from adapters.trovaprezzi import TrovaprezziAccount, TrovaprezziFormat, mapping
from consumer.feeds.builder import FeedBuilder
from consumer.feeds.items import FeedItemStore
from consumer.feeds.model import ITEMS, FeedKey
from consumer.feeds.store import FeedStore
from consumer.mongo import connect, connect_async
from tests.benchmarks.installation import own_servers
from tests.benchmarks.table import Figure, report

_OFFERS = 100_000
_COPIES = 10
_ROUNDS = 3
_BATCH = 1000
_DATABASE = "marketsync-bench-feeds"
_SHOP = TrovaprezziAccount.model_validate({"link": "https://shop.example/p/{sku}", "shipping": {"otherwise": "4.90"}})
_FEED = Feed(TrovaprezziFormat(), FeedRules())
_ONE = FeedKey("bench", "trovaprezzi", "one")
_MANY = FeedKey("bench", "trovaprezzi", "many")
_WORDS = (
    "trapano", "avvitatore", "batteria", "tazza", "ceramica", "lampada", "tavolo", "sedia", "giardino", "vite", "legno",
    "acciaio", "blu", "rosso",
)  # fmt: skip


def make_listings(seed: int, numbers: range) -> Iterator[Listing]:
    """Listings whose texts differ, a few hundred characters each."""
    chance = random.Random(seed)
    for number in numbers:
        words = chance.choices(_WORDS, k=30)
        yield Listing(
            sku=f"SKU-{number:07}",
            title=" ".join(words[:6]).capitalize() + f" {number}",
            description=" ".join(words) + f", modello {chance.randrange(10**9)}",
            price=Money(Decimal(chance.randrange(99, 99_999)) / 100, "EUR"),
            quantity=chance.randrange(100),
            category=f"{words[0]};{words[1]}",
            condition="NEW",
            images=tuple(f"https://img.example.test/{chance.getrandbits(64):x}.jpg" for _ in range(3)),
            language="it-IT",
            brand=words[2].capitalize(),
            mpn=f"{chance.getrandbits(32):X}",
            weight=Decimal(chance.randrange(1, 20_000)) / 1000,
        )


async def fill(uri: str, seed: int, numbers: range) -> None:
    """Store these offers as the adapter would."""
    async with connect_async(uri) as client:
        store = FeedItemStore(client[_DATABASE], _ONE)
        for start in range(0, len(numbers), _BATCH):
            some = make_listings(seed + start, numbers[start : start + _BATCH])
            items = [
                mapping.feed_item(one.sku, mapping.content(one, _SHOP), mapping.offer(one, _SHOP), one) for one in some
            ]
            await store.put(items)


async def multiply(uri: str) -> None:
    """A second feed of so many copies of the first."""
    async with connect_async(uri) as client:
        database = client[_DATABASE]
        await FeedItemStore(database, _MANY).put(
            [mapping.feed_item("x", {"Name": "x", "Categories": "a"}, {"Price": "1"}, next(make_listings(1, range(1))))]
        )
        copied = {
            name: {"$concat": [prefix, f"${name}", "-", {"$toString": "$copy"}]}
            for name, prefix in (("_id", ""), ("key", ""), ("sku", ""), ("listing", ""))
        }
        stages: list[dict[str, object]] = [
            {"$match": {"feed": str(_ONE)}},
            {"$set": {"copy": {"$range": [0, _COPIES]}}},
            {"$unwind": "$copy"},
            {"$set": {**copied, "feed": str(_MANY)}},
            {"$merge": {"into": ITEMS, "whenMatched": "fail"}},
        ]
        async for _ in await database[ITEMS].aggregate(stages):
            pass


def build(uri: str, name: str) -> dict[str, float]:
    """One build in this process: seconds, megabytes, offers."""
    key = FeedKey("bench", "trovaprezzi", name)
    with connect(uri) as client:
        builder = FeedBuilder(client[_DATABASE], now=lambda: datetime.now(UTC))
        began = time.perf_counter()
        built = builder.build(key, _FEED)
        seconds = time.perf_counter() - began
    with open("/proc/self/status", encoding="utf-8") as status:
        peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    if built.result != "published":
        raise RuntimeError(f"{key}: {built}")
    return {"seconds": seconds, "megabytes": peak, "offers": built.count}


def in_a_process(uri: str, name: str) -> dict[str, float]:
    """`build` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.feeds", "--build", name, "--uri", uri]
    found: dict[str, float] = orjson.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def check(uri: str) -> float:
    """Seconds for holding the published file against everything that is known of it. Raises for any finding."""
    with connect(uri) as client:
        store = FeedStore(client[_DATABASE])
        state = store.find(_ONE)
        published = state.published if state else None
        if published is None:
            raise RuntimeError("nothing is published")
        file = io.BytesIO(b"".join(store.files.read(published.plain.id)))
    began = time.perf_counter()
    found = next(_FEED.format.check(file), None)
    if found is not None:
        raise RuntimeError(str(found))
    return time.perf_counter() - began


def measure(uri: str, *, million: bool) -> str:
    """All parts; returns the table."""
    asyncio.run(fill(uri, 0, range(_OFFERS)))
    runs = []
    for number in range(_ROUNDS):
        asyncio.run(fill(uri, 1_000_000 * (number + 1), range(number * 1000, (number + 1) * 1000)))
        runs.append(in_a_process(uri, "one"))
    seconds, megabytes = ([run[name] for run in runs] for name in ("seconds", "megabytes"))
    part = f"{_OFFERS:,} offers"
    figures = [
        Figure(part, "seconds of a build", statistics.median(seconds), seconds, digits=2, at_most=5),
        Figure(part, "peak memory, MB", max(megabytes), megabytes, at_most=150),
        Figure(part, "seconds of `feeds check`", check(uri), digits=2),
    ]
    if million:
        asyncio.run(multiply(uri))
        many = in_a_process(uri, "many")
        part = f"{int(many['offers']):,} offers"
        figures += [
            Figure(part, "seconds of a build", many["seconds"], digits=1),
            Figure(part, "peak memory, MB", many["megabytes"], at_most=150),
            Figure(part, "more memory than for a tenth, MB", many["megabytes"] - max(megabytes), at_most=10),
        ]
    return report(figures)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="make bench-feeds")
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--uri", help="a MongoDB instead of one of its own")
    parser.add_argument("--no-million", action="store_true", help="leave the million out, which takes minutes")
    arguments = parser.parse_args()
    if arguments.build:
        sys.stdout.buffer.write(orjson.dumps(build(arguments.uri, arguments.build)))
        return
    if arguments.uri:
        sys.stdout.write(f"{measure(arguments.uri, million=not arguments.no_million)}\n")
        return
    with own_servers() as servers:
        sys.stdout.write(f"{measure(servers.endpoints.mongodb_uri, million=not arguments.no_million)}\n")


if __name__ == "__main__":
    main()
