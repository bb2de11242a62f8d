"""A call that takes longer than the drain is given up, not waited for: its listing is in doubt and is sent again."""

from __future__ import annotations

import time

from tests.acceptance.installation import Installation, make_product
from tests.waiting import wait_until

DRAIN = 1.0
# The stand-in goes on with a call that nobody waits for any more, and refuses others for the same SKU until it is done.
SLOW = 8.0
SHORT_WAITS = {"MARKETSYNC_DELIVERY_MEMORY_WAIT": "0.1", "MARKETSYNC_DELIVERY_BACKOFF_CEILING": "4"}


def test_a_call_beyond_the_drain_is_cut_and_its_listing_sent_again(ready: Installation) -> None:
    ready.channel.ask("POST", "faults", {"kind": "latency", "seconds": SLOW, "route": "bulk_replace_item"})
    ready.products.insert_one(make_product("P-1", 3))
    ready.start("capture")
    delivery = ready.start("deliver", "--channel", "ebay", changed={"MARKETSYNC_DELIVERY_DRAIN": str(DRAIN)})
    wait_until(lambda: ready.channel.ask("GET", "faults")["faults"][0]["hits"], 60, delivery.output()[-2000:])

    asked = time.monotonic()
    assert delivery.stop() == 0, delivery.output()
    assert time.monotonic() - asked >= DRAIN
    (warning,) = delivery.lines("calls still in flight after the drain; they will be sent again")
    assert warning["level"] == "warning"
    (listing,) = ready.listings.find()
    assert (listing["status"], listing["accepted"]) == ("waiting", None)
    assert listing["intent"]["quantity"] == 3

    ready.channel.ask("DELETE", "faults")
    # What the stand-in refuses meanwhile goes to the retry topic of a minute, and leaves it when it is due.
    ready.start("deliver", "--channel", "ebay", changed=SHORT_WAITS)
    wait_until(lambda: ready.channel.listings().get("P-1", {}).get("quantity") == 3, 30, "it is not sent again")
    (listing,) = ready.listings.find()
    wait_until(lambda: ready.listings.count_documents({"status": "live", "intent": None}) == 1, 10, str(listing))
