"""Metrics of the accounts that a delivery process follows."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from consumer.metrics.capped import Making

_MODES = ("off", "dry-run", "live")


@dataclass(frozen=True, slots=True)
class AccountMetrics:
    """Which accounts there are, and how they are doing. Labels: channel, account."""

    modes: Gauge
    broken: Gauge
    replanned: Counter

    def tell(self, channel: str, account: str, mode: str | None, known: bool) -> None:
        """How an account stands. mode: None where its document cannot be used. known: False where it was removed."""
        if not known:
            self.broken.remove(channel, account)
            for name in _MODES:
                self.modes.remove(channel, account, name)
            return
        self.broken.labels(channel, account).set(mode is None)
        for name in _MODES:
            self.modes.labels(channel, account, name).set(name == mode)


def account_metrics(make: Making) -> AccountMetrics:
    """Register them."""
    account = ["channel", "account"]
    return AccountMetrics(
        modes=make.gauge(
            "marketsync_delivery_account_mode",
            "1 for the mode an account is in (off, dry-run, live), 0 for the others",
            [*account, "mode"],
        ),
        broken=make.gauge(
            "marketsync_delivery_account_broken",
            "1 while an account stands still because its document cannot be used; the log and `marketsync status` say"
            " why",
            account,
        ),
        replanned=make.counter(
            "marketsync_delivery_replanned",
            "Listings marked to be planned anew because the rules of their account changed",
            account,
        ),
    )
