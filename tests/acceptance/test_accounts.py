"""`marketsync accounts` as an operator uses it, on real servers and with eBay's stand-in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from adapters.sandbox.ebay import DEFAULT_LOCATION
from tests.acceptance.installation import CATEGORY, ROOT, SELLER, Installation
from tests.planted import plant

# A dozen commands each, every one a process of its own.
pytestmark = pytest.mark.timeout(300)

# Whoever keeps accounts in the database sets none of these.
NO_VARIABLES = {"EBAY_ENABLED": "", "COLUMNS": "250"}


def write_account(installation: Installation, **changes: object) -> Path:
    """A file with an account of the stand-in's seller."""
    path = installation.folder / "account.yaml"
    account = {
        "tenant": installation.name,
        "channel": "ebay",
        "account": "it",
        "settings": {
            "app_id": SELLER.client_id,
            "api_url": installation.channel.url,
            "token_url": f"{installation.channel.url}/identity/v1/oauth2/token",
            "fulfillment_policy_id": SELLER.policy_id("fulfillment"),
            "payment_policy_id": SELLER.policy_id("payment"),
            "return_policy_id": SELLER.policy_id("return"),
            "merchant_location_key": DEFAULT_LOCATION,
        },
        "categories": {"map": {CATEGORY: "122834"}},
        "price": {"basis": "retail"},
        **changes,
    }
    path.write_text(yaml.safe_dump(account), encoding="utf-8")
    return path


def write_secrets(folder: Path) -> Path:
    path = folder / "secrets.yaml"
    path.write_text(f"api_secret: {SELLER.client_secret}\nrefresh_token: {SELLER.refresh_token}\n", encoding="utf-8")
    return path


def said(installation: Installation, *words: str, code: int = 0) -> str:
    """What `marketsync accounts ...` says; its blanks are one each."""
    done = installation.run("accounts", *words, changed=NO_VARIABLES)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def home(installation: Installation) -> Installation:
    """An installation with a master key of its own, after `init` without an account."""
    keys = installation.folder / "master.keys"
    installation.variables["MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE"] = str(keys)
    assert installation.run("credentials", "new-master-key", str(keys)).returncode == 0
    assert installation.run("init", changed=NO_VARIABLES).returncode == 0
    return installation


def test_an_account_is_added_tested_switched_changed_and_removed(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    assert said(home, "list") == "There is no account. `marketsync accounts add` makes one."
    account, secrets = write_account(home), write_secrets(home.folder)
    added = said(home, "add", str(account), "--credentials", str(secrets))
    assert f"{own} is added; it is off." in added
    assert "its topics do not exist yet" in added, "init knew of no account"
    assert home.run("init", changed=NO_VARIABLES).returncode == 0
    assert f"{own} │ off │ 1 │" in said(home, "list")
    assert "credentials and required settings work" in said(home, "test", own)
    assert f"{own} is dry-run now, it was off." in said(home, "mode", own, "dry-run")
    assert said(home, "mode", own, "dry-run") == f"{own} is dry-run already."
    assert "price.basis, stock.buffer changed" in said(home, "change", own, "price.basis=sale", "stock.buffer=2")
    shown = said(home, "show", own)
    assert "basis: sale" in shown
    assert "credential refresh_token: ends in 547 days" in shown
    assert "credential access_token: not set" in shown
    assert "listings: none yet" in shown
    checked = home.run("check", changed=NO_VARIABLES).stdout
    assert f"ebay/it of {home.name} (dry-run)" in checked
    assert f"ebay/it of {home.name}: credentials and required settings work" in checked
    assert f"{own} is removed" in said(home, "remove", own, "--yes")
    assert "There is no account." in said(home, "list")


def test_what_cannot_work_is_refused_in_words(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    assert "credentials are missing: api_secret" in said(home, "add", str(write_account(home, mode="live")), code=1)
    assert "marketsync credentials set" in said(home, "add", str(write_account(home)))
    assert "is not switched on: credentials are missing" in said(home, "mode", own, "live", code=1)
    assert "there is an account" in said(home, "add", str(write_account(home)), code=1)
    misplaced = said(home, "change", own, f"settings.refresh_token={plant('misplaced')}", code=1)
    assert "settings.refresh_token is a credential" in misplaced
    assert "did you mean basis?" in said(home, "change", own, "price.bases=sale", code=1)
    assert "there is no account 'x/y/z'" in said(home, "show", "x/y/z", code=1)
    assert "price is missing" in said(home, "add", "--set", "tenant=a", "--set", "channel=ebay", code=1)
    assert "cannot be read (FileNotFoundError)" in said(home, "import", "nowhere.yaml", code=2)


def test_a_removal_that_leaves_listings_on_the_channel_must_be_meant(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    said(home, "add", str(write_account(home)))
    place = {"channel": "ebay", "account": "it", "tenant": home.name}
    home.listings.insert_many(
        {"_id": f"ebay/it/{home.name}/{n}", **place, "status": status}
        for n, status in enumerate(("live", "invalid", "withdrawn", "unlisted", "dry_run"))
    )
    refused = said(home, "remove", own, "--yes", code=2)
    assert "2 listings of" in refused
    assert "go on selling at their last price and stock" in refused
    assert "is removed" in said(home, "remove", own, "--yes", "--leave-listings")


def test_accounts_move_as_files_without_their_credentials(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    said(home, "add", str(write_account(home)), "--credentials", str(write_secrets(home.folder)))
    said(home, "mode", own, "live")
    file = home.folder / "all.yaml"
    said(home, "export", "--file", str(file))
    assert said(home, "import", str(file)) == f"{own}: equal already"
    file.write_text(file.read_text().replace("basis: retail", "basis: sale"), encoding="utf-8")
    assert said(home, "import", str(file)) == f"{own}: price.basis changed"
    assert "was changed since this file was exported (revision 2, now 3)" in said(home, "import", str(file), code=1)
    said(home, "remove", own, "--yes")
    assert f"{own} is added; it is off." in said(home, "import", str(file))
    assert "credential api_secret: not set" in said(home, "show", own)


def test_of_two_processes_that_change_an_account_at_once_none_is_lost_in_silence(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    said(home, "add", str(write_account(home)))
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "consumer", "accounts", "change", own, f"{field}=7"],
            env=home.environment(NO_VARIABLES),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for field in ("stock.buffer", "stock.cap", "stock.minimum", "stock.zero_below")
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    codes = [process.returncode for process in processes]
    stored = home.client[home.database]["accounts"].find_one({"_id": own}) or {}
    changed = [field for field in ("buffer", "cap", "minimum", "zero_below") if stored["stock"][field] == 7]
    assert len(changed) == codes.count(0) == stored["revision"] - 1 > 0
    assert all("was changed meanwhile" in error for (_, error), code in zip(answers, codes, strict=True) if code)


def test_the_account_of_variables_counts_until_one_is_stored_and_can_become_it(home: Installation) -> None:
    def words(*arguments: str) -> str:
        done = home.run(*arguments, changed={"COLUMNS": "250"})
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    default = f"{home.name}/ebay/default"
    listed = words("accounts", "list")
    assert f"{default} │ live │" in listed
    assert "of variables; nothing is stored" in listed
    assert f"{default} is added; it is live." in words("accounts", "add", "--from-variables", "ebay")
    assert f"{default} │ live │ 1 │" in words("accounts", "list")
    assert "credentials and required settings work" in words("accounts", "test", default)
    removed = words("accounts", "remove", default, "--yes")
    assert "ebay is enabled by variables: they count again" in removed
    assert "of variables; nothing is stored" in words("accounts", "list")


def test_a_broken_document_is_told_everywhere_and_mended_by_a_file(home: Installation) -> None:
    own = f"{home.name}/ebay/it"
    said(home, "add", str(write_account(home)), "--credentials", str(write_secrets(home.folder)))
    accounts = home.client[home.database]["accounts"]
    accounts.update_one({"_id": own}, {"$set": {"price.basis": "cost"}}, bypass_document_validation=True)
    assert "stands still: its document cannot be used: price.basis: Input should be" in said(home, "list")
    assert "price.basis" in said(home, "test", own, code=1)
    check = home.run("check", changed=NO_VARIABLES)
    assert (check.returncode, f"ebay/it of {home.name} (cannot be used)" in check.stdout) == (1, True)
    assert "Mend it" in said(home, "change", own, "stock.buffer=1", code=1)
    assert "all of it, since it was broken" in said(home, "import", str(write_account(home)))
    assert "credentials and required settings work" in said(home, "test", own)
