"""What can be asked. One file per subject; each has a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from consumer.api.routes import accounts, audit, feeds, health, held, listings, pauses, problems

ROUTERS: tuple[APIRouter, ...] = (
    listings.router,
    problems.router,
    accounts.router,
    pauses.router,
    held.router,
    feeds.router,
    audit.router,
    health.router,
)
"""In the order of the document."""
