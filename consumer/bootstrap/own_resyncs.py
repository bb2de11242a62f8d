"""What a channel's delivery does by itself when it is new or missed records, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from consumer.bootstrap.control import CLOSE, HEADER_BYTES, now, this_process
from consumer.bootstrap.resyncing import make_resync
from consumer.bootstrap.start import topic_names
from consumer.capture.snapshots.progress import decode_progress
from consumer.control.group_book import COLLECTION as GROUPS
from consumer.control.group_book import GroupBook
from consumer.control.jobs import COLLECTION as JOBS
from consumer.control.jobs import Job, JobStore
from consumer.control.own_resyncs import Group, OwnResyncs
from consumer.control.pace import Pace
from consumer.control.running import Runner
from consumer.control.targets import Outbox
from consumer.delivery.assembly import group_of
from consumer.embedded import Endpoints
from consumer.kafka import ReliableProducer, TopicNames, read_compacted
from consumer.kafka.groups import committed_offsets, oldest_offsets
from consumer.kafka.topics import missing_topics
from consumer.metrics import ControlMetrics
from consumer.mongo import AsyncDatabase, Document
from consumer.mongo.tenant_products import TenantProducts
from consumer.settings import Settings


@contextmanager
def own_resyncs(
    settings: Settings,
    endpoints: Endpoints,
    database: AsyncDatabase[Document],
    *,
    channel: str,
    tenants: Iterable[str],
    metrics: ControlMetrics,
) -> Iterator[OwnResyncs]:
    """Those of one channel. database: our own. tenants: those that have an account on the channel."""
    bootstrap, names = endpoints.kafka_bootstrap_servers, topic_names(settings)
    producer = ReliableProducer(bootstrap, max_message_bytes=settings.topics.max_message_bytes + HEADER_BYTES)
    producer.start()
    jobs = JobStore(database[JOBS], f"{this_process()} {settings.delivery.replica}")
    outbox = Outbox(producer, names, settings.topics.partitions)
    try:
        with make_resync(settings, endpoints) as (resync, products):
            yield OwnResyncs(
                _group(bootstrap, names, channel, read_whole=partial(_read_whole, bootstrap, names, products, tenants)),
                GroupBook(database[GROUPS]),
                jobs,
                work=(resync, Runner(jobs, outbox, Pace(settings.delivery.resync_rate), _counted(metrics))),
                metrics=metrics,
                clock=now,
            )
    finally:
        producer.close(CLOSE)


def _group(bootstrap: str, names: TopicNames, channel: str, *, read_whole: Callable[[], list[str]]) -> Group:
    name = group_of(channel, names)
    return Group(
        channel,
        name,
        has_offsets=lambda: bool(committed_offsets(bootstrap, name, names.products)),
        read_whole=read_whole,
        oldest=partial(oldest_offsets, bootstrap),
    )


def _read_whole(bootstrap: str, names: TopicNames, products: TenantProducts, tenants: Iterable[str]) -> list[str]:
    """The tenants whose first reading is done: of the others all products come anyway."""
    if missing_topics(bootstrap, [names.positions]):
        return []
    progress = [
        decode_progress(value)
        for key, value in read_compacted(bootstrap, names.positions).items()
        if key.startswith(b"snapshot/")
    ]
    done = {one.database for one in progress if one.done and not one.request}
    places = {tenant: products.database(tenant) for tenant in set(tenants)}
    return [tenant for tenant, place in places.items() if place is not None and place.name in done]


def _counted(metrics: ControlMetrics) -> Callable[[Job], None]:
    """Tells what each step has sent."""
    sent: dict[str, int] = {}

    def watch(job: Job) -> None:
        total = job.counts.get("sent", 0)
        # A job gone on with was counted by the process that had it.
        metrics.resent.labels(job.channel).inc(total - sent.get(job.id, total))
        sent[job.id] = total

    return watch
