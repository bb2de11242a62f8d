"""Commands that work on what the service keeps: put together for one command, taken down at its end."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from consumer.bootstrap.accounts import accounts_of
from consumer.bootstrap.start import topic_names
from consumer.control.item_book import COLLECTION as ITEMS
from consumer.control.item_book import ItemBook
from consumer.control.jobs import COLLECTION as JOBS
from consumer.control.jobs import JobStore
from consumer.control.pace import Pace
from consumer.control.running import Runner, Watch
from consumer.control.sent_items import SentItems
from consumer.control.targets import Outbox
from consumer.embedded import Endpoints
from consumer.kafka import ReliableProducer, TopicNames
from consumer.listings.accounts import Account
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.listings.store import ListingStore
from consumer.mongo import AsyncDatabase, Document, PyMongoError, connect_async
from consumer.mongo.words import unavailable
from consumer.settings import Settings

# Headers are added to records that may be as large as a record can be; topics leave room for that.
HEADER_BYTES = 32 * 1024
# Seconds that what is under way gets at the end.
CLOSE = 10.0
# Seconds a job waits for what was accepted to be seen on the channel.
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Control:
    """What commands work with. state: our own database. partitions: of every topic keyed by product."""

    bootstrap: str
    names: TopicNames
    state: AsyncDatabase[Document]
    jobs: JobStore
    listings: ListingStore
    producer: ReliableProducer
    partitions: int

    def runner(self, rate: float, watch: Watch, accounts: Sequence[Account] = ()) -> Runner:
        """Runs jobs. rate: states a second, 0 = as fast as it goes. accounts: of one channel, whose listings are
        followed to their end."""
        outbox = Outbox(self.producer, self.names, self.partitions)
        names: dict[str, list[str]] = {}
        for one in accounts:
            names.setdefault(one.tenant, []).append(one.name)
        plan = SentItems(self.items, accounts[0].channel, names).plan if accounts else None
        return Runner(self.jobs, outbox, Pace(rate), watch, plan)

    @property
    def items(self) -> ItemBook:
        """What jobs ask of listings."""
        return ItemBook(self.state[ITEMS], self.listings, patience=_PATIENCE, clock=now)


@asynccontextmanager
async def open_control(settings: Settings, endpoints: Endpoints) -> AsyncIterator[Control]:
    """Raises UnavailableError where MongoDB fails inside."""
    bootstrap = endpoints.kafka_bootstrap_servers
    producer = ReliableProducer(bootstrap, max_message_bytes=settings.topics.max_message_bytes + HEADER_BYTES)
    producer.start()
    try:
        async with connect_async(endpoints.mongodb_uri) as client:
            state = client[settings.place.database]
            yield Control(
                bootstrap=bootstrap,
                names=topic_names(settings),
                state=state,
                jobs=JobStore(state[JOBS], this_process()),
                listings=ListingStore(state[LISTINGS], settings.topics.partitions),
                producer=producer,
                partitions=settings.topics.partitions,
            )
    except PyMongoError as error:
        raise unavailable(error) from error
    finally:
        producer.close(CLOSE)


def this_process() -> str:
    """This process, for people: who, where, which."""
    return f"{this_person()} ({os.getpid()})"


def this_person() -> str:
    """Who asks: the user of this machine."""
    user = "somebody"
    with suppress(KeyError, OSError):  # a container's user may have no name
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def distrust(settings: Settings, endpoints: Endpoints, channel: str, *, tenants: Sequence[str], account: str) -> int:
    """Put in doubt what is believed of these listings; returns how many. Raises MarketsyncError."""

    async def mark() -> int:
        async with open_control(settings, endpoints) as control:
            return await control.listings.distrust(channel, {one.tenant for one in accounts}, account=account)

    accounts = accounts_of(settings, endpoints, channel, tenants=tenants, account=account)
    return asyncio.run(mark())


def now() -> float:
    """Seconds since 1970."""
    return time.time()
