"""Sustained rates: a backlog of inserts, and one of mixed changes, each next to a loop that only reads it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from consumer.embedded import Endpoints
from consumer.mongo import Collection, Document, connect
from consumer.mongo.pim import PRODUCTS, tenant_database
from tests.benchmarks.capture.backlog import Backlog, Pass, current_token
from tests.benchmarks.catalogue import change, insert
from tests.benchmarks.installation import Installation, Servers
from tests.benchmarks.table import Figure

_INSERTS = 200_000
_MIXED = 100_000
_KNOWN = 40_000
_TURNS = 3
_INSERTS_PART = "inserts"
# For inserts: share of the loop's rate at least, CPU seconds per 100,000 changes at most. The mix is told, not judged.
_GOALS = 0.75, 3.0


def inserts(servers: Servers) -> list[Figure]:
    """Inserts of 2 KB."""
    installations = _installations(_INSERTS_PART, servers.endpoints)
    with _products(installations[0]) as products:
        for one in installations:
            one.begin()
        token = current_token(servers.endpoints, installations[0].tenants)
        insert([products], _INSERTS)
    return _measure(_INSERTS_PART, installations, Backlog(token, _INSERTS, _INSERTS))


def mix_with_images(servers: Servers) -> list[Figure]:
    """20 % inserts, 70 % updates of price and stock, 10 % deletes; pre- and post-images are kept."""
    return _mix(_installations("mix-images", servers.endpoints), "mix-images", images=True)


def mix_with_lookup(servers: Servers) -> list[Figure]:
    """The same with images off: the server looks each updated product up, capture keeps a map of ids."""
    installations = _installations("mix-lookup", servers.endpoints)
    installations[0].turn_images_off()
    return _mix(installations, "mix-lookup", images=False)


def _mix(installations: Sequence[Installation], part: str, *, images: bool) -> list[Figure]:
    with _products(installations[0]) as products:
        insert([products], _KNOWN)
        for one in installations:
            one.begin(with_ids=not images)
        token = current_token(one.endpoints, one.tenants)
        deletes = change(products, _KNOWN, _MIXED)
    return _measure(part, installations, Backlog(token, _MIXED, _MIXED - deletes, images))


def _installations(part: str, endpoints: Endpoints) -> list[Installation]:
    """One per turn, all with the same products."""
    found = [Installation(endpoints, f"{part}-{turn}", (f"bench-{part}",)) for turn in range(_TURNS)]
    for one in found:
        one.create()
    return found


@contextmanager
def _products(installation: Installation) -> Iterator[Collection[Document]]:
    with connect(installation.endpoints.mongodb_uri) as client:
        yield client[tenant_database(installation.tenants[0])][PRODUCTS]


def _measure(part: str, installations: Sequence[Installation], backlog: Backlog) -> list[Figure]:
    return _figures(part, [(backlog.read_only(one), backlog.captured(one)) for one in installations])


def _figures(part: str, turns: list[tuple[float, Pass]]) -> list[Figure]:
    ratio, most_cpu = _GOALS if part == _INSERTS_PART else (None, None)
    ratios = [captured.rate / bare for bare, captured in turns]
    bare = [bare for bare, _ in turns]
    rates, cpu, peaks = zip(*((found.rate, found.cpu, found.peak) for _, found in turns), strict=True)
    return [
        Figure(part, "read and decode only, changes/s", statistics.median(bare), bare),
        Figure(part, "capture, changes/s", statistics.median(rates), rates),
        Figure(part, "capture beside the loop", statistics.median(ratios), ratios, 2, at_least=ratio),
        Figure(part, "CPU s per 100,000 changes", statistics.median(cpu), cpu, 2, at_most=most_cpu),
        Figure(part, "peak memory, MB", max(peaks), peaks, at_most=200),
    ]
