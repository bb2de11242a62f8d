"""What the demo shows is what it was given, on a terminal and in a pipe."""

from __future__ import annotations

import io
from collections import Counter

from rich.console import Console

from consumer.demo.comparison import Difference, Shown, Verdict
from consumer.demo.figures import Figures
from consumer.demo.screen import PlainScreen, open_screen, print_verdict
from consumer.demo.windows import Call

FIGURES = Figures(
    events=Counter(read=304, updated=77),
    sent=Counter(create=303, revise_offer=61),
    quiet=15,
    superseded=4,
    failed=Counter(rate_limited=2),
    listings={"live": 300, "waiting": 4},
)
LATENCY = {0.1: 50.0, 0.5: 100.0, float("inf"): 100.0}
SHOWN = Shown("Drill [red]", "89.90", 5)


def make_console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120, height=50, color_system=None)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_picture_on_a_terminal_holds_every_figure() -> None:
    console = make_console(terminal=True)
    with open_screen(console) as screen:
        screen.call(Call(1, "ebay", "bulk_publish", "P-1", "Drill [red]", "89.90", 5))
        screen.show("Changes", FIGURES, latency=LATENCY, writes={"change price": 92})
        screen.say("✓ [done]")
    picture = written(console)
    for expected in (
        "snapshot",
        "304",
        "61",
        "15",
        "rate limited",
        "p50 0.10 s, p95 0.46 s",
        "Drill [red]",
        "✓ [done]",
    ):
        assert expected in picture


def test_a_pipe_gets_a_line_when_the_phase_changes_and_every_few_seconds() -> None:
    now = 100.0
    console = make_console(terminal=False)
    screen = PlainScreen(console, clock=lambda: now)
    for phase, moment in (("Snapshot", 100.0), ("Snapshot", 101.0), ("Changes", 101.5), ("Changes", 104.0)):
        now = moment
        screen.show(phase, FIGURES, latency={}, writes={})
    lines = written(console).splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["Snapshot", "Changes", "Changes"]
    assert "381 events, 364 sent, 15 without change for buyers, 4 superseded; 300 live, 4 waiting" in lines[0]


def test_the_verdict_names_every_difference() -> None:
    console = make_console(terminal=False)
    wrong = Shown("Drill [red]", "1.00", 5)
    pim = {"A": SHOWN, "B": SHOWN, "C": Shown("Saw", "9.00", 0)}
    channel = {"A": SHOWN, "B": wrong}
    italy = Verdict("eBay Italy", pim, channel, (Difference("B", SHOWN, wrong),))
    print_verdict(console, [italy, Verdict("eBay Germany", pim, pim, ())])
    text = written(console)
    [row] = [line for line in text.splitlines() if line.split("│")[1:2] == [" eBay Italy   "]]
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["3", "2", "1", "2", "1"]
    assert "Different: 1." in text
    assert "eBay Italy: B: price is '1.00', should be '89.90'" in text
    assert "89.90×5" in text
