"""What exists before the first call: marketplaces, sellers with their credentials, and the rules that a test or a demo
may switch. Nothing here is secret: the defaults are meant to be used as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ITALY = "APJ6JRA9NG5V4"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One of Amazon's stores. locale: as in language_tag, e.g. "it_IT"."""

    country: str
    locale: str
    currency: str
    domain: str
    region: str = "EU"


# ids: facts page, section 6
MARKETPLACES: Mapping[str, Marketplace] = {
    ITALY: Marketplace("IT", "it_IT", "EUR", "www.amazon.it"),
    "A1PA6795UKMFR9": Marketplace("DE", "de_DE", "EUR", "www.amazon.de"),
    "A13V1IB3VIYZZH": Marketplace("FR", "fr_FR", "EUR", "www.amazon.fr"),
    "A1RKKUPIHCS9HS": Marketplace("ES", "es_ES", "EUR", "www.amazon.es"),
    "A1F83G8C2ARO7P": Marketplace("GB", "en_GB", "GBP", "www.amazon.co.uk"),
    "A1805IZSGTT6HS": Marketplace("NL", "nl_NL", "EUR", "www.amazon.nl"),
    "AMEN7PMS3EDWL": Marketplace("BE", "fr_BE", "EUR", "www.amazon.com.be"),
    "A28R8C7NBKEWEA": Marketplace("IE", "en_IE", "EUR", "www.amazon.ie"),
    "A2NODRKZP88ZB9": Marketplace("SE", "sv_SE", "SEK", "www.amazon.se"),
    "A1C3SOZRARQ6R3": Marketplace("PL", "pl_PL", "PLN", "www.amazon.pl"),
    "ATVPDKIKX0DER": Marketplace("US", "en_US", "USD", "www.amazon.com", "NA"),
    "A1VC38T7YXB528": Marketplace("JP", "ja_JP", "JPY", "www.amazon.co.jp", "FE"),
}


@dataclass(frozen=True, slots=True)
class Seller:
    """One seller and the application that may act for it. number: tells the ids of different sellers apart.

    access_token: a token that is valid from the start for `token_lifetime`, empty for none. marketplaces: where the
    seller takes part; all of them are of the one region that the stand-in is.
    """

    name: str = "seller"
    number: int = 0
    client_id: str = "amzn1.application-oa2-client.sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105  # a stand-in's documented default
    refresh_token: str = "Atzr|sandbox-refresh-token"  # noqa: S105  # the same
    access_token: str = "Atza|sandbox-access-token"  # noqa: S105  # the same
    marketplaces: tuple[str, ...] = (ITALY, "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1RKKUPIHCS9HS")

    @property
    def merchant_id(self) -> str:
        """The seller's id in paths and feeds, which sellers know as the merchant token."""
        return f"A2SANDBOX{self.number:05d}"


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict and how quick the vendor is. Durations are in seconds.

    limits: keep the vendor's rates. discoverable_after, buyable_after: from the acceptance of a new listing.
    revised_after: until an accepted change shows. judged_after: until what the catalogue finds wrong is told.
    feed_waits: in the queue, each feed after the one before. feed_takes: of a feed alone, `feed_message_takes` more
    for each message. link_lifetime: of signed addresses of feed documents.
    orders_behind: searches for orders end two minutes before now, as Amazon's do.
    refuse_internal_gtins: refuse barcodes of number ranges for use inside a company, as Amazon does; off, because the
    sample catalogue has no others.
    """

    limits: bool = True
    token_lifetime: int = 3600
    discoverable_after: float = 1.0
    buyable_after: float = 3.0
    revised_after: float = 0.5
    judged_after: float = 2.0
    feed_waits: float = 1.0
    feed_takes: float = 1.0
    feed_message_takes: float = 0.0005
    link_lifetime: float = 300.0
    refuse_internal_gtins: bool = False
    orders_behind: bool = True
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


AT_ONCE = Rules(
    discoverable_after=0.0,
    buyable_after=0.0,
    revised_after=0.0,
    judged_after=0.0,
    feed_waits=0.0,
    feed_takes=0.0,
    feed_message_takes=0.0,
    orders_behind=False,
)
"""What was accepted is true at once."""
