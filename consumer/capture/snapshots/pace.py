"""How fast a snapshot may go: at most so many products a second, and hardly at all while the stream is behind. Pure."""

from __future__ import annotations

# Seconds a snapshot waits at most for a stream that is behind: it slows down, but never stands still.
LONGEST_YIELD = 5.0


class Pace:
    """Says how long to wait. rate: products per second, 0 = as fast as it goes. Times are of one steady clock.

    A snapshot that was slower than it may be does not catch up: what was not used within a second is gone.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._next = float("-inf")
        self._last = now

    def spent(self, products: int, now: float) -> None:
        """So many were published."""
        self._last = now
        if self._rate:
            self._next = max(self._next, now - 1.0) + products / self._rate

    def wait(self, now: float) -> float:
        """Seconds until more may be published."""
        return max(0.0, self._next - now)

    def patience(self, now: float) -> float:
        """Seconds until more is published although the stream is behind."""
        return max(0.0, self._last + LONGEST_YIELD - now)
