"""Accounts while everything runs: the first one starts its channel, rules take effect, the last one stops it."""

from __future__ import annotations

from tests.acceptance.installation import Installation, make_product
from tests.acceptance.test_accounts import NO_VARIABLES, home, said, write_account, write_secrets
from tests.waiting import wait_until

__all__ = ["home"]

DEADLINE = 60


def shown(home: Installation, field: str) -> set[object]:
    """What buyers see of this field."""
    return {listing[field] for listing in home.channel.listings().values()}


def test_a_channel_comes_and_goes_with_its_accounts_while_the_rest_runs(home: Installation) -> None:
    home.products.insert_many([make_product(f"P-{number}") for number in range(5)])
    own = f"{home.name}/ebay/it"
    said(home, "add", str(write_account(home)), "--credentials", str(write_secrets(home.folder)))
    said(home, "mode", own, "live")
    assert home.run("init", changed=NO_VARIABLES).returncode == 0, "which makes the topics of its channel"
    said(home, "remove", own, "--yes")

    running = home.start("run", changed=NO_VARIABLES)
    wait_until(lambda: running.lines("child started"), DEADLINE, "capture has started")
    assert [line["child"] for line in running.lines("child started")] == ["capture"]

    said(home, "add", str(write_account(home)), "--credentials", str(write_secrets(home.folder)))
    wait_until(lambda: len(running.lines("child started")) == 2, DEADLINE, "its channel starts")
    said(home, "mode", own, "live")
    wait_until(lambda: len(home.channel.listings()) == 5, DEADLINE, "every product is live")
    prices = shown(home, "price")
    said(home, "change", own, 'price.rules=[{"percent": 10}]')
    wait_until(lambda: prices.isdisjoint(shown(home, "price")), DEADLINE, "every price is another one")
    said(home, "remove", own, "--yes", "--leave-listings")
    ended = "the last account is gone: its channel stops"
    wait_until(lambda: running.lines(ended), DEADLINE, "its channel stops")
    assert running.process.poll() is None
    assert running.stop() == 0, running.output()
    assert [line["child"] for line in running.lines("child started")] == ["capture", "deliver ebay"], running.output()
