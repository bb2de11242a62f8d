"""Credentials of a running installation: wrong ones halt an account, new ones and new keys need no restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.installation import SELLER, Installation, make_product, metrics_of, of_version
from tests.planted import plant
from tests.waiting import wait_until

# What takes the environment's account away: the stored one counts.
_STORED_ONLY = {"EBAY_ENABLED": "", "EBAY_API_SECRET": "", "EBAY_REFRESH_TOKEN": ""}


@pytest.mark.timeout(300)
def test_p6_a_dead_credential_is_replaced_and_keys_are_changed_while_everything_runs(
    installation: Installation, tmp_path: Path
) -> None:
    account = f"{installation.name}/ebay/default"
    installation.variables["MARKETSYNC_CREDENTIALS_MASTER_KEY_FILE"] = str(tmp_path / "master.keys")
    say(installation, "credentials", "new-master-key", str(tmp_path / "master.keys"))
    say(installation, "init")
    say(installation, "accounts", "add", "--from-variables", "ebay", EBAY_REFRESH_TOKEN=plant("revoked"))
    say(installation, "accounts", "mode", account, "live", **_STORED_ONLY)
    installation.start("capture", changed=_STORED_ONLY)
    delivery = installation.start("deliver", "--channel", "ebay", changed=_STORED_ONLY)
    installation.products.insert_one(make_product("A"))
    wait_until(lambda: "invalid_grant" in delivery.output(), 60, "the dead credential is not told")
    assert installation.channel.listings() == {}

    token = tmp_path / "token"
    token.write_text(SELLER.refresh_token)
    say(installation, "credentials", "set", account, "refresh_token", "--file", str(token), **_STORED_ONLY)
    wait_until(lambda: "A" in installation.channel.listings(), 60, "the new credential is not taken up")

    words: tuple[str, ...]
    for version, words in enumerate((("rotate-keys",), ("new-master-key",), ("rotate-keys",)), start=2):
        say(installation, "credentials", *words, **_STORED_ONLY)
        installation.products.update_one({"entity_code": "A"}, {"$set": of_version(version)})
        wait_until(partial(shows, installation, version), 60, "delivery does not go on")
    assert delivery.process.poll() is None
    assert {"api_secret", "refresh_token"} <= {
        sample.labels["credential"]
        for sample in metrics_of(delivery)
        if sample.name == "marketsync_credential_age_seconds"
    }

    soon = ("--expires", (datetime.now(UTC) + timedelta(days=5)).isoformat())
    say(installation, "credentials", "set", account, "refresh_token", "--file", str(token), *soon, **_STORED_ONLY)
    for words in (("credentials", "list"), ("accounts", "list"), ("status",)):
        assert "it ends in 5 days" in " ".join(say(installation, *words, **_STORED_ONLY).split()), words


def say(installation: Installation, *words: str, **changed: str) -> str:
    """A command that works; what it printed."""
    done = installation.run(*words, changed={"COLUMNS": "200", **changed})
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def shows(installation: Installation, version: int) -> bool:
    """Whether a buyer sees this version."""
    return bool(installation.channel.listings()["A"]["quantity"] == version)
