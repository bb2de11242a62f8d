"""eBay as the registry knows it."""

from __future__ import annotations

from adapters.channel import Channel
from adapters.ebay.adapter import EbayAdapter
from adapters.ebay.opening import open_ebay, open_ebay_orders
from adapters.ebay.settings import EbayAccount
from adapters.feeds import Tools


def _make(account: EbayAccount, _: Tools) -> EbayAdapter:
    return open_ebay(account)


CHANNEL = Channel(
    settings=EbayAccount,
    make=_make,
    required=("fulfillment_policy_id", "payment_policy_id", "return_policy_id", "merchant_location_key"),
    sign_in=(("api_secret",), ("refresh_token", "access_token")),
    variations=True,
    orders=open_ebay_orders,
)
