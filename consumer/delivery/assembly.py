"""Joins the parts of one channel's delivery. What belongs to the outside (servers, accounts, settings) is given."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from consumer.delivery.account_book import FLOORS, FloorBook
from consumer.delivery.backlog import BacklogTeller
from consumer.delivery.braking import Braking
from consumer.delivery.chronicle import Chronicle
from consumer.delivery.clocks import Clocks
from consumer.delivery.confirming import Confirmer
from consumer.delivery.core import Core
from consumer.delivery.execution import Execution
from consumer.delivery.firsts import Firsts
from consumer.delivery.flood import FloodLimits
from consumer.delivery.floors import Floors
from consumer.delivery.following import Follower, Hands
from consumer.delivery.gap_brake import GapLimits
from consumer.delivery.holdings import Holdings
from consumer.delivery.intake import Intake, Sources
from consumer.delivery.letters import Letters, Outgoing
from consumer.delivery.limits import CoreSettings
from consumer.delivery.parts import Parts
from consumer.delivery.pauses import COLLECTION as PAUSES
from consumer.delivery.pauses import Pauses
from consumer.delivery.planning import Seller, make_seller
from consumer.delivery.quotas.leases import quotas_of
from consumer.delivery.quotas.store import QuotaStore
from consumer.delivery.rehearsing import Rehearsing
from consumer.delivery.replanning import Replanner
from consumer.delivery.reporting import Reporter
from consumer.delivery.retry import RetryPolicy
from consumer.delivery.sellers import Sellers
from consumer.delivery.standstills import COLLECTION as STANDSTILLS
from consumer.delivery.standstills import Standstills
from consumer.delivery.sweeper import Catalogue, Products, Sweeper
from consumer.delivery.tickets import Places, TicketFollower
from consumer.delivery.transcribing import make_transcriber
from consumer.delivery.upkeep import Upkeep, Watched
from consumer.delivery.work import AccountKey
from consumer.delivery.worker import DeliveryWorker
from consumer.events import Operation
from consumer.kafka import RecordTooLargeError, ReliableProducer, TopicNames
from consumer.kafka.consumer import ConsumerThread
from consumer.kafka.membership import Membership
from consumer.kafka.records import Partition
from consumer.listings.accounts.limits import limits_in_force
from consumer.listings.brakes.store import COLLECTION as BRAKES
from consumer.listings.brakes.store import BrakeStore
from consumer.listings.confirming import COLLECTION as CONFIRMATIONS
from consumer.listings.confirming import ConfirmationStore
from consumer.listings.debts import DebtStore
from consumer.listings.exchanges import COLLECTION as EXCHANGES
from consumer.listings.exchanges import ExchangeStore
from consumer.listings.gone import LEDGER, GoneStore
from consumer.listings.history import COLLECTION as HISTORY
from consumer.listings.history import HistoryStore
from consumer.listings.holders import Holders
from consumer.listings.owners import OwnerStore
from consumer.listings.replans import ReplanStore
from consumer.listings.sales import COLLECTION as RESERVATIONS
from consumer.listings.sales import SalesBook
from consumer.listings.store import COLLECTION as LISTINGS
from consumer.listings.store import ListingStore
from consumer.listings.submissions import SubmissionStore
from consumer.metrics import DeliveryMetrics
from consumer.mongo import AsyncCollection, AsyncDatabase, Document
from consumer.settings import DeliverySettings
from consumer.traces import current

# Headers are added to records that may be as large as a record can be; topics leave room for that.
_HEADER_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class OwedPlaces:
    """Where it is kept what is owed and what became of listings, and where products are read."""

    debts: DebtStore
    replans: ReplanStore
    gone: GoneStore
    holders: Holders
    sales: SalesBook
    brakes: BrakeStore
    history: HistoryStore
    confirmations: ConfirmationStore
    submissions: SubmissionStore
    owners: OwnerStore
    pauses: Pauses
    standstills: Standstills
    floors: AsyncCollection[Document]
    products: Products
    exchanges: ExchangeStore


@dataclass(frozen=True, slots=True)
class Servers:
    """Where a worker reads and writes. max_message_bytes: the largest event (TopicSettings).

    hands: to follow the accounts as they come, change and go; None = those there are at first stay.
    """

    bootstrap: str
    names: TopicNames
    store: ListingStore
    quotas: QuotaStore
    owed: OwedPlaces
    max_message_bytes: int
    hands: Hands | None = None


def owed_places(database: AsyncDatabase[Document], partitions: int, products: Products) -> OwedPlaces:
    """Those in our own database. partitions: of every topic keyed by product."""
    listings = database[LISTINGS]
    return OwedPlaces(
        debts=DebtStore(listings, partitions),
        replans=ReplanStore(listings),
        gone=GoneStore(listings, database[LEDGER]),
        holders=Holders(listings),
        sales=SalesBook(database[RESERVATIONS]),
        brakes=BrakeStore(database[BRAKES], listings),
        history=HistoryStore(database[HISTORY]),
        confirmations=ConfirmationStore(listings, database[CONFIRMATIONS]),
        submissions=SubmissionStore(listings),
        owners=OwnerStore(listings),
        pauses=Pauses(database[PAUSES]),
        standstills=Standstills(database[STANDSTILLS]),
        floors=database[FLOORS],
        products=products,
        exchanges=ExchangeStore(database[EXCHANGES]),
    )


def group_of(channel: str, names: TopicNames) -> str:
    """The channel's consumer group."""
    return f"{names.prefix}marketsync.{channel}"


def make_worker(
    channel: str,
    sellers: Sequence[Seller],
    servers: Servers,
    *,
    settings: DeliverySettings,
    metrics: DeliveryMetrics,
    missed: Callable[[Partition], None] = lambda _partition: None,
) -> DeliveryWorker:
    """A worker for all accounts of one channel. Connects to nothing before it runs.

    sellers: the accounts there are at first. missed: is told of partitions whose records were deleted before they were
    read.
    """
    return DeliveryWorker(make_parts(channel, sellers, servers, settings=settings, metrics=metrics), missed)


def make_parts(
    channel: str, sellers: Sequence[Seller], servers: Servers, *, settings: DeliverySettings, metrics: DeliveryMetrics
) -> Parts:
    """What `make_worker` puts together."""
    clocks = Clocks()
    names = servers.names
    at_work = Sellers(make_seller(seller.account, seller.adapter) for seller in sellers)
    background = frozenset({names.of(Operation.READ)})
    core = _make_core(channel, at_work, settings, background)
    process = f"{settings.replica}/{uuid4().hex[:12]}"
    braking = Braking(channel, servers.owed.brakes, by=process)
    marks, guard = servers.owed.debts, Firsts(servers.owed.owners)
    execution = Execution(
        at_work,
        servers.store,
        marks,
        clocks.wall,
        process=process,
        braking=braking,
        guard=guard,
        holdings=Holdings(servers.owed.holders),
        sales=servers.owed.sales,
        rehearsing=Rehearsing(channel, at_work, servers.store, servers.quotas, clocks),
    )
    intake = Intake(channel, at_work, Sources(background, partial(names.delay_of, channel)))
    floors = Floors(FloorBook(servers.owed.floors, channel), servers.store)
    upkeep = _make_upkeep(
        core, execution, floors, servers.owed, settings=settings, place=(channel, names), metrics=metrics
    )
    owed, hands, accounts = servers.owed, servers.hands, metrics.accounts
    lost = metrics.history_lost.labels(channel)
    chronicle = Chronicle(owed.history, settings.history_days, clocks.wall, lost.inc)
    places = Places(owed.submissions, servers.store, owed.debts, chronicle)
    return Parts(
        channel=channel,
        core=core,
        intake=intake,
        sellers=at_work,
        follower=(
            None
            if hands is None
            else Follower(channel, core, intake, at_work, hands, upkeep.pause, clocks.core, accounts)
        ),
        replanner=Replanner(channel, at_work, owed.replans, core.offsets.numbers, clocks=clocks, metrics=accounts),
        execution=execution,
        floors=floors,
        quotas=servers.quotas,
        upkeep=upkeep,
        letters=Letters(channel, group_of(channel, names), names),
        chronicle=chronicle,
        transcriber=make_transcriber(owed.exchanges, settings, lost.inc),
        confirmer=Confirmer(core, at_work, servers.owed.confirmations, clocks=clocks, metrics=metrics.confirmations),
        tickets=TicketFollower(core, at_work, places, clocks=clocks, metrics=metrics.tickets, channel=channel),
        writer=_writer(servers, settings),
        consumer=ConsumerThread(_membership(channel, servers, settings)),
        reporter=Reporter(channel, metrics, clocks.wall, current()),
        backlog=BacklogTeller(
            channel,
            group_of(channel, names),
            settings.max_waiting,
            partial(names.delay_of, channel),
            clocks,
            metrics,
        ),
        metrics=metrics,
        clocks=clocks,
        drain=settings.drain,
    )


def _writer(servers: Servers, settings: DeliverySettings) -> KafkaWriter:
    producer = ReliableProducer(servers.bootstrap, max_message_bytes=servers.max_message_bytes + _HEADER_BYTES)
    return KafkaWriter(producer, settings.drain)


def _membership(channel: str, servers: Servers, settings: DeliverySettings) -> Membership:
    names = servers.names
    return Membership(
        bootstrap=servers.bootstrap,
        group=group_of(channel, names),
        topics=(*names.products, names.every_retry(channel)),
        replica=settings.replica,
        session_timeout=settings.session_timeout,
        drain=settings.drain,
        protocol=settings.group_protocol,
    )


def _make_upkeep(  # noqa: PLR0913  what it works with, each by its name
    core: Core,
    execution: Execution,
    floors: Floors,
    owed: OwedPlaces,
    *,
    settings: DeliverySettings,
    place: tuple[str, TopicNames],
    metrics: DeliveryMetrics,
) -> Upkeep:
    """place: the channel, and how topics are called."""
    channel, names = place
    clocks = Clocks()
    limits = GapLimits(settings.withdrawals, settings.withdrawals_share)
    catalogue = Catalogue(owed.products, names.of(Operation.READ), owed.holders)
    sweeper = Sweeper(channel, owed.debts, owed.gone, catalogue, limits=limits, clock=clocks.wall)
    watched = Watched(owed.debts, owed.brakes, owed.pauses, owed.standstills, sweeper, floors, settings.replica)
    return Upkeep(channel, core, execution, watched, clocks=clocks, metrics=metrics.owed)


def _make_core(
    channel: str, sellers: Mapping[AccountKey, Seller], settings: DeliverySettings, background: frozenset[str]
) -> Core:
    limits = CoreSettings(
        policy=RetryPolicy.of(settings),
        concurrency=settings.concurrency,
        linger=settings.linger,
        max_waiting=settings.max_waiting,
        background_topics=background,
        quotas={
            account: quotas_of(
                channel, account, limits_in_force(seller.adapter.limits, seller.account.limits), settings.egress
            )
            for account, seller in sellers.items()
        },
        flood=FloodLimits(settings.flood_letters, settings.flood_window),
        bulk={account: rule for account, seller in sellers.items() if (rule := seller.adapter.bulk) is not None},
    )
    sizes = {account: seller.adapter.batch_size for account, seller in sellers.items()}
    return Core(limits, sizes, random.Random().random)  # noqa: S311  jitter is no secret, and it is drawn for each listing


class KafkaWriter:
    """Writes letters through a producer that says when each record is safe. timeout: seconds a close may take."""

    def __init__(self, producer: ReliableProducer, timeout: float) -> None:
        self._producer = producer
        self._timeout = timeout

    def start(self) -> None:
        """Begin to serve."""
        self._producer.start()

    async def write(self, records: Sequence[Outgoing]) -> list[Exception | None]:
        """Until all in-sync replicas have all of them. Returns which are too large. Raises UnavailableError."""
        written = [self._producer.produce(r.topic, r.key, r.value, r.headers) for r in records]
        ends = await asyncio.gather(*map(asyncio.wrap_future, written), return_exceptions=True)
        for end in ends:
            if end is not None and not isinstance(end, RecordTooLargeError):
                raise end
        return [end if isinstance(end, RecordTooLargeError) else None for end in ends]

    async def close(self) -> None:
        """Give what is under way its time."""
        await asyncio.to_thread(self._producer.close, self._timeout)
