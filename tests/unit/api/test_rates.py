"""How often a tenant may ask."""

from __future__ import annotations

from consumer.api.rates import Rates


def test_a_burst_then_the_rate_and_each_tenant_for_itself() -> None:
    now = [100.0]
    rates = Rates(2.0, 3, lambda: now[0])
    assert [rates.take("acme") for _ in range(3)] == [0, 0, 0]
    assert rates.take("acme") == 0.5
    assert rates.take("other") == 0
    now[0] += 0.5
    assert rates.take("acme") == 0
    assert rates.take("acme") > 0
    now[0] += 3600
    assert [rates.take("acme") for _ in range(4)] == [0, 0, 0, 0.5]
