"""Are the tenants' databases as they should be? Those that the settings name, or those of the registry."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consumer.bootstrap.start import named_databases
from consumer.bootstrap.tenant_streams import pim_client, registered, streams_of
from consumer.capture.streams import StreamPlan
from consumer.embedded import Endpoints
from consumer.errors import MarketsyncError
from consumer.mongo import Collection, Document, MongoClient, PyMongoError
from consumer.mongo.change_stream import ChangeStream, ChangeStreamError, StartPoint, Watched
from consumer.mongo.oplog import OplogHiddenError, oplog_begin
from consumer.mongo.pim import PRODUCTS, pre_images_on
from consumer.mongo.words import in_words
from consumer.settings import Settings

# MongoDB's error code for a user without the right.
_UNAUTHORIZED = 13


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. cure: what to do about it; empty = it works.

    advice: what could be better where it works.
    """

    subject: str
    found: str
    cure: str = ""
    advice: str = ""


def check_tenants(settings: Settings, endpoints: Endpoints, client: MongoClient[Document]) -> Iterator[Finding]:
    """Look at each tenant's database. client: of the installation's own MongoDB. Raises PyMongoError."""
    if settings.place.tenant_registry:
        yield from _check_registry(settings, endpoints, client)
        return
    databases = named_databases(settings)
    if not databases:
        yield Finding(
            "tenants",
            "none",
            "Name the tenants to watch in MARKETSYNC_TENANTS, comma separated, or their registry in"
            " MARKETSYNC_TENANT_REGISTRY.",
        )
    for tenant, name in databases.items():
        yield from _check_tenant(client, tenant, name)
    if databases:
        yield _stream_finding(client, tuple(databases.items()))
        yield oplog_finding(client, "oplog")


def _check_registry(settings: Settings, endpoints: Endpoints, client: MongoClient[Document]) -> Iterator[Finding]:
    place = f"{settings.place.tenant_registry}.tenants"
    try:
        registry = registered(settings, endpoints, client)
    except MarketsyncError as error:
        yield Finding("registry", str(error), f"Correct {place}, or MARKETSYNC_TENANT_REGISTRY.")
        return
    for whose, words in registry.problems.items():
        yield Finding(whose, words, f"Correct the document in {place}.")
    for tenant in registry.tenants:
        if not tenant.active:
            yield Finding(f"tenant {tenant.name}", f"{tenant.status}: not captured, its listings stay as they are")
    plans = streams_of(settings, endpoints, registry)
    if not plans:
        yield Finding("tenants", f"none of {place} is active", "Set the status of those to watch to active.")
    for plan in plans.values():
        yield from _check_stream(plan, client)


def _check_stream(plan: StreamPlan, home: MongoClient[Document]) -> Iterator[Finding]:
    """Each address is tried: one that is wrong is a tenant's trouble even while another works."""
    yield Finding(f"stream {plan.name}", f"{plan.servers}: {', '.join(plan.tenants)}")
    for number, address in enumerate(plan.addresses, start=1):
        try:
            with pim_client(address, home) as client:
                client.admin.command("ping")
                if number == len(plan.addresses):
                    for tenant, name in plan.databases:
                        yield from _check_tenant(client, tenant, name)
                    yield _stream_finding(client, plan.databases)
                    yield oplog_finding(client, f"oplog of {plan.name}")
        except (PyMongoError, MarketsyncError) as error:
            words = in_words(error) if isinstance(error, PyMongoError) else str(error)
            cure = "Correct database.mongo_url of its tenants in the registry. Can this machine reach it?"
            yield Finding(f"stream {plan.name}", words, cure)


def _check_tenant(client: MongoClient[Document], tenant: str, name: str) -> Iterator[Finding]:
    database = client[name]
    subject = f"tenant {tenant}"
    try:
        if PRODUCTS not in database.list_collection_names():
            yield Finding(
                subject,
                f"there is no collection {database.name}.{PRODUCTS}",
                "Is the name of tenant and database right? For a new tenant `marketsync init` creates the collection.",
            )
            return
        yield _products_finding(subject, database[PRODUCTS])
        yield _pre_images_finding(tenant, on=pre_images_on(database))
    except PyMongoError as error:
        yield Finding(subject, in_words(error), f"Give the MongoDB user the role read on {database.name}.")


def _products_finding(subject: str, products: Collection[Document]) -> Finding:
    count = products.estimated_document_count()
    if count and products.find_one({"isCurrent": True}, {"_id": True}) is None:
        return Finding(
            subject,
            f"{count} documents, and none of them counts as a product: none has isCurrent: true",
            "Let the PIM, or the import that writes it, set isCurrent: true on the current version of each product.",
        )
    return Finding(subject, f"{count} documents")


def _pre_images_finding(tenant: str, *, on: bool) -> Finding:
    if on:
        return Finding(f"pre-images of {tenant}", "on")
    return Finding(
        f"pre-images of {tenant}",
        "off: a deletion does not say which product it was, so capture keeps a map of ids, which costs time",
        "Turn them on with `marketsync init`; its user needs the right collMod.",
    )


def _stream_finding(client: MongoClient[Document], databases: Sequence[tuple[str, str]]) -> Finding:
    """Opens what capture opens: a stream over one database, or over the cluster when there are several tenants."""
    subject = f"changes of {', '.join(tenant for tenant, _ in databases)}"
    names = tuple(name for _, name in databases)
    stream = ChangeStream(client, Watched(names, PRODUCTS, images=False, batch_size=1, max_await=0.1))
    try:
        stream.open(StartPoint())
    except ChangeStreamError as error:
        return Finding(subject, str(error), _stream_cure(error, names))
    finally:
        stream.close()
    return Finding(subject, "can be watched")


def oplog_finding(client: MongoClient[Document], subject: str) -> Finding:
    """How far back the oplog reaches, which is how long capture may be away. Raises PyMongoError."""
    try:
        begin, _ = oplog_begin(client)
    except OplogHiddenError as error:
        return Finding(
            subject,
            f"its age cannot be seen ({error})",
            advice="Give the MongoDB user the role clusterMonitor (or find on local.oplog.rs, or serverStatus). Without"
            " it the metric marketsync_capture_oplog_headroom_seconds is absent, and nobody sees in time that capture"
            " has been away for so long that changes are about to be missed.",
        )
    return Finding(subject, f"reaches back {(time.time() - begin) / 3600:.1f} hours: so long may capture be away")


def _stream_cure(error: ChangeStreamError, databases: Sequence[str]) -> str:
    if error.code != _UNAUTHORIZED:
        return "Change streams need a replica set, and a server that can be reached."
    if len(databases) == 1:
        return f"Give the MongoDB user find and changeStream on the whole database {databases[0]}: the role read."
    return (
        "Several tenants are watched by one stream over the cluster: give the MongoDB user find and changeStream on all"
        " databases and collections, as the role readAnyDatabase does."
    )
