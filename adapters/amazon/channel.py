"""Amazon as the registry knows it."""

from __future__ import annotations

from adapters.amazon.opening import open_amazon, open_amazon_orders
from adapters.amazon.settings import AmazonAccount
from adapters.channel import Channel

CHANNEL = Channel(
    settings=AmazonAccount,
    make=open_amazon,
    required=("merchant_id",),
    sign_in=(("api_secret",), ("refresh_token",)),
    variations=True,
    orders=open_amazon_orders,
)
