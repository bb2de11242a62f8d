"""What one shop's file of offers for Trovaprezzi is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from adapters.feeds import FeedRules

Amount = Annotated[Decimal, Field(ge=0, max_digits=12)]
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
WORDS = ("disponibile", "non disponibile", "in arrivo", "vedere sito", "limitata")
"""What Trovaprezzi takes as availability beside a number of pieces."""


def _checked_link(template: str) -> str:
    """Raises ValueError for a template that never makes an address."""
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is None and (urlsplit(template).scheme not in ("http", "https") or not urlsplit(template).netloc):
        raise ValueError("must begin with https:// or http://, or be one placeholder such as {Link}")
    if not _PLACEHOLDER.search(template):
        raise ValueError("needs a placeholder, such as {sku}: without one every offer has the same link")
    return template


class ShippingBand(BaseModel):
    """One line of the table of shipping costs. It counts where the offer is within both bounds that are set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up_to_weight: Amount | None = Field(None, description="Kilograms, this weight included; unset = any.")
    up_to_price: Amount | None = Field(None, description="Price of the offer, this price included; unset = any.")
    cost: Amount = Field(description="What shipping costs, VAT included.")


class Shipping(BaseModel):
    """What shipping costs the buyer of one offer, VAT included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    free_from: Amount | None = Field(None, description="Offers of this price or more are shipped for nothing.")
    bands: tuple[ShippingBand, ...] = Field((), description="The first that the offer is within counts.")
    otherwise: Amount | None = Field(
        None, description="Cost of offers within no band; unset = they are problems, where there are bands."
    )


class Fields(BaseModel):
    """Which attributes of a listing fill fields that Listing has no word for; a rule puts them there. "" = none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    original_price: str = Field("Prezzo originale", description="The price before a reduction, VAT included.")
    availability: str = Field("Disponibilità", description=f"Instead of pieces: {', '.join(WORDS)}.")
    image_version: str = Field("Versione immagini", description="Changes whenever a picture changes under its address.")
    minsan: str = Field("MINSAN", description="Code of a medicine or of what chemists sell.")
    size: str = Field("Taglia", description="Size.")
    color: str = Field("Colore", description="Colour.")
    material: str = Field("Materiale", description="Material.")
    gender: str = Field("Genere", description="For whom it is.")


class TrovaprezziAccount(BaseModel):
    """One shop. There are no credentials: Trovaprezzi reads a file at an address that nobody can guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: Annotated[str, AfterValidator(_checked_link)] = Field(
        description="Address of an offer's page, with placeholders {sku}, {mpn}, {gtin} or names of attributes:"
        " https://shop.example/p/{sku}. One placeholder alone is taken as the whole address."
    )
    feed_url: str = Field(
        "", description="Address under which Trovaprezzi was told to read the file, for checks; it never changes."
    )
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Of all prices; the file itself names none.")
    stock: Literal["number", "words"] = Field(
        "number", description="Availability as pieces, or in words: disponibile, limitata (1), non disponibile (0)."
    )
    category_separator: Literal[";", ">", "/"] = Field(
        ";", description="What parts the levels of the mapped categories; the file has ; between them."
    )
    lower_case_categories: bool = Field(True, description="Write categories in lower case, as Trovaprezzi suggests.")
    shipping: Shipping = Field(default_factory=Shipping, description="Shipping costs.")
    fields: Fields = Field(default_factory=Fields, description="Attributes that fill further fields.")
    feed: FeedRules = Field(default_factory=FeedRules, description="How the file is published.")

    @model_validator(mode="after")
    def _address_is_one(self) -> Self:
        if self.feed_url and urlsplit(self.feed_url).scheme not in ("http", "https"):
            raise ValueError("feed_url must begin with https:// or http://")
        return self

    @property
    def placeholders(self) -> Mapping[str, str]:
        """Placeholder as written -> its name."""
        return {match.group(0): match.group(1) for match in _PLACEHOLDER.finditer(self.link)}
