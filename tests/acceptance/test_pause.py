"""`marketsync pause`, `resume`, `held` and what `status` says of them, as an operator uses them."""

from __future__ import annotations

from tests.acceptance.installation import Installation, make_product
from tests.waiting import wait_until


def test_a_pause_is_for_the_whole_installation_until_it_is_taken_back(ready: Installation) -> None:
    paused = ready.run("pause", "--channel", "ebay", "--why", "stocktaking")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert "every account paused" in paused.stdout
    assert "already" in ready.run("pause", "--channel", "ebay", "--why", "again").stdout
    ready.products.insert_one(make_product("P-1", 1))
    ready.start("capture")
    delivery = ready.start("deliver", "--channel", "ebay")
    wait_until(lambda: ready.listings.count_documents({"owed.cause": "paused"}), 60, delivery.output()[-2000:])
    said = " ".join(ready.run("status", changed={"COLUMNS": "250"}).stdout.split())
    assert "owed: paused" in said
    assert "stocktaking (paused by" in said
    assert ready.channel.listings() == {}
    resumed = ready.run("resume", "--channel", "ebay")
    assert "goes on; it was paused for: stocktaking" in resumed.stdout
    wait_until(lambda: "P-1" in ready.channel.listings(), 30, delivery.output()[-2000:])
    wait_until(lambda: ready.listings.count_documents({"status": "live", "owed": None}), 10, "it is still owed")
    assert "no pause" in ready.run("resume", "--channel", "ebay").stdout
    assert ready.run("held", "list").stdout == "Nothing is held.\n"
    wrong = ready.run("held", "release", "--channel", "ebey", "--yes")
    assert (wrong.returncode, "there is no channel 'ebey'" in wrong.stderr) == (2, True)
    assert ready.run("held", "drop", "--channel", "ebay", "--yes").stdout == "0 listings stay as they are.\n"
