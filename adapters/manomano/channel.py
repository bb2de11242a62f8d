"""ManoMano as the registry knows it."""

from __future__ import annotations

from adapters.channel import Channel
from adapters.manomano.feed import ContentFormat
from adapters.manomano.opening import content_feed, open_manomano, open_manomano_orders
from adapters.manomano.settings import ManomanoAccount

CHANNEL = Channel(
    settings=ManomanoAccount,
    make=open_manomano,
    required=("carrier_grids",),
    sign_in=(("api_key",),),
    feed=content_feed,
    format=ContentFormat(),
    variations=True,
    orders=open_manomano_orders,
)
