"""What a seller decides between a PIM product and a listing, as data: one file for each kind of rule.

`wanted` composes them. The rules know products and never accounts: an account is made of them.
"""

from consumer.listings.rules.selection import Policy, Unwanted, Why
from consumer.listings.rules.wanted import Wanted, wanted

__all__ = ["Policy", "Unwanted", "Wanted", "Why", "wanted"]
