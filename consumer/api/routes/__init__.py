"""What can be asked. One file per subject; each has a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from consumer.api.routes import listings

ROUTERS: tuple[APIRouter, ...] = (listings.router,)
"""In the order of the document."""
