"""Our delivery to the target, in a process of its own: the service's worker with the benchmark's channel.

python -m tests.benchmarks.delivery.engine    settings by MARKETSYNC_DELIVERY_..., the rest by BENCH_... variables
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable

from consumer.delivery.assembly import Servers, make_worker, owed_places
from consumer.delivery.planning import Seller
from consumer.delivery.quotas.store import COLLECTION as QUOTAS
from consumer.delivery.quotas.store import QuotaStore
from consumer.health import HealthServer, make_registry
from consumer.kafka import TopicNames
from consumer.listings.accounts import Account
from consumer.listings.rules.categories import Categories
from consumer.listings.rules.prices import PriceRules
from consumer.listings.store import COLLECTION, ListingStore
from consumer.logs import configure_logging
from consumer.metrics import delivery_metrics
from consumer.mongo import connect_async
from consumer.mongo.current_products import Reading, Relatives
from consumer.processes import collect_seldom
from consumer.settings import DeliverySettings, TopicSettings
from tests.benchmarks.delivery.channel import NAME, BenchAdapter, open_target
from tests.benchmarks.delivery.work import TENANT


def account() -> Account:
    """The one account."""
    return Account(
        tenant=TENANT,
        channel=NAME,
        name="default",
        price=PriceRules(basis="retail", vat_included=True),
        languages=("it",),
        categories=Categories(map={"c-1": "1"}),
    )


class NoProducts:
    """There is no PIM here, and nothing is owed but what a killed run left."""

    def read(self, tenant: str, codes: Iterable[str], relatives: Relatives | None = None) -> Reading | None:
        return None


async def main() -> None:
    """Deliver until SIGTERM."""
    settings = DeliverySettings()
    url = os.environ["BENCH_TARGET"]
    registry = make_registry()
    async with connect_async(os.environ["MONGODB_URI"]) as client:
        database = client[os.environ["MARKETSYNC_DATABASE"]]
        store = ListingStore(database[COLLECTION], TopicSettings().partitions)
        await store.ensure_indexes()
        adapter = BenchAdapter(url, open_target(url, settings.concurrency))
        worker = make_worker(
            NAME,
            [Seller(account(), adapter)],
            Servers(
                os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                TopicNames(os.environ["MARKETSYNC_TOPICS_PREFIX"]),
                store,
                QuotaStore(database[QUOTAS]),
                owed_places(database, TopicSettings().partitions, NoProducts()),
                TopicSettings().max_message_bytes,
            ),
            settings=settings,
            metrics=delivery_metrics(registry),
        )
        port = int(os.environ["MARKETSYNC_METRICS_PORT"])
        health = HealthServer(registry, ("127.0.0.1", port), unready=worker.unready, stuck=worker.stuck)
        health.start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        try:
            await worker.run()
        finally:
            health.stop()
            await adapter.close()


if __name__ == "__main__":
    configure_logging("json", "warning")  # the queue beside us writes no line per job either
    collect_seldom()
    asyncio.run(main())
