"""The way of docs/accounts.md from nothing to live, walked as an operator does: nothing is sent before its end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.ebay import EbayAccount
from adapters.model import Command, Money, Operation
from adapters.registry import make_adapter
from adapters.sandbox.ebay import DEFAULT_LOCATION
from tests.acceptance.installation import CATEGORY, SELLER, Installation, make_product, price_of
from tests.unit.listings.making import make_listing
from tests.waiting import wait_until

# Whoever keeps accounts in the database sets none of these.
_STORED_ONLY = {"EBAY_ENABLED": "", "EBAY_API_SECRET": "", "EBAY_REFRESH_TOKEN": "", "COLUMNS": "250"}
_CAP = 3

_ACCOUNT = """
tenant: {name}
channel: ebay
account: it
settings:
  app_id: {app}
  api_url: {url}
  token_url: {url}/identity/v1/oauth2/token
  fulfillment_policy_id: "{fulfillment}"
  payment_policy_id: "{payment}"
  return_policy_id: "{returns}"
  merchant_location_key: {location}
price:
  basis: retail
"""


def write_files(installation: Installation, folder: Path) -> tuple[str, str]:
    """The account without a category mapping, and its credentials."""
    account, secrets = folder / "shop.yaml", folder / "secrets.yaml"
    account.write_text(
        _ACCOUNT.format(
            name=installation.name,
            app=SELLER.client_id,
            url=installation.channel.url,
            fulfillment=SELLER.policy_id("fulfillment"),
            payment=SELLER.policy_id("payment"),
            returns=SELLER.policy_id("return"),
            location=DEFAULT_LOCATION,
        )
    )
    secrets.write_text(f"api_secret: {SELLER.client_secret}\nrefresh_token: {SELLER.refresh_token}\n")
    return str(account), str(secrets)


def say(installation: Installation, *words: str, code: int = 0) -> str:
    """What a command says; its blanks are one each."""
    done = installation.run(*words, changed=_STORED_ONLY)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return " ".join(done.stdout.split())


def verdicts(installation: Installation, own: str) -> dict[str, int]:
    """How many products would be what."""
    report = json.loads(say(installation, "preview", "--account", own, "--json"))
    counts: dict[str, int] = {}
    for row in report["verdicts"]:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + row["count"]
    return counts


async def sell_before_us(installation: Installation, *skus: str) -> None:
    """Listings that the seller has made with another program."""
    adapter = make_adapter(
        "ebay",
        EbayAccount(
            app_id=SELLER.client_id,
            api_secret=SecretStr(SELLER.client_secret),
            refresh_token=SecretStr(SELLER.refresh_token),
            api_url=installation.channel.url,
            token_url=f"{installation.channel.url}/identity/v1/oauth2/token",
            fulfillment_policy_id=SELLER.policy_id("fulfillment"),
            payment_policy_id=SELLER.policy_id("payment"),
            return_policy_id=SELLER.policy_id("return"),
            merchant_location_key=DEFAULT_LOCATION,
        ),
    )
    price = Money(Decimal(str(price_of(1))), "EUR")  # one that the brakes let us leave
    listings = [replace(make_listing(), sku=sku, price=price, category="122834", language="it-IT") for sku in skus]
    outcomes = await adapter.apply([Command(Operation.CREATE, one.sku, one) for one in listings])
    await adapter.close()
    assert [outcome.error for outcome in outcomes] == [None] * len(skus)


@pytest.mark.timeout(300)
def test_from_nothing_to_live(installation: Installation, tmp_path: Path) -> None:
    own = f"{installation.name}/ebay/it"
    keys = str(installation.folder / "master.keys")
    installation.variables["MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE"] = keys
    say(installation, "credentials", "new-master-key", keys)
    say(installation, "init")
    asyncio.run(sell_before_us(installation, "P-0", "FOREIGN"))
    before = len(installation.channel.calls())
    installation.products.insert_many([make_product(f"P-{number}") for number in range(8)])
    installation.products.insert_one(make_product("NAMELESS", name={}))

    account, secrets = write_files(installation, tmp_path)
    assert f"{own} is added; it is off." in say(installation, "accounts", "add", account, "--credentials", secrets)
    say(installation, "init")  # the topics of the first account's channel
    assert "credentials and required settings work" in say(installation, "accounts", "test", own)

    assert CATEGORY in say(installation, "unmapped", "--account", own)
    assert verdicts(installation, own) == {"invalid": 9}
    say(installation, "accounts", "change", own, f"categories.map.{CATEGORY}=122834")
    assert "unlisted" not in verdicts(installation, own)
    assert verdicts(installation, own) == {"create": 8, "invalid": 1}
    shown = json.loads(say(installation, "preview", "P-0", "--account", own, "--json"))
    assert shown["verdict"] == "create"
    assert shown["payload"]["content"]
    assert "name" in say(installation, "validate", "NAMELESS", "--account", own, code=1)

    installation.start("capture", changed=_STORED_ONLY)
    delivery = installation.start("deliver", "--channel", "ebay", changed=_STORED_ONLY)
    say(installation, "accounts", "mode", own, "dry-run")
    wait_until(
        lambda: installation.listings.count_documents({"status": "dry_run"}) == 8, 60, "the dry run does not rehearse"
    )
    assert "1 adopted by SKU" in say(installation, "adopt", "--account", own)
    again = say(installation, "adopt", "--account", own)
    assert "1 ours" in again
    assert "1 foreign" in again
    assert len(installation.channel.calls()) == before, "nothing is written before the account is live"
    assert verdicts(installation, own) == {"revise_content": 1, "create": 7, "invalid": 1}

    say(installation, "accounts", "change", own, f"brakes.creates_per_hour={_CAP}")
    say(installation, "accounts", "mode", own, "live")
    # What was there before, and as many as the cap allows.
    wait_until(lambda: len(installation.channel.listings()) == 2 + _CAP, 60, "nothing is listed")
    wait_until(lambda: waiting_for_the_cap(installation) == 7 - _CAP, 60, "the rest does not wait for the next hour")
    assert len(installation.channel.listings()) == 2 + _CAP
    held = say(installation, "held", "list", "--channel", "ebay")
    assert "creates_per_hour" in held
    say(installation, "held", "release", "--channel", "ebay", "--brake", "creates_per_hour", "--yes")
    wait_until(partial(all_listed, installation), 60, "the rest is not listed when it is released")
    wait_until(lambda: installation.listings.count_documents({"status": "live"}) == 8, 60, "not all is accepted")
    assert verdicts(installation, own) == {"unchanged": 8, "invalid": 1}
    assert "FOREIGN" in installation.channel.listings(), "what is not ours is left alone"
    assert "8 listings compared" in say(installation, "reconcile", "--account", own)
    assert delivery.process.poll() is None


def waiting_for_the_cap(installation: Installation) -> int:
    """How many listings follow in a later hour."""
    return installation.listings.count_documents({"owed.cause": "capped"})


def all_listed(installation: Installation) -> bool:
    """Whether a buyer sees all that can be sold, each once."""
    ours = [sku for sku in installation.channel.listings() if sku.startswith("P-")]
    return len(ours) == len(set(ours)) == 8
