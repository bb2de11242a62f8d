"""`marketsync jobs`: what was asked for, how far it came, and the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from consumer.errors import MarketsyncError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rich.console import Console

    from consumer.bootstrap.triggering import JobReport, Syncs

app = typer.Typer(help="Syncs, resyncs, replays and redrives: list, look, follow, cancel.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="As `marketsync jobs list` shows it.")]
Most = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")]
Seconds = Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")]


Answer = TypeVar("Answer")


class UnknownJobError(MarketsyncError):
    """There is no such job."""


@app.command(name="list")
def list_(most: Most = 20) -> None:
    """The jobs begun last, newest first."""
    from rich.console import Console
    from rich.table import Table

    jobs = _run(lambda syncs: syncs.recent(most))
    table = Table("job", "state", "begun (UTC)", "by", "done", box=None)
    for job in jobs:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(job.counts.items()) if count)
        table.add_row(job.id, job.state.value, f"{job.started:%Y-%m-%d %H:%M}", job.who, counts)
    Console(highlight=False).print(table if jobs else "There are no jobs.")


@app.command()
def show(job_id: JobId) -> None:
    """One job, and where its listings stand, by account."""
    from rich.console import Console

    report = _run(lambda syncs: syncs.report(job_id))
    _show(Console(highlight=False), _there(report, job_id))


@app.command()
def watch(job_id: JobId, every: Seconds = 1.0) -> None:
    """Follow a job to its end, with a bar for each account. A sync that a crash left unfinished: `jobs resume`."""
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from consumer.control.item_book import share_done
    from consumer.control.jobs import JobState

    console = Console(highlight=False)

    async def follow(syncs: Syncs) -> JobReport:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bars = {}
            while True:
                report = _there(await syncs.report(job_id), job_id)
                for one in report.accounts:
                    name = f"{one.channel}/{one.account} of {one.tenant}"
                    if name not in bars:
                        bars[name] = progress.add_task(name)
                    done, total = share_done([one])
                    progress.update(bars[name], total=total, completed=done)
                if report.job.state not in (JobState.RUNNING, JobState.DELIVERING):
                    return report
                await asyncio.sleep(every)

    _show(console, _run(follow))


@app.command()
def resume(job_id: JobId) -> None:
    """Go on with a sync whose process was killed before all of it was sent."""
    job = _run(lambda syncs: syncs.resume(job_id))
    if job is None:
        raise UnknownJobError(f"there is no running sync {job_id}: `marketsync jobs list` shows what there is")
    typer.echo(f"{job.id}: all of it is sent.")


@app.command()
def cancel(job_id: JobId) -> None:
    """End a job now: what is not sent yet stays unsent, what is on its way is delivered."""
    from consumer.bootstrap.auditing import note
    from consumer.bootstrap.start import begin, find_servers

    settings = begin("jobs", level="warning")
    note(settings, find_servers(settings), "jobs cancel", subject=job_id)
    if _run(lambda syncs: syncs.cancel(job_id)) is None:
        raise UnknownJobError(f"there is no unfinished job {job_id}: `marketsync jobs list` shows what there is")
    typer.echo(f"{job_id} is cancelled.")


def _there(report: JobReport | None, job_id: str) -> JobReport:
    if report is None:
        raise UnknownJobError(f"there is no job {job_id}: `marketsync jobs list` shows what there is")
    return report


def _show(console: Console, report: JobReport) -> None:
    from rich.table import Table

    from consumer.control.items import Progress

    job = report.job
    console.print(f"{job.id}: {job.state.value}; begun {job.started:%Y-%m-%d %H:%M} UTC by {job.who}", markup=False)
    if job.error:
        console.print(job.error, markup=False)
    if not report.accounts:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(job.counts.items()))
        console.print(counts or "Nothing was asked of any account.")
        return
    shown = [one for one in Progress if any(one in account.counts for account in report.accounts)]
    table = Table("account", *(one.value.replace("_", " ") for one in shown), box=None)
    for account in report.accounts:
        figures = (str(account.counts.get(one, 0)) for one in shown)
        table.add_row(f"{account.channel}/{account.account} of {account.tenant}", *figures)
    console.print(table)


def _run(ask: Callable[[Syncs], Awaitable[Answer]]) -> Answer:
    import asyncio

    from consumer.bootstrap.start import begin, find_servers
    from consumer.bootstrap.triggering import open_syncs

    settings = begin("jobs", level="warning")

    async def run() -> Answer:
        async with open_syncs(settings, find_servers(settings)) as syncs:
            return await ask(syncs)

    return asyncio.run(run())
