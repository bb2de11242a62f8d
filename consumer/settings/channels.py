"""The channels on which the environment can describe an account. Adding one is a class and a line here."""

from __future__ import annotations

from consumer.settings.amazon import AmazonSettings
from consumer.settings.ebay import EbaySettings
from consumer.settings.manomano import ManomanoSettings
from consumer.settings.selling import SellingSettings
from consumer.settings.trovaprezzi import TrovaprezziSettings

SELLING: tuple[type[SellingSettings], ...] = (EbaySettings, AmazonSettings, ManomanoSettings, TrovaprezziSettings)
