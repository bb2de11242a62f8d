"""Snapshots for people: ask for one, see how far they are, cancel one. Works while nothing runs."""

from __future__ import annotations

import difflib
import getpass
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.bootstrap.start import capture_leases, named_databases, settings_of_stream, topic_names
from consumer.bootstrap.tenant_streams import pim_client, registered, streams_of
from consumer.capture.snapshots.filters import MOST_CODES, condition_of, fields_of, understand_filter
from consumer.capture.snapshots.progress import SnapshotProgress, decode_progress, snapshot_key
from consumer.capture.snapshots.requests import Request, Requests, RequestState, Wanted
from consumer.capture.streams import StreamPlan
from consumer.embedded import Endpoints
from consumer.errors import SettingsError
from consumer.events import time_of
from consumer.kafka.compacted import read_compacted
from consumer.kafka.topics import missing_topics
from consumer.markers import SnapshotCause
from consumer.mongo import Document, MongoClient, OperationFailure, PyMongoError, connect
from consumer.mongo.products import any_product, current, known_fields
from consumer.mongo.words import unavailable
from consumer.settings import Settings

# More would hide each other, and nobody means it.
_MOST_OPEN = 100
_PATIENCE = 10.0
_OPEN = (RequestState.WAITING, RequestState.RUNNING)


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """One snapshot for people. id: of the request, empty where nobody asked. filter: as JSON, empty = none. codes: how
    many products it names, 0 = none in particular.

    state: waiting, running, done, cancelled or failed. estimate: products to read, about. started: None = not begun.
    rate: products per second so far. eta: seconds it may still need. words: what is to be known of its end.
    """

    tenant: str
    id: str
    cause: SnapshotCause
    filter: str
    codes: int
    state: RequestState
    products: int
    estimate: int
    started: datetime | None
    rate: float
    eta: float | None
    by: str = ""
    words: str = ""


def ask_for_snapshot(
    settings: Settings, endpoints: Endpoints, *, tenant: str, filter_text: str, codes: Sequence[str]
) -> str:
    """Ask capture to read products again; returns the request's id.

    Raises SettingsError for what cannot be meant, UnavailableError when MongoDB does not answer.
    """
    condition = understand_filter(filter_text) if filter_text else {}
    if not all(codes) or len(codes) > MOST_CODES:
        raise SettingsError(f"--code: name 1 to {MOST_CODES} products by their entity_code, or use --filter.")
    with _client(endpoints) as client:
        plan = _plan_of(_plans(settings, endpoints, client), tenant)
        if condition:
            _try(client, plan, tenant, condition_of(filter_text, ()))
        requests = _requests(settings, client)
        if sum(request.state in _OPEN for request in requests.all()) >= _MOST_OPEN:
            raise SettingsError(
                f"{_MOST_OPEN} requests are still open: see `marketsync capture snapshots`, and cancel what nobody"
                " needs with `marketsync capture cancel-snapshot`."
            )
        by = f"{getpass.getuser()}@{socket.gethostname()}"
        return requests.ask(Wanted(tenant, filter_text if condition else "", tuple(dict.fromkeys(codes)), by)).id


def cancel_snapshot(settings: Settings, endpoints: Endpoints, request: str) -> None:
    """Nobody wants it any more. Raises SettingsError when there is no such open request, UnavailableError."""
    with _client(endpoints) as client:
        requests = _requests(settings, client)
        if not requests.cancel(request):
            states = {one.id: one.state for one in requests.all()}
            why = f"is {states[request]} already" if request in states else "was never asked for"
            raise SettingsError(f"The snapshot {request} {why}. `marketsync capture snapshots` shows what there is.")


def list_snapshots(settings: Settings, endpoints: Endpoints) -> tuple[list[SnapshotReport], list[str]]:
    """Every snapshot that is known, and in words which streams nobody leads although they have something to read.

    Raises UnavailableError when a server does not answer.
    """
    names, kafka = topic_names(settings), endpoints.kafka_bootstrap_servers
    records = {} if missing_topics(kafka, [names.positions]) else read_compacted(kafka, names.positions)
    with _client(endpoints) as client:
        plans = _plans(settings, endpoints, client)
        requests = _requests(settings, client).all()
        found: list[SnapshotReport] = []
        alone = []
        for plan in plans:
            reports = _reports(plan, records, requests)
            found += reports
            if any(report.state in _OPEN for report in reports) and not _is_led(settings, client, plan):
                alone.append(f"Nobody leads the stream {plan.name}: start `marketsync capture`, then it goes on.")
    return found, alone


def _reports(plan: StreamPlan, records: Mapping[bytes, bytes], requests: Sequence[Request]) -> list[SnapshotReport]:
    """Those of one stream: its tenants' own first."""
    found = []
    for tenant, database in plan.databases:
        value = records.get(snapshot_key(plan.name, database))
        if value is not None:
            found.append(report_of(tenant, decode_progress(value), None))
    for request in requests:
        if request.tenant in plan.tenants:
            value = records.get(snapshot_key(plan.name, dict(plan.databases)[request.tenant], request.id))
            found.append(report_of(request.tenant, None if value is None else decode_progress(value), request))
    return found


def report_of(tenant: str, progress: SnapshotProgress | None, request: Request | None) -> SnapshotReport:
    """Progress and request of one snapshot, of which one may be missing, in one. Pure."""
    begun = progress if progress is not None and progress.begun else None
    products = begun.products if begun else request.products if request else progress.products if progress else 0
    seconds = begun.seconds if begun else request.seconds if request else 0.0
    state = request.state if request else _state(progress)
    estimate = max(begun.estimate if begun and not begun.done else 0, products)
    rate = products / seconds if seconds > 0 else 0.0
    return SnapshotReport(
        tenant=tenant,
        id=request.id if request else "",
        cause=SnapshotCause.REQUEST if request else progress.cause if progress else SnapshotCause.FIRST,
        filter=request.filter if request else "",
        codes=len(request.codes) if request else 0,
        state=state,
        products=products,
        estimate=estimate,
        started=datetime.fromtimestamp(time_of(begun.started)[0], UTC) if begun else None,
        rate=rate,
        eta=(estimate - products) / rate if rate and state is RequestState.RUNNING else None,
        by=request.by if request else "",
        words=(request.words if request else "") or (progress.note if progress else ""),
    )


def _state(progress: SnapshotProgress | None) -> RequestState:
    if progress is None or not (progress.begun or progress.done):
        return RequestState.WAITING
    return RequestState.DONE if progress.done else RequestState.RUNNING


@contextmanager
def _client(endpoints: Endpoints) -> Iterator[MongoClient[Document]]:
    """Our own MongoDB; its failures in words."""
    try:
        with connect(endpoints.mongodb_uri) as client:
            yield client
    except PyMongoError as error:
        raise unavailable(error) from error


def _requests(settings: Settings, client: MongoClient[Document]) -> Requests:
    return Requests(client[settings.place.database], prefix=settings.topics.prefix)


def _plans(settings: Settings, endpoints: Endpoints, client: MongoClient[Document]) -> list[StreamPlan]:
    """The streams there should be."""
    if settings.place.tenant_registry:
        return list(streams_of(settings, endpoints, registered(settings, endpoints, client)).values())
    return [StreamPlan(settings.capture.stream, tuple(named_databases(settings).items()))]


def _plan_of(plans: Sequence[StreamPlan], tenant: str) -> StreamPlan:
    for plan in plans:
        if tenant in plan.tenants:
            return plan
    known = sorted(name for plan in plans for name in plan.tenants)
    raise SettingsError(f"--tenant: capture does not follow {tenant!r}. It follows {', '.join(known) or 'nobody'}.")


def _try(home: MongoClient[Document], plan: StreamPlan, tenant: str, condition: Document) -> None:
    """Refuse a filter that MongoDB refuses, or that names a field which no product has."""
    with pim_client(plan.addresses[0], home) as client:
        database = client[dict(plan.databases)[tenant]]
        try:
            any_product(database, current(condition))
            for field in sorted(fields_of(condition) - {"_id"}):
                if any_product(database, {field: {"$exists": True}}) is False:
                    near = difflib.get_close_matches(field, known_fields(database), n=1)
                    meant = f" Did you mean {near[0]!r}?" if near else " Look at a product in the PIM for its name."
                    raise SettingsError(f"--filter: no product of {tenant} has a field {field!r}.{meant}")
        except OperationFailure as error:
            raise SettingsError(
                f"--filter: MongoDB does not take it: {(error.details or {}).get('errmsg', error)}."
            ) from error


def _is_led(settings: Settings, client: MongoClient[Document], plan: StreamPlan) -> bool:
    lease = capture_leases(client, settings_of_stream(settings, plan.name), timeout=_PATIENCE).report()
    return lease is not None and lease.holder is not None and lease.renewed <= lease.duration
