"""Trovaprezzi: a price comparison that reads a file of offers."""

from adapters.trovaprezzi.adapter import TrovaprezziAdapter
from adapters.trovaprezzi.format import TrovaprezziFormat
from adapters.trovaprezzi.settings import TrovaprezziAccount

__all__ = ["TrovaprezziAccount", "TrovaprezziAdapter", "TrovaprezziFormat"]
