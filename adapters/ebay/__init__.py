"""eBay, through its Inventory API. Outside of this package only these names are used."""

from adapters.ebay.adapter import EbayAdapter
from adapters.ebay.settings import HOSTS, EbayAccount, EbayHosts

__all__ = ["HOSTS", "EbayAccount", "EbayAdapter", "EbayHosts"]
