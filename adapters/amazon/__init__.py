"""Amazon, through its Selling Partner API. Outside of this package only these names are used."""

from adapters.amazon.adapter import AmazonAdapter
from adapters.amazon.opening import open_amazon
from adapters.amazon.settings import AmazonAccount

__all__ = ["AmazonAccount", "AmazonAdapter", "open_amazon"]
