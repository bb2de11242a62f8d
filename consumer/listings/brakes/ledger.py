"""How many changes of an account its brakes have let pass, and whether they are closed. Pure.

Times are seconds since 1970.

A brake that refused anything is closed: it stays so, also after its window, until a person decides or nothing is held
by it any more. So an accident does not pass in small portions, window after window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from consumer.listings.brakes.model import HOUR, Brake, Brakes

_WITHDRAWALS = (Brake.MASS_DELISTING, Brake.COUNT_DROP)


@dataclass(frozen=True, slots=True)
class Tally:
    """One brake's window. passed: since its beginning. closed: when the brake closed, None while it is open."""

    since: float
    passed: int = 0
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """How many listings the account shows. at: when they were counted. gone: withdrawals that passed since.

    peak: the most it showed within the days of the brake on a drop, and when.
    """

    count: int
    at: float
    peak: int
    peak_at: float
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """One account's."""

    tallies: Mapping[Brake, Tally] = field(default_factory=dict)
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """So many listings of an account would pass each of these brakes."""

    brakes: Brakes
    counts: Mapping[Brake, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """How many may pass each brake. until: when a brake with a fixed window lets more pass, for those without a person.

    closed: the brakes that were open before. limits: how many pass in a window.
    """

    passes: Mapping[Brake, int]
    limits: Mapping[Brake, int]
    until: float
    closed: frozenset[Brake] = frozenset()


def answered(ask: Ask, ledger: Ledger, now: float) -> tuple[Ledger, Answer]:
    """Count what passes. Asked twice, it counts twice."""
    tallies = {brake: _current(ledger, brake, ask.brakes, now) for brake in ask.counts}
    limits = {brake: _limit(brake, ask.brakes, ledger.shown) for brake in ask.counts}
    passes = {
        brake: max(0, min(count, _room(brake, limits[brake], tallies[brake], ledger.shown)))
        for brake, count in ask.counts.items()
    }
    refusing = {brake for brake, count in ask.counts.items() if passes[brake] < count}
    withdrawals = [brake for brake in _WITHDRAWALS if brake in passes]
    least = min((passes[brake] for brake in withdrawals), default=0)
    passes |= dict.fromkeys(withdrawals, least)
    closed = {brake for brake in refusing if tallies[brake].closed is None and brake is not Brake.CREATES_PER_HOUR}
    changed = {
        brake: replace(
            tally,
            passed=tally.passed + passes[brake],
            closed=_closed(brake, tally, refuses=brake in refusing, now=now),
        )
        for brake, tally in tallies.items()
    }
    shown = None if ledger.shown is None else replace(ledger.shown, gone=ledger.shown.gone + least)
    creates = changed.get(Brake.CREATES_PER_HOUR)
    until = now if creates is None else creates.since + HOUR
    return Ledger({**ledger.tallies, **changed}, shown), Answer(passes, limits, until, frozenset(closed))


def counted(ledger: Ledger, count: int, brakes: Brakes, now: float) -> Ledger:
    """The account's listings were counted just now."""
    known, days = ledger.shown, brakes.count_drop
    stale = known is None or days is None or now - known.peak_at > days.seconds
    if known is None or stale or count >= known.peak:
        return replace(ledger, shown=Shown(count, now, count, now))
    return replace(ledger, shown=replace(known, count=count, at=now, gone=0))


def decided(ledger: Ledger, brake: Brake, *, released: int | None) -> Ledger:
    """A person decided about what this brake held. released: so many listings may pass; None: they stay as they are.

    After a release it counts anew; after a drop it is open, but what passed in its window still counts.
    """
    tallies = dict(ledger.tallies)
    tally = tallies.pop(brake, None)
    if released is None:
        if tally is not None:
            tallies[brake] = replace(tally, closed=None)
        return replace(ledger, tallies=tallies)
    shown = ledger.shown
    if shown is not None and brake in _WITHDRAWALS:
        # What a person let go is no drop of which anybody has to be warned.
        shown = replace(shown, peak=max(0, shown.count - shown.gone - released))
    return Ledger(tallies, shown)


def _closed(brake: Brake, tally: Tally, *, refuses: bool, now: float) -> float | None:
    if brake is Brake.CREATES_PER_HOUR or not refuses:
        return None
    return now if tally.closed is None else tally.closed


def _current(ledger: Ledger, brake: Brake, brakes: Brakes, now: float) -> Tally:
    tally = ledger.tallies.get(brake)
    window = HOUR if brake is Brake.CREATES_PER_HOUR else brakes.window
    if tally is None or (tally.closed is None and not tally.since <= now < tally.since + window):
        return Tally(now)
    return tally


def _limit(brake: Brake, brakes: Brakes, shown: Shown | None) -> int:
    count = 0 if shown is None else shown.count
    match brake:
        case Brake.CREATES_PER_HOUR:
            return brakes.creates_per_hour or 0
        case Brake.COUNT_DROP:
            return 0 if brakes.count_drop is None else brakes.count_drop.limit(0 if shown is None else shown.peak)
        case Brake.MASS_PRICE_CHANGE:
            return 0 if brakes.mass_price_change is None else brakes.mass_price_change.limit(count)
        case Brake.MASS_ZERO_STOCK:
            return 0 if brakes.mass_zero_stock is None else brakes.mass_zero_stock.limit(count)
        case _:
            return 0 if brakes.mass_delisting is None else brakes.mass_delisting.limit(count)


def _room(brake: Brake, limit: int, tally: Tally, shown: Shown | None) -> int:
    if brake is not Brake.COUNT_DROP:
        return limit - tally.passed
    return limit if shown is None else limit - (shown.peak - (shown.count - shown.gone))
