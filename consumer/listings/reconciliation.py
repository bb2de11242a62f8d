"""What becomes of a difference between what a channel took and what it shows: the seller's policy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from consumer.listings.drift import Kind
from consumer.listings.rules.section import Section

Remedy = Literal["report", "repair"]
WhenOff = Literal["keep", "zero", "end"]


class Reconciliation(Section):
    """For each kind of drift: report it to people, or repair it by sending the newest state again.

    same_barcode: what happens before a first listing where the account sells its barcode already under another SKU.
    when_off: what becomes of the listings of an account that is switched off.
    """

    missing: Remedy = Field("report", description="The channel took the listing and does not show it.")
    standing: Remedy = Field("report", description="It was withdrawn and is for sale all the same.")
    price: Remedy = Field("report", description="Another price.")
    stock: Remedy = Field("report", description="More pieces than there are.")
    title: Remedy = Field("report", description="Another title.")
    same_barcode: Literal["adopt", "report"] = Field(
        "adopt",
        description="Listed already under another SKU: go on with that listing, or report it; never list twice.",
    )
    when_off: WhenOff = Field(
        "keep", description="Its listings, once it is switched off: keep them, set their stock to zero, or end them."
    )

    @property
    def repaired(self) -> list[Kind]:
        """The kinds that are repaired."""
        return [kind for kind in Kind if getattr(self, kind.value) == "repair"]
