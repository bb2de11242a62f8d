"""`marketsync status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.bootstrap.overview import CaptureProgress, Overview
    from consumer.mongo.lease import LeaseReport

_MOST_GROUPS = 20


def command() -> None:
    """Say how things stand: listings, problems with their cure, who stands still, what waits, how far capture came."""
    from rich.console import Console

    from consumer.bootstrap.account_views import mode_lines
    from consumer.bootstrap.feed_commands import feed_lines
    from consumer.bootstrap.overview import read_overview
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("status", level="error")
    endpoints = find_servers(settings)
    overview = read_overview(settings, endpoints)
    console = Console(highlight=False)
    for line in mode_lines(settings, endpoints):
        console.print(line, markup=False)
    _show_listings(console, overview)
    _show_problems(console, overview)
    _show_standing(console, overview)
    _show_waiting(console, overview)
    for line in feed_lines(settings, endpoints):
        console.print(f"{line}.", markup=False)
    _show_quotas(console, overview)
    _show_credentials(console, overview)
    _show_jobs(console, overview)
    _show_capture(console, overview)


def _show_listings(console: Console, overview: Overview) -> None:
    from rich.table import Table

    statuses = sorted({status for counts in overview.listings.values() for status in counts})
    table = Table("account", "tenant", *(status.replace("_", " ") for status in statuses), title="Listings")
    for (channel, account, tenant), counts in sorted(overview.listings.items()):
        table.add_row(f"{channel}/{account}", tenant, *(str(counts.get(status, 0)) for status in statuses))
    console.print(table if overview.listings else "Listings: none yet.")


def _show_problems(console: Console, overview: Overview) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not overview.problems:
        console.print("Problems: none.")
        return
    table = Table("listings", "channel", "state", "what is wrong", "what to do", "e.g.", title="Problems")
    for group in overview.problems[:_MOST_GROUPS]:
        example = group.examples[0].split("/", 3)[-1]
        state = group.status.replace("_", " ")
        table.add_row(
            str(group.count), group.channel, state, escape(group.message), escape(group.cure), escape(example)
        )
    console.print(table)
    if len(overview.problems) > _MOST_GROUPS:
        console.print(f"... and {len(overview.problems) - _MOST_GROUPS} more kinds of problems.")


def _show_standing(console: Console, overview: Overview) -> None:
    from datetime import UTC, datetime

    from rich.markup import escape
    from rich.table import Table

    if not overview.waiting:
        console.print("Standing still: nobody. Owed: nothing.")
        return
    now = datetime.now(UTC)
    table = Table("account", "tenant", "what", "listings", "for", "why", title="Standing still, and owed")
    for waiting in overview.waiting:
        count = "" if waiting.count is None else str(waiting.count)
        age = _age((now - waiting.since).total_seconds())
        table.add_row(waiting.account, waiting.tenant, waiting.what, count, age, escape(waiting.why))
    console.print(table)


def _show_waiting(console: Console, overview: Overview) -> None:
    from rich.table import Table

    table = Table("consumer group", "topic", "records to read", title="Waiting in Kafka")
    for group, lags in overview.lags.items():
        for lag in lags:
            count = str(lag.records) if lag.exact else f"about {lag.records}"
            table.add_row(group, lag.topic, count if lag.started or not lag.records else f"{count} (never read)")
    console.print(table if overview.lags else "Waiting in Kafka: no channel is enabled.")


def _show_quotas(console: Console, overview: Overview) -> None:
    for quota in overview.quotas:
        line = f"Quota {quota.key}: {quota.used} of {quota.amount} in {_age(quota.period)} used"
        if quota.closed_for > 0:
            line += f"; the channel refused calls, closed for {_age(quota.closed_for)}"
        elif quota.pace < 1:
            line += f"; the channel refused calls, {quota.pace:.0%} of it hold now"
        console.print(f"{line}.", markup=False)


def _show_credentials(console: Console, overview: Overview) -> None:
    for row in overview.credentials:
        cure = f"`marketsync credentials set {row.account} {row.name}`"
        console.print(f"Credential {row.name} of {row.account}: {'; '.join(row.warned)}. {cure}", markup=False)


def _show_jobs(console: Console, overview: Overview) -> None:
    for job in overview.jobs:
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in job.counts.items() if count)
        words = f"{job.state.value}: {counts or 'nothing done yet'}"
        asked = job.who if job.cause == "request" else job.cause.replace("_", " ")
        line = f"Job {job.id} to {job.channel}, begun {job.started:%Y-%m-%d %H:%M} UTC ({asked}): {words}"
        console.print(line, markup=False)


def _show_capture(console: Console, overview: Overview) -> None:
    for whose, words in overview.tenant_problems.items():
        console.print(f"Registry of tenants: {whose}: {words}", markup=False)
    for capture in overview.captures:
        _show_stream(console, capture)
    if not overview.captures:
        console.print("Capture: no tenant of the registry is active.")


def _show_stream(console: Console, capture: CaptureProgress) -> None:
    reached = "has not begun" if capture.age is None else f"has every change up to {_age(capture.age)} ago"
    console.print(f"Capture (stream {capture.stream}) {reached}.")
    if capture.lease is not None:
        console.print(f"  {_leader(capture.lease)}")
    for tenant, snapshot in sorted(capture.snapshots.items()):
        far = "done" if snapshot.done else f"of about {snapshot.estimate}, not done yet"
        console.print(f"  snapshot of {tenant}: {snapshot.products} products, {far}")
        if snapshot.note:
            console.print(f"    {snapshot.note}", markup=False)


def _leader(lease: LeaseReport) -> str:
    if lease.holder is None:
        leader = "nobody leads it"
    elif lease.renewed > lease.duration:
        leader = f"led by {lease.holder}, which has been silent for {_age(lease.renewed)}"
    else:
        leader = f"led by {lease.holder} for {_age(lease.held_for)}"
    standbys = lease.standbys
    return f"{leader}; {len(standbys) or 'nobody'} stands by{': ' if standbys else ''}{', '.join(standbys)}"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
