"""What can be asked. One file per subject; each has a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from consumer.api.routes import (
    accounts,
    audit,
    dead_letters,
    exchanges,
    feeds,
    health,
    held,
    jobs,
    listings,
    pauses,
    previews,
    problems,
    triggers,
    webhooks,
)

ROUTERS: tuple[APIRouter, ...] = (
    listings.router,
    triggers.router,
    jobs.router,
    exchanges.router,
    previews.router,
    problems.router,
    accounts.router,
    pauses.router,
    held.router,
    dead_letters.router,
    feeds.router,
    audit.router,
    webhooks.router,
    health.router,
)
"""In the order of the document."""
