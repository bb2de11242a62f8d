"""ManoMano: offers by its Partners API, content by a CSV that it fetches. Outside only these names are used."""

from adapters.manomano.adapter import ManomanoAdapter
from adapters.manomano.opening import content_feed, open_manomano
from adapters.manomano.settings import PRODUCTION, SANDBOX, CarrierGrid, ManomanoAccount

__all__ = [
    "PRODUCTION",
    "SANDBOX",
    "CarrierGrid",
    "ManomanoAccount",
    "ManomanoAdapter",
    "content_feed",
    "open_manomano",
]
