"""Keeps or awaits the lease of one stream in a thread of its own, and tells at any moment whether we lead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import structlog

from consumer.capture.election import Acquire, Candidate, Look, Renew, Timing, Wait
from consumer.capture.identity import has_ended
from consumer.errors import FencedError, UnavailableError
from consumer.kafka import TransactionAbortedError, TransactionalProducer
from consumer.mongo import PyMongoError
from consumer.mongo.lease import Lease, Process
from consumer.mongo.words import in_words, unavailable

_log = structlog.get_logger()

# Seconds between two signs of life of a standby; only people read them.
_SIGN_OF_LIFE = 5.0
_LOOK_AGAIN = 0.02
_LONGEST_WAIT = 60.0


class Leases(Protocol):
    """Where the lease is kept; `consumer.mongo.lease.LeaseStore` is one. Its methods raise PyMongoError."""

    def look(self) -> Lease | None: ...
    def acquire(self, seen: Lease | None, process: Process, *, duration: float) -> bool: ...
    def renew(self, term: int, process: Process) -> bool: ...
    def release(self, term: int, process: Process) -> bool: ...
    def stand_by(self, process: Process) -> None: ...
    def leave(self, process: Process) -> None: ...


class Permit(Protocol):
    """Whether something may be published now."""

    @property
    def holds(self) -> bool:
        """Whether it may, as far as time tells."""

    @property
    def lost(self) -> bool:
        """Whether it never will again."""


class Term:
    """The permit of one term: from winning the lease until it is lost or given back. For any thread."""

    def __init__(self, leads: Callable[[], bool]) -> None:
        self._leads = leads
        self._over = threading.Event()

    @property
    def holds(self) -> bool:
        """Whether the lease is ours now. Without renewal it stops to be, and is again when a renewal succeeds."""
        return not self._over.is_set() and self._leads()

    @property
    def lost(self) -> bool:
        """Whether this term is over."""
        return self._over.is_set()

    def end(self) -> None:
        """It is over."""
        self._over.set()


class Leadership:
    """One process's part in the election of a stream's leader. `start`, then `wait` for a term; `close` at the end.

    ended: called in the election's thread when a term is lost. clock: monotonic, in seconds.
    """

    def __init__(
        self,
        leases: Leases,
        process: Process,
        timing: Timing,
        *,
        ended: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._process = process
        self._timing = timing
        self._ended = ended
        self._clock = clock
        self._candidate = Candidate(process.id, timing)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closing = False
        self._term: Term | None = None
        self._answered = clock()
        self._trouble = ""
        self._failure: BaseException | None = None
        self._sign_of_life = float("-inf")
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    @property
    def leader(self) -> str:
        """Who leads, as a standby saw it last; empty when nobody does or it was not seen yet."""
        with self._lock:
            seen = self._candidate.seen
            return seen.holder.name if seen and seen.holder else ""

    @property
    def silent(self) -> float:
        """Seconds since the database of the lease answered last."""
        return self._clock() - self._answered

    def start(self) -> None:
        """Take part. Raises UnavailableError when the database cannot be read at all."""
        try:
            self._look()
        except PyMongoError as error:
            raise unavailable(error) from error
        self._answered = self._clock()
        self._thread.start()

    def wait(self, timeout: float) -> Term | None:
        """The term in which this process leads, as soon as it does; None when it does not within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._term is not None or self._failure is not None, timeout)
            if self._failure is not None:
                raise self._failure
            return self._term

    def resign(self, *, rest: float = 0.0) -> None:
        """Give the lease back, so that another takes over at once, and try again after `rest` seconds.

        Only when nothing is being published any more.
        """
        with self._changed:
            term = self._candidate.term
            self._candidate.step_down(until=float("inf"))  # not before the lease is given back
            self._end_term()
        if term:
            with suppress(PyMongoError):  # then its duration ends it
                self._leases.release(term, self._process)
        with self._changed:
            self._candidate.step_down(until=self._clock() + rest)
            self._changed.notify_all()

    def close(self) -> None:
        """Take part no more. What is ours is given back."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.resign()
        with suppress(PyMongoError):
            self._leases.leave(self._process)

    def _leads(self) -> bool:
        return self._candidate.leads(self._clock())

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                action = self._candidate.decide(self._clock())
                if isinstance(action, Wait):
                    self._changed.wait(min(action.seconds, _LONGEST_WAIT))
                    continue
            try:
                self._perform(action)
                self._clear_trouble()
            except PyMongoError as error:
                self._unanswered(error)
            except BaseException as error:  # whatever it is, the thread that waits has to hear of it
                self._break(error)
                return

    def _perform(self, action: Look | Acquire | Renew) -> None:
        sent = self._clock()
        if isinstance(action, Look):
            self._look()
        elif isinstance(action, Acquire):
            won = self._leases.acquire(action.seen, self._process, duration=self._timing.duration)
            self._take(sent if won else None)
        else:
            held = self._leases.renew(action.term, self._process)
            self._keep(action.term, sent if held else None)

    def _look(self) -> None:
        lease = self._leases.look()
        gone = lease is not None and lease.holder is not None and has_ended(lease.holder)
        with self._changed:
            now = self._clock()
            self._candidate.saw(lease, now=now, gone=gone)
        if lease is not None and now - self._sign_of_life >= _SIGN_OF_LIFE:
            self._sign_of_life = now
            self._leases.stand_by(self._process)

    def _take(self, sent: float | None) -> None:
        """The answer to an attempt to acquire. sent: None when it was refused."""
        with self._changed:
            if sent is None:
                self._candidate.refused(now=self._clock())
                return
            self._candidate.acquired(sent=sent)
            self._begin_term()

    def _keep(self, number: int, sent: float | None) -> None:
        """The answer to a renewal of this term."""
        with self._changed:
            if number != self._candidate.term:
                return  # resigned meanwhile
            if sent is not None:
                self._candidate.renewed(number, sent=sent)
                self._begin_term()
                return
            self._candidate.refused(now=self._clock())
            self._end_term()
        self._ended()

    def _begin_term(self) -> None:
        if self._term is None:
            self._term = Term(self._leads)
            self._changed.notify_all()

    def _end_term(self) -> None:
        if self._term is not None:
            self._term.end()
            self._term = None

    def _break(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            self._end_term()
            self._changed.notify_all()
        self._ended()

    def _unanswered(self, error: PyMongoError) -> None:
        with self._changed:
            self._candidate.failed(now=self._clock())
        if not self._trouble:
            self._trouble = in_words(error)
            _log.warning("the lease cannot be read or renewed", error=self._trouble, leads=self._leads())

    def _clear_trouble(self) -> None:
        self._answered = self._clock()
        if self._trouble:
            self._trouble = ""
            _log.info("the lease can be read and renewed again", leads=self._leads())


class LeaderProducer(TransactionalProducer):
    """Transactions of a leader: none is begun or committed while the lease may be another's.

    While the lease could not be renewed, `begin` waits and `commit` aborts. permit: of the term; without one it is as
    the base.
    """

    def __init__(
        self, bootstrap: str, transactional_id: str, *, max_message_bytes: int, timeout: float, permit: Permit | None
    ) -> None:
        super().__init__(bootstrap, transactional_id, max_message_bytes=max_message_bytes, timeout=timeout)
        self._permit = permit

    def start(self) -> None:
        """As the base; raises FencedError when the term is over: a standby must not fence the leader."""
        try:
            self._await_permit()
        except TransactionAbortedError as error:
            raise UnavailableError(str(error)) from error
        super().start()

    def begin(self) -> None:
        """As the base, as soon as the lease is ours beyond doubt."""
        self._await_permit()
        super().begin()

    def commit(self) -> None:
        """As the base, unless the lease may be another's."""
        if self._permit is not None and not self._permit.holds:
            self.abort()
            raise TransactionAbortedError("The lease could not be renewed in time, so nothing is published.")
        super().commit()

    def _await_permit(self) -> None:
        while self._permit is not None and not self._permit.holds:
            if self._permit.lost:
                raise FencedError("Another capture leads this stream now; this one writes nothing more.")
            if self._cancelled.wait(_LOOK_AGAIN):
                raise TransactionAbortedError("Stopped while the lease could not be renewed.")
