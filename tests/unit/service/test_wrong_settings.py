"""Settings that an adapter cannot use are one finding of `check` among the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.bootstrap.checks import check
from consumer.settings import load_settings
from tests.planted import plant

UNUSABLE = {
    "MARKETSYNC_TENANTS": "shop",
    "EBAY_ENABLED": "true",
    "EBAY_APP_ID": "app",
    "EBAY_API_SECRET": plant("secret"),
    "EBAY_REFRESH_TOKEN": plant("token"),
    "EBAY_FULFILLMENT_POLICY_ID": "1",
    "EBAY_PAYMENT_POLICY_ID": "2",
    "EBAY_RETURN_POLICY_ID": "3",
    "EBAY_MERCHANT_LOCATION_KEY": "warehouse",
    "EBAY_PRICE_BASIS": "sale",
    "EBAY_API_URL": "http://example.test",
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name, value in UNUSABLE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MARKETSYNC_HOME", str(tmp_path))
    for name in ("MONGODB_URI", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_check_tells_it_beside_everything_else(variables: pytest.MonkeyPatch) -> None:
    found = {finding.subject: finding for finding in check(load_settings())}
    assert set(found) == {"accounts", "servers", "ebay/default of shop"}
    assert "EBAY_API_URL must start with https://" in found["ebay/default of shop"].found
    assert found["ebay/default of shop"].cure == "Correct the setting that is named."
