"""The channels of the demo: how each stand-in is started, and the accounts that sell there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from consumer.demo.shops import Shop, amazon_shops, ebay_sellers, ebay_shops, manomano_shops
from consumer.processes import Child


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stand-in serves."""

    port: int

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class StandIn:
    """name: of the process. arguments: what `marketsync sandbox` is told. shops: the accounts, by its address."""

    name: str
    arguments: Sequence[str]
    shops: Callable[[str], Sequence[Shop]]

    def child(self, port: int) -> Child:
        """The process."""
        return Child(self.name, ("-m", "consumer", "sandbox", *self.arguments, "--port", str(port), "--supervised"))


def _ebay_arguments() -> list[str]:
    _, other = ebay_sellers()
    return ["ebay", "--seller", f"{other.name}:{other.client_id}:{other.client_secret}:{other.refresh_token}"]


STAND_INS: Mapping[str, StandIn] = {
    "ebay": StandIn("eBay stand-in", _ebay_arguments(), ebay_shops),
    "amazon": StandIn("Amazon stand-in", ("amazon", "--no-limits"), amazon_shops),
    "manomano": StandIn(
        "ManoMano stand-in",
        ("manomano", "--without-content", "--calls-per-hour", "100000", "--offer-calls-per-hour", "100000"),
        manomano_shops,
    ),
}
