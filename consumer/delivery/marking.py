"""Marks that delivery makes of its works. Pure."""

from __future__ import annotations

from consumer.delivery.owing import Owing
from consumer.delivery.work import Work
from consumer.events import is_deletion
from consumer.listings.debts import Debt
from consumer.listings.owed import Cause, moment


def late_debt(work: Work, latest: float) -> Debt:
    """Until `latest`, seconds since 1970, something older may still land on the channel: then all is sent again."""
    until = moment(latest)
    return Debt(work.key, Cause.LATE_CALL, until, work.sequence, late_until=until)


def owed_debt(owing: Owing, shift: float) -> Debt:
    """The mark of what the core gave up for now. shift: added to the core's clock gives seconds since 1970."""
    work = owing.work
    return Debt(
        key=work.key,
        cause=owing.cause,
        due=moment(owing.due + shift),
        sequence=work.sequence,
        words=owing.words,
        attempts=work.attempts,
        first_failure=None if work.first_failure is None else moment(work.first_failure + shift),
        suspect=None if work.suspect is None else moment(work.suspect + shift),
        told=is_deletion(work.record.headers),
    )
