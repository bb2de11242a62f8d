"""The process that captures, put together: built, watched by a health server, stopped by signals, taken down.

Apart from the one that delivers, so that it need not load the channels: after a crash every moment counts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Thread

import structlog

from consumer.bootstrap.bookkeeping import refuse_shown_fields
from consumer.bootstrap.capture_stream import CaptureStream
from consumer.bootstrap.health import serve_health
from consumer.bootstrap.start import named_databases
from consumer.bootstrap.tenant_streams import make_tenant_watch
from consumer.embedded import Endpoints
from consumer.health import make_registry
from consumer.metrics import capture_metrics
from consumer.mongo import connect
from consumer.processes import stop_on_signals
from consumer.settings import Settings

_log = structlog.get_logger()


def run_capture(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    """Capture until SIGTERM or SIGINT.

    Raises SettingsError and what `Watcher.run` raises; with a registry of tenants, nothing of the latter.
    """
    refuse_shown_fields(settings.capture.bookkeeping)
    if settings.place.tenant_registry:
        _run_registry(settings, endpoints, supervised=supervised)
        return
    registry = make_registry()
    with ExitStack() as exits:
        client = exits.enter_context(connect(endpoints.mongodb_uri))
        stream = CaptureStream(
            settings,
            endpoints.kafka_bootstrap_servers,
            client,
            pim=client,
            metrics=capture_metrics(registry),
            registry=registry,
        )
        stream.follow(named_databases(settings))
        exits.enter_context(serve_health(settings, registry, unready=stream.unready, note=stream.standing_by))
        _run_until_signalled(stream.run, stream.stop, supervised=supervised)
    _log.info("capture has ended, its position is stored")


def _run_registry(settings: Settings, endpoints: Endpoints, *, supervised: bool) -> None:
    registry = make_registry()
    with connect(endpoints.mongodb_uri) as client:
        watch = make_tenant_watch(settings, endpoints, client, registry)
        with serve_health(settings, registry, unready=watch.unready, note=watch.standing_by):
            _run_until_signalled(watch.run, watch.stop, supervised=supervised)
    _log.info("capture has ended, its positions are stored")


def _run_until_signalled(work: Callable[[], None], stop: Callable[[], None], *, supervised: bool) -> None:
    """Run `work` in a thread of its own until it ends or a signal comes, then `stop` it. Raises what it raised.

    A signal handler may only do what is safe in the middle of anything, and setting an event is not; putting into a
    SimpleQueue is. Hence the thread: the main one does nothing but wait for that queue.
    """
    wake: SimpleQueue[None] = SimpleQueue()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # raised again in the main thread
            failures.append(error)
        finally:
            wake.put(None)

    stop_on_signals(lambda: wake.put(None), supervised=supervised)
    thread = Thread(target=run, name="work")
    thread.start()
    wake.get()
    stop()
    thread.join()
    if failures:
        raise failures[0]
