"""What can be asked. One file per subject; each has a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from consumer.api.routes import accounts, audit, exchanges, feeds, health, held, listings, pauses, problems, webhooks

ROUTERS: tuple[APIRouter, ...] = (
    listings.router,
    exchanges.router,
    problems.router,
    accounts.router,
    pauses.router,
    held.router,
    feeds.router,
    audit.router,
    webhooks.router,
    health.router,
)
"""In the order of the document."""
