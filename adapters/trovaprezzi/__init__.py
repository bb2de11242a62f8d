"""Trovaprezzi: a price comparison that reads a file of offers."""
