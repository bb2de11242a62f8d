"""What went over the wire, and what channels tell by themselves: all that the API reads and takes of it."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.control.webhooks.amazon import AmazonQueue
from consumer.control.webhooks.ebay import EbayWebhook
from consumer.listings.exchanges import ExchangeStore


@dataclass(frozen=True, slots=True)
class Told:
    """ebay: None where no address was given to eBay."""

    exchanges: ExchangeStore
    amazon: AmazonQueue
    ebay: EbayWebhook | None
