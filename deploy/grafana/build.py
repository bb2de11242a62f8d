# ruff: noqa: E501  a query is easier to read in one line
"""Builds the Grafana dashboards beside this file: `python deploy/grafana/build.py`. Needs grafana-foundation-sdk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders.common import VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

FOLDER = Path(__file__).parent
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
_HEIGHT, _WIDTH = 8, 12


@dataclass(frozen=True, slots=True)
class Figure:
    """One panel. unit: Grafana's name of it. red: from here on somebody should look."""

    title: str
    words: str
    query: str
    unit: str = "short"
    legend: str = "__auto"
    red: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard. variables: labels to choose by, each with the metric that has its values."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    variables: tuple[tuple[str, str], ...] = ()


_D = "marketsync_delivery_"
_C = "marketsync_capture_"
_CHANNEL = ("channel", f"{_D}records_total")
_ACCOUNT = ("account", f"{_D}in_flight")
_BY = 'channel=~"$channel"'
_OF = 'channel=~"$channel",account=~"$account"'


def _latency(labels: str, by: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, {by}) (rate({_D}write_to_channel_seconds_bucket{{{labels}}}[5m])))"


def _calls(labels: str, by: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, {by}) (rate({_D}call_seconds_bucket{{{labels}}}[5m])))"


_LAG = Figure(
    "Lag",
    "Age of the oldest change that is read and not finished",
    f"max by (channel, tenant) ({_D}lag_seconds)",
    "s",
    red=900,
)
_ENDED = Figure(
    "Finished",
    "Listings finished a second, by outcome",
    f"sum by (channel, outcome) (rate({_D}outcomes_total[5m]))",
    "ops",
)

PAGES = (
    Page(
        "overview",
        "marketsync: overview",
        (
            _LAG,
            Figure(
                "From write to channel, p95",
                "From the PIM's write to the channel's yes",
                _latency("", "channel"),
                "s",
                red=60,
            ),
            _ENDED,
            Figure(
                "Accounts that stand still",
                "Halted, or their channel does not answer",
                f"sum by (channel) ({_D}halted) + sum by (channel) ({_D}channel_down)",
                red=1,
            ),
            Figure("Waiting", "Listings that wait in memory", f"sum by (channel) ({_D}waiting)"),
            Figure(
                "Held",
                "Listings that wait for a person's word",
                f'sum by (channel) ({_D}owed_listings{{cause="held"}}) or 0 * sum by (channel) ({_D}waiting)',
                red=1,
            ),
            Figure(
                "Oplog left",
                "Seconds before the oplog loses our position",
                f"min by (stream) ({_C}oplog_headroom_seconds)",
                "s",
            ),
            Figure(
                "Dead letters",
                "Given up in the last hour",
                f"sum by (channel) (increase({_D}dead_letters_total[1h])) or 0 * sum by (channel) ({_D}waiting)",
                red=1,
            ),
        ),
    ),
    Page(
        "capture",
        "marketsync: capture",
        (
            Figure(
                "Lag",
                "From the PIM's write to the commit in Kafka, quantiles of the last minute",
                f"max by (stream, quantile) ({_C}recent_lag_seconds)",
                "s",
                red=10,
            ),
            Figure(
                "Lag, p99",
                "The same from the histogram, over all processes",
                f"histogram_quantile(0.99, sum by (le, stream) (rate({_C}lag_seconds_bucket[5m])))",
                "s",
                red=10,
            ),
            Figure(
                "Events",
                "Product events a second, by operation",
                f"sum by (operation) (rate({_C}events_total[5m]))",
                "ops",
            ),
            Figure(
                "Noise",
                "Document changes a second that are no product change",
                f"sum by (reason) (rate({_C}noise_total[5m])) or vector(0)",
                "ops",
            ),
            Figure(
                "Oplog left",
                "Seconds before the oplog loses our position",
                f"min by (stream) ({_C}oplog_headroom_seconds)",
                "s",
            ),
            Figure(
                "Position",
                "How far what is in Kafka is behind the clock",
                f"time() - max by (stream) ({_C}position_timestamp_seconds)",
                "s",
                red=300,
            ),
            Figure(
                "Leaders", "Processes that hold the lease of the stream: one", f"sum by (stream) ({_C}leader)", red=2
            ),
            Figure(
                "Transactions, p95",
                "Seconds of a Kafka transaction",
                f"histogram_quantile(0.95, sum by (le) (rate({_C}transaction_seconds_bucket[5m])))",
                "s",
                red=5,
            ),
            Figure("Snapshots", "Products read of those to be read", f"sum by (stream) ({_C}snapshot_read_products)"),
            Figure("Gaps", "Times in which changes were missed", f"sum by (stream) ({_C}gaps_total)", red=1),
        ),
    ),
    Page(
        "channel",
        "marketsync: channel",
        (
            Figure(
                "Calls",
                "Adapter calls a second, by operation",
                f"sum by (channel, operation) (rate({_D}call_seconds_count{{{_BY}}}[5m]))",
                "ops",
            ),
            Figure("Calls, p95", "Seconds of a call", _calls(_BY, "channel, operation"), "s", red=10),
            Figure(
                "Outcomes",
                "Listings finished a second",
                f"sum by (channel, outcome) (rate({_D}outcomes_total{{{_BY}}}[5m]))",
                "ops",
            ),
            Figure(
                "From write to channel, p95",
                "From the PIM's write to the channel's yes",
                _latency(_BY, "channel"),
                "s",
                red=60,
            ),
            Figure("Lanes", "Listings that wait, by lane", f"sum by (channel, lane) ({_D}lane_waiting{{{_BY}}})"),
            Figure(
                "Superseded",
                "States a second never sent because a newer one was there",
                f"sum by (channel) (rate({_D}superseded_total{{{_BY}}}[5m])) or 0 * sum by (channel) ({_D}waiting{{{_BY}}})",
                "ops",
            ),
            Figure(
                "In calls of what may be",
                "Share of the calls in use",
                f"sum by (channel) ({_D}in_flight{{{_BY}}}) / sum by (channel) ({_D}capacity{{{_BY}}})",
                "percentunit",
            ),
            Figure(
                "Quotas",
                "Units that nobody has leased",
                f"min by (channel, quota) ({_D}quota_left{{{_BY}}}) or 0 * sum by (channel) ({_D}waiting{{{_BY}}})",
            ),
        ),
        (_CHANNEL,),
    ),
    Page(
        "account",
        "marketsync: account",
        (
            Figure("Mode", "off, dry-run or live", f"max by (account, mode) ({_D}account_mode{{{_OF}}})"),
            Figure(
                "Stands still",
                "1 = halted, its channel is down, or paused",
                f"max by (channel, account) ({_D}halted{{{_OF}}}) + max by (channel, account) ({_D}channel_down{{{_OF}}}) + max by (channel, account) ({_D}paused{{{_OF}}})",
                red=1,
            ),
            Figure(
                "Outcomes",
                "Listings finished a second",
                f"sum by (account, operation, outcome) (rate({_D}outcomes_total{{{_OF}}}[5m]))",
                "ops",
            ),
            Figure("Calls, p95", "Seconds of a call", _calls(_OF, "account, operation"), "s", red=10),
            Figure(
                "Oldest waiting",
                "Age of the oldest change that waits",
                f"max by (channel, account) ({_D}oldest_waiting_seconds{{{_OF}}}) or 0 * max by (channel, account) ({_D}waiting{{{_OF}}})",
                "s",
                red=900,
            ),
            Figure(
                "Oldest blocked",
                "For how long a listing has failed",
                f"max by (channel, account) ({_D}oldest_blocked_seconds{{{_OF}}}) or 0 * max by (channel, account) ({_D}waiting{{{_OF}}})",
                "s",
                red=900,
            ),
            Figure(
                "Owed",
                "Listings that are to be sent without an event",
                f"sum by (account, cause) ({_D}owed_listings{{{_OF}}}) or 0 * sum by (account) ({_D}waiting{{{_OF}}})",
            ),
            Figure(
                "Not confirmed",
                "Accepted so long ago that buyers should see it",
                f"max by (channel, account) ({_D}overdue{{{_OF}}}) or 0 * max by (channel, account) ({_D}waiting{{{_OF}}})",
                red=1,
            ),
        ),
        (_CHANNEL, _ACCOUNT),
    ),
    Page(
        "feeds",
        "marketsync: feeds",
        (
            Figure("Offers", "Offers in the file", "max by (tenant, channel, account) (marketsync_feed_offers)"),
            Figure(
                "Age",
                "Since the file was built or found right",
                "time() - max by (tenant, channel, account) (marketsync_feed_checked_timestamp_seconds)",
                "s",
                red=7200,
            ),
            Figure(
                "Waiting",
                "For how long changes have waited to be in the file",
                "max by (tenant, channel, account) (marketsync_feed_waiting_seconds)",
                "s",
            ),
            Figure(
                "Held or failing",
                "Held, and builds in a row that failed",
                "max by (tenant, channel, account) (marketsync_feed_held + marketsync_feed_failing)",
                red=1,
            ),
            Figure(
                "Builds",
                "Builds a second, by how they ended",
                "sum by (channel, result) (rate(marketsync_feed_builds_total[5m]))",
                "ops",
            ),
        ),
    ),
    Page(
        "orders",
        "marketsync: orders",
        (
            Figure(
                "Imported",
                "Orders a second that were new or had changed",
                "sum by (tenant, channel, account) (rate(marketsync_orders_imported_total[5m]))",
                "ops",
            ),
            Figure(
                "Read last",
                "Since the account's orders were read to the end",
                "time() - max by (tenant, channel, account) (marketsync_orders_walked_timestamp_seconds)",
                "s",
                red=1800,
            ),
            Figure(
                "Waiting",
                "Orders that are not sent and not off, by status",
                "sum by (channel, account, status) (marketsync_orders_waiting)",
            ),
            Figure(
                "Oldest to accept",
                "For how long the oldest order has waited for the seller's yes",
                'max by (tenant, channel, account) (marketsync_orders_oldest_seconds{status="to_accept"})',
                "s",
                red=14400,
            ),
            Figure(
                "Oldest to send",
                "For how long the oldest paid order has waited to be sent",
                'max by (tenant, channel, account) (marketsync_orders_oldest_seconds{status=~"to_ship|partly_shipped"})',
                "s",
            ),
            Figure(
                "Kept back",
                "Products of which pieces are sold and not yet off the PIM's stock",
                "sum by (tenant) (marketsync_orders_reserved_products)",
            ),
        ),
    ),
    Page(
        "failures",
        "marketsync: dead letters and retries",
        (
            Figure(
                "Dead letters",
                "Given up in the last hour, by reason",
                f"sum by (channel, reason) (increase({_D}dead_letters_total[1h])) or vector(0)",
                red=1,
            ),
            Figure(
                "Dead letters of capture",
                "Changes that could not become an event",
                f"sum by (reason) (increase({_C}dead_letters_total[1h])) or vector(0)",
                red=1,
            ),
            Figure(
                "Retries",
                "Tries postponed a second, by reason and place",
                f"sum by (channel, reason, place) (rate({_D}retries_total[5m])) or vector(0)",
                "ops",
            ),
            Figure(
                "Waiting for another try",
                "By tier: memory, or the delay of the topic",
                f"sum by (channel, tier) ({_D}retries_waiting) or vector(0)",
            ),
            Figure("Due", "Those whose time has come", f"sum by (channel, tier) ({_D}retries_due) or vector(0)"),
            Figure(
                "Brakes",
                "Closed brakes: they wait for a person",
                f"sum by (channel, account, brake) ({_D}brake_closed) or vector(0)",
                red=1,
            ),
            Figure(
                "Floods",
                "Times the flood guard paused somebody",
                f"sum by (channel, whom) (increase({_D}floods_total[1h])) or vector(0)",
                red=1,
            ),
        ),
    ),
    Page(
        "service",
        "marketsync: service",
        (
            Figure("CPU", "Cores in use, by process", "rate(process_cpu_seconds_total[5m])"),
            Figure("Memory", "Resident bytes, by process", "process_resident_memory_bytes", "bytes"),
            Figure("Open files", "Of each process", "process_open_fds"),
            Figure(
                "Event loop late",
                "By how much; it grows when a process has too much to do",
                f"max by (channel) ({_D}loop_lag_seconds)",
                "s",
                red=1,
            ),
            Figure(
                "Room in memory",
                "Share of what may wait",
                f"sum by (channel) ({_D}waiting) / max by (channel) ({_D}waiting_limit)",
                "percentunit",
                red=1,
            ),
            Figure("Bytes that wait", "Records in memory", f"sum by (channel) ({_D}waiting_bytes)", "bytes"),
            Figure(
                "Longest pause between polls",
                "Beyond five minutes partitions are lost",
                f"max by (channel) ({_D}longest_poll_pause_seconds)",
                "s",
                red=60,
            ),
            Figure(
                "Disk",
                "Share that is free",
                "min by (instance, place) (marketsync_disk_free_bytes / marketsync_disk_size_bytes)",
                "percentunit",
            ),
            Figure(
                "Credentials",
                "Seconds until they end",
                "min by (tenant, channel, account, credential) (marketsync_credential_expires_in_seconds)",
                "s",
            ),
        ),
    ),
)


def _panel(figure: Figure, place: int) -> Panel:
    steps = [Threshold(value=None, color="green")]
    if figure.red is not None:
        steps.append(Threshold(value=figure.red, color="red"))
    panel = Panel().title(figure.title).description(figure.words).unit(figure.unit).datasource(SOURCE)
    panel = panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    panel = panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI)).height(_HEIGHT).span(_WIDTH).id(place)
    return panel.with_target(Dataquery().expr(figure.query).legend_format(figure.legend).exemplar(True))


def dashboard(page: Page) -> str:
    """A page as Grafana reads it."""
    board = (
        Dashboard(page.title).uid(f"marketsync-{page.name}").tags(["marketsync"]).refresh("10s").time("now-1h", "now")
    )
    for label, metric in page.variables:
        variable = QueryVariable(label).query(f"label_values({metric}, {label})").datasource(SOURCE)
        board = board.with_variable(variable.multi(True).include_all(True).all_value(".*"))
    for place, figure in enumerate(page.figures, 1):
        board = board.with_panel(_panel(figure, place))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def build(pages: Iterable[Page] = PAGES) -> dict[str, str]:
    """Name of the file and content, of each page."""
    return {f"{page.name}.json": dashboard(page) for page in pages}


if __name__ == "__main__":
    for name, content in build().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
