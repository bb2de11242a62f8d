"""What a person sees of the demo: a live picture on a terminal, plain lines elsewhere, a verdict at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from consumer.demo.comparison import Verdict
from consumer.demo.figures import Buckets, Figures, quantile
from consumer.demo.windows import Call

_SAMPLE = 8
# Seconds between lines where nobody watches.
_PLAIN_PAUSE = 2.0
_MOST_DIFFERENCES = 50


class Screen(Protocol):
    """Where the demo shows itself."""

    def say(self, text: str) -> None:
        """One line that stays."""

    def show(self, phase: str, figures: Figures, *, latency: Buckets, writes: Mapping[str, int]) -> None:
        """The picture of this moment. latency: of the changes only, not of the first snapshot."""

    def call(self, call: Call) -> None:
        """A write reached the channel."""


class PlainScreen:
    """Lines for a pipe or a log. clock: seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._phase = ""
        self._due = 0.0

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, soft_wrap=True)

    def show(self, phase: str, figures: Figures, *, latency: Buckets, writes: Mapping[str, int]) -> None:
        """One line every few seconds."""
        if phase == self._phase and self._clock() < self._due:
            return
        self._phase, self._due = phase, self._clock() + _PLAIN_PAUSE
        self._console.print(
            f"  {phase}: {sum(writes.values())} writes, {figures.events.total()} events, {figures.sent.total()} sent,"
            f" {figures.quiet} without change for buyers, {figures.superseded} superseded; {_words(figures.listings)};"
            f" write to channel {_latency(latency)}",
            markup=False,
            soft_wrap=True,
        )

    def call(self, call: Call) -> None:
        """Too many for a log."""


class LiveScreen:
    """A picture that is drawn over itself."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._calls: list[Call] = []

    def say(self, text: str) -> None:
        """One line above the picture."""
        self._live.console.print(text, markup=False)

    def show(self, phase: str, figures: Figures, *, latency: Buckets, writes: Mapping[str, int]) -> None:
        """Draw the picture anew."""
        tables = Table.grid(padding=(0, 4))
        tables.add_row(
            _counts("written to the PIM", writes),
            _counts("captured", _spelled(figures.events)),
            _counts("sent", {**figures.sent, **_retried(figures)}),
            Group(
                _counts("not sent", {"no change for buyers": figures.quiet, "superseded": figures.superseded}),
                _counts("listings", figures.listings),
            ),
        )
        self._live.update(
            Group(
                Text(f"\n{phase}", style="bold"),
                tables,
                Text(f"from write to channel: {_latency(latency)}\n", style="bold green"),
                self._recent(),
            )
        )

    def call(self, call: Call) -> None:
        """Kept for the next picture."""
        self._calls = [*self._calls[-5:], call]

    def _recent(self) -> RenderableType:
        table = Table(box=None, show_header=False, padding=(0, 2))
        for call in self._calls:
            quantity = "" if call.quantity is None else f"{call.quantity} pcs"
            table.add_row(
                Text(f"{call.channel} {call.operation}", style="dim"),
                call.sku,
                Text(call.title or ""),
                call.price or "",
                quantity,
            )
        return table


@contextmanager
def open_screen(console: Console) -> Iterator[Screen]:
    """The screen that fits where the output goes."""
    if not console.is_terminal:
        yield PlainScreen(console)
        return
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield LiveScreen(live)


def print_verdict(console: Console, verdicts: Sequence[Verdict]) -> None:
    """A sample of products side by side, a line for each account, and every difference."""
    console.print(_side_by_side(verdicts))
    table = Table(title="Every product of every account, in the PIM and on the channel", title_justify="left")
    table.add_column("account", no_wrap=True)
    for name in ("in the PIM", "live", "sold out, not listed", "equal", "different"):
        table.add_column(name, justify="right")
    for verdict in verdicts:
        table.add_row(verdict.name, *map(str, _counted(verdict)))
    console.print(table)
    different = [(verdict.name, difference) for verdict in verdicts for difference in verdict.different]
    console.print(f"Different: {len(different)}.", style="bold red" if different else "bold green")
    for name, difference in different[:_MOST_DIFFERENCES]:
        console.print(f"  {name}: {difference}", style="red", markup=False, soft_wrap=True)


def _side_by_side(verdicts: Sequence[Verdict]) -> Table:
    pim = verdicts[0].pim
    table = Table(title=f"{_SAMPLE} of {len(pim)} products: price×stock in the PIM and on each account")
    table.title_justify = "left"
    table.add_column("product", no_wrap=True)
    for name in ("PIM", *(verdict.name for verdict in verdicts)):
        table.add_column(name, justify="right", no_wrap=True)
    for code in _sample(sorted(pim)):
        shown = [verdict.channel.get(code) for verdict in verdicts]
        cells = ["-" if one is None else f"{one.price}×{one.quantity}" for one in (pim[code], *shown)]
        table.add_row(code, *cells)
    return table


def _counted(verdict: Verdict) -> tuple[int, int, int, int, int]:
    unlisted = sum(shown.quantity == 0 and code not in verdict.channel for code, shown in verdict.pim.items())
    equal = len(verdict.pim.keys() | verdict.channel.keys()) - len(verdict.different)
    return len(verdict.pim), len(verdict.channel), unlisted, equal, len(verdict.different)


def _sample(codes: Sequence[str]) -> Sequence[str]:
    step = max(1, len(codes) // _SAMPLE)
    return codes[::step][:_SAMPLE]


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(title=title, box=None, show_header=False, title_justify="left", title_style="dim")
    table.add_column()
    table.add_column(justify="right")
    for name in sorted(counts):
        table.add_row(name.replace("_", " "), str(counts[name]))
    return table


def _spelled(events: Mapping[str, int]) -> dict[str, int]:
    return {"snapshot" if name == "read" else name: count for name, count in events.items()}


def _retried(figures: Figures) -> dict[str, int]:
    return {f"retried: {reason}": count for reason, count in figures.failed.items()}


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) or "no listings yet"


def _latency(buckets: Buckets) -> str:
    half, most = quantile(buckets, 0.5), quantile(buckets, 0.95)
    return "-" if half is None or most is None else f"p50 {half:.2f} s, p95 {most:.2f} s"
