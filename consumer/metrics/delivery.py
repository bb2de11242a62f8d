"""Metrics of delivery to the channels."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consumer.metrics.accounts import AccountMetrics, account_metrics
from consumer.metrics.backlog import BacklogMetrics, backlog_metrics
from consumer.metrics.buckets import CALL_SECONDS
from consumer.metrics.capped import MOST, Making, Names
from consumer.metrics.confirmations import ConfirmationMetrics, confirmation_metrics
from consumer.metrics.owed import OwedMetrics, owed_metrics
from consumer.metrics.quotas import QuotaMetrics, quota_metrics
from consumer.metrics.tickets import TicketMetrics, ticket_metrics

_END_TO_END_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


@dataclass(frozen=True, slots=True)
class DeliveryMetrics:
    """What one channel's delivery does. Labels: channel, account, operation, outcome, reason."""

    records: Counter
    outcomes: Counter
    superseded: Counter
    ignored: Counter
    retries: Counter
    unknown_errors: Counter
    dead_letters: Counter
    call_seconds: Histogram
    write_to_channel_seconds: Histogram
    in_flight: Gauge
    waiting: Gauge
    unfinished_records: Gauge
    paused_partitions: Gauge
    halted: Gauge
    down: Gauge
    reset_offsets: Counter
    repeated_sends: Counter
    poll_pause: Gauge
    history_lost: Counter
    backlog: BacklogMetrics
    capacity: Gauge
    waiting_limit: Gauge
    loop_lag: Gauge
    quotas: QuotaMetrics
    owed: OwedMetrics
    accounts: AccountMetrics
    confirmations: ConfirmationMetrics
    tickets: TicketMetrics


def delivery_metrics(registry: CollectorRegistry, most: int = MOST) -> DeliveryMetrics:
    """Register delivery's metrics. most: so many accounts have series of their own."""
    make = Making(registry, Names(most))
    account = ["channel", "account"]
    return DeliveryMetrics(
        backlog=backlog_metrics(make),
        capacity=make.gauge(
            "marketsync_delivery_capacity", "Listings that may be in channel calls at the same time", account
        ),
        waiting_limit=make.gauge(
            "marketsync_delivery_waiting_limit",
            "Listings that may wait in memory; beyond that partitions are paused",
            ["channel"],
        ),
        loop_lag=make.gauge(
            "marketsync_delivery_loop_lag_seconds",
            "By how much the event loop was late in its last second; it grows when the process has too much to do",
            ["channel"],
        ),
        quotas=quota_metrics(make),
        confirmations=confirmation_metrics(make),
        tickets=ticket_metrics(make),
        poll_pause=make.gauge(
            "marketsync_delivery_longest_poll_pause_seconds",
            "Longest time between two polls of Kafka since the start; beyond max.poll.interval.ms (5 minutes or more)"
            " partitions are lost",
            ["channel"],
        ),
        history_lost=make.counter(
            "marketsync_delivery_history_lost",
            "Entries of listings' history that could not be written; the listings themselves are right",
            ["channel"],
        ),
        repeated_sends=make.counter(
            "marketsync_delivery_repeated_sends",
            "Listings sent although an earlier intent had no end: a process that was killed, frozen or cut off from"
            " MongoDB may have sent them before",
            account,
        ),
        records=make.counter("marketsync_delivery_records", "Kafka records taken in", ["channel", "topic"]),
        outcomes=make.counter(
            "marketsync_delivery_outcomes",
            "Listings finished by what was done and how it ended",
            [*account, "operation", "outcome"],
        ),
        superseded=make.counter(
            "marketsync_delivery_superseded",
            "States never sent because a newer one of the same listing was there",
            account,
        ),
        ignored=make.counter(
            "marketsync_delivery_ignored",
            "Records that concern nobody here, by reason (no_account: their tenant has no such account on this channel;"
            " other_channel: sent again for another channel)",
            ["channel", "reason"],
        ),
        retries=make.counter(
            "marketsync_delivery_retries",
            "Tries postponed, by error kind and where the listing waits (memory or topic)",
            [*account, "reason", "place"],
        ),
        unknown_errors=make.counter(
            "marketsync_delivery_unknown_errors",
            "Failures whose identifier our tables of the channel do not have, by the kind they were taken for; the log"
            " names them",
            [*account, "kind"],
        ),
        dead_letters=make.counter("marketsync_delivery_dead_letters", "Updates given up", ["channel", "reason"]),
        call_seconds=make.histogram(
            "marketsync_delivery_call_seconds",
            "Duration of one adapter call (a batch)",
            [*account, "operation"],
            buckets=CALL_SECONDS,
        ),
        write_to_channel_seconds=make.histogram(
            "marketsync_delivery_write_to_channel_seconds",
            "From the PIM's write to the channel's yes",
            account,
            buckets=_END_TO_END_SECONDS,
        ),
        in_flight=make.gauge("marketsync_delivery_in_flight", "Listings in a channel call now", account),
        waiting=make.gauge("marketsync_delivery_waiting", "Listings that wait in memory", account),
        unfinished_records=make.gauge(
            "marketsync_delivery_unfinished_records", "Records taken in whose offset is not finished", ["channel"]
        ),
        paused_partitions=make.gauge(
            "marketsync_delivery_paused_partitions", "Partitions paused by backpressure", ["channel"]
        ),
        halted=make.gauge("marketsync_delivery_halted", "1 while the account is halted", account),
        down=make.gauge(
            "marketsync_delivery_channel_down",
            "1 while the account's calls rest because the channel does not answer",
            account,
        ),
        reset_offsets=make.counter(
            "marketsync_delivery_reset_offsets",
            "Committed offsets that fell out of retention: updates were missed, resync",
            ["channel", "topic"],
        ),
        owed=owed_metrics(make),
        accounts=account_metrics(make),
    )
