"""What a channel's delivery does by itself when it is new or missed records, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from consumer.bootstrap.control import CLOSE, HEADER_BYTES, now, this_process
from consumer.bootstrap.live_accounts import LiveAccounts
from consumer.bootstrap.resyncing import make_resync
from consumer.bootstrap.start import topic_names
from consumer.capture.snapshots.progress import SnapshotProgress, decode_progress
from consumer.control.group_book import COLLECTION as GROUPS
from consumer.control.group_book import GroupBook
from consumer.control.jobs import COLLECTION as JOBS
from consumer.control.jobs import Job, JobStore
from consumer.control.newcomers import Followed, Newcomers, Place
from consumer.control.own_resyncs import Group, OwnResyncs
from consumer.control.pace import Pace
from consumer.control.running import Runner
from consumer.control.targets import Outbox
from consumer.delivery.account_book import AccountBook
from consumer.delivery.assembly import group_of
from consumer.embedded import Endpoints
from consumer.kafka import ReliableProducer, TopicNames, read_compacted
from consumer.kafka.groups import committed_offsets, oldest_offsets
from consumer.kafka.topics import missing_topics
from consumer.metrics import ControlMetrics
from consumer.mongo import AsyncDatabase, Document
from consumer.mongo.tenant_products import TenantProducts
from consumer.settings import Settings


@dataclass(frozen=True, slots=True)
class ChannelResyncs:
    """What one channel reads by itself."""

    own: OwnResyncs
    place: Place
    book: AccountBook
    jobs: JobStore
    metrics: ControlMetrics

    def newcomers(self, followed: Followed) -> Newcomers:
        """What looks after accounts that come. followed: the accounts of this process."""
        clocks = (time.monotonic, now)
        return Newcomers(self.place, followed, self.book, self.jobs, clocks=clocks, metrics=self.metrics)


@contextmanager
def own_resyncs(
    settings: Settings,
    endpoints: Endpoints,
    database: AsyncDatabase[Document],
    *,
    accounts: LiveAccounts,
    book: AccountBook,
    metrics: ControlMetrics,
) -> Iterator[ChannelResyncs]:
    """Those of one channel. database: our own. accounts: of the channel."""
    bootstrap, names, channel = endpoints.kafka_bootstrap_servers, topic_names(settings), accounts.channel
    producer = ReliableProducer(bootstrap, max_message_bytes=settings.topics.max_message_bytes + HEADER_BYTES)
    producer.start()
    jobs = JobStore(database[JOBS], f"{this_process()} {settings.delivery.replica}")
    outbox = Outbox(producer, names, settings.topics.partitions)
    try:
        with make_resync(settings, endpoints) as (resync, products):
            readings = FirstReadings(bootstrap, names, products)
            group = Group(
                channel,
                group_of(channel, names),
                has_offsets=lambda: bool(committed_offsets(bootstrap, group_of(channel, names), names.products)),
                read_whole=lambda: readings.done(accounts.tenants()),
                oldest=partial(oldest_offsets, bootstrap),
                begins=lambda: book.begin(accounts.served),
            )
            own = OwnResyncs(
                group,
                GroupBook(database[GROUPS]),
                jobs,
                work=(resync, Runner(jobs, outbox, Pace(settings.delivery.resync_rate), _counted(metrics))),
                metrics=metrics,
                clock=now,
            )
            place = Place(channel, group.name, lambda tenant: asyncio.to_thread(readings.unread, tenant))
            yield ChannelResyncs(own, place, book, jobs, metrics)
    finally:
        producer.close(CLOSE)


@dataclass(frozen=True, slots=True)
class FirstReadings:
    """What is known of capture's first readings. Methods block, and raise MarketsyncError."""

    bootstrap: str
    names: TopicNames
    products: TenantProducts

    def done(self, tenants: Collection[str]) -> list[str]:
        """The tenants whose first reading is done: of the others all products come anyway."""
        done = {one.database for one in self._progress() if one.done}
        places = {tenant: self.products.database(tenant) for tenant in tenants}
        return [tenant for tenant, place in places.items() if place is not None and place.name in done]

    def unread(self, tenant: str) -> bool:
        """Whether the tenant's first reading has not even begun."""
        place = self.products.database(tenant)
        return place is not None and place.name not in {one.database for one in self._progress()}

    def _progress(self) -> list[SnapshotProgress]:
        if missing_topics(self.bootstrap, [self.names.positions]):
            return []
        positions = read_compacted(self.bootstrap, self.names.positions)
        found = [decode_progress(value) for key, value in positions.items() if key.startswith(b"snapshot/")]
        return [one for one in found if not one.request]


def _counted(metrics: ControlMetrics) -> Callable[[Job], None]:
    """Tells what each step has sent."""
    sent: dict[str, int] = {}

    def watch(job: Job) -> None:
        total = job.counts.get("sent", 0)
        # A job gone on with was counted by the process that had it.
        metrics.resent.labels(job.channel).inc(total - sent.get(job.id, total))
        sent[job.id] = total

    return watch
