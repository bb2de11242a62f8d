"""Are the channels equal to the PIM? Read from the PIM and from the stand-ins themselves, product by product.

What should be shown is worked out here from the PIM's documents with the demo account's few rules in plain sight, on
purpose not with the service's own rules: those are what is being checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from consumer.mongo import Document


@dataclass(frozen=True, slots=True)
class Shown:
    """What a buyer sees of a product. price: as text with two decimals."""

    title: str
    price: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One product that is not the same on both sides; None = not there, or not live."""

    code: str
    pim: Shown | None
    channel: Shown | None

    def __str__(self) -> str:
        if self.pim is None:
            return f"{self.code}: live on the channel, gone from the PIM"
        if self.channel is None:
            return f"{self.code}: in the PIM, not live on the channel"
        fields = [
            f"{name} is {getattr(self.channel, name)!r}, should be {getattr(self.pim, name)!r}"
            for name in ("title", "price", "quantity")
            if getattr(self.channel, name) != getattr(self.pim, name)
        ]
        return f"{self.code}: {'; '.join(fields)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One account. pim: what it should show, channel: what buyers see, by SKU."""

    name: str
    pim: Mapping[str, Shown]
    channel: Mapping[str, Shown]
    different: tuple[Difference, ...]


def wanted(products: Iterable[Document], factor: Decimal = Decimal(1), *, titles: bool = True) -> dict[str, Shown]:
    """What an account should show, by SKU: the current version, English title, sale price before retail price.

    factor: the account's prices are the PIM's times this. titles: whether it shows any.
    """
    return {
        document["sku"]: Shown(
            title=document["name"]["en"] if titles else "",
            price=amount(document["pricing"].get("sale", document["pricing"]["retail"]), factor),
            quantity=document["quantity"],
        )
        for document in products
        if document["isCurrent"] and document["status"] == "published"
    }


def amount(value: object, factor: Decimal = Decimal(1)) -> str:
    """A price as text with two decimals, half a cent up."""
    return str((Decimal(str(value)) * factor).quantize(Decimal("0.01"), ROUND_HALF_UP))


def differences(pim: Mapping[str, Shown], channel: Mapping[str, Shown]) -> list[Difference]:
    """Every product that differs, by code."""
    return [
        Difference(code, pim.get(code), channel.get(code))
        for code in sorted(pim.keys() | channel.keys())
        if not _same(pim.get(code), channel.get(code))
    ]


def _same(pim: Shown | None, channel: Shown | None) -> bool:
    # eBay takes no new listing without stock: a product that was sold out before its first sale is not there.
    return pim == channel or (channel is None and pim is not None and pim.quantity == 0)
