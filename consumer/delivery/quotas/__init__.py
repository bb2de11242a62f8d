"""Quotas: what the channel allows, shared exactly by all processes. Pure but for `store`."""
