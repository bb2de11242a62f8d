"""The application: its routes, its limits, its document."""

from __future__ import annotations

from fastapi import FastAPI

from consumer.api.body import BodyLimit
from consumer.api.problem import Problem, answer_problems
from consumer.api.routes import ROUTERS
from consumer.api.services import Services

_ABOUT = """Keeps marketplaces equal to a product database. What a person can do with the command line can be done here.

Every route under `/api` needs a bearer token (JWT). It names a tenant, and nothing of another tenant is shown or
changed. Roles: `viewer` looks, `operator` triggers, releases and redrives, `admin` changes accounts. Times are UTC,
durations are seconds. What cannot be done is answered as a problem (RFC 9457) that names the field and the cure."""

_PROBLEMS = {
    401: "No token that counts.",
    403: "A role is missing.",
    404: "No such thing in this tenant.",
    413: "The body is too large.",
    422: "A field is wrong, or the service refuses in words.",
    429: "Too many requests.",
    503: "MongoDB or Kafka cannot be reached.",
}


def make_app(services: Services) -> FastAPI:
    """An ASGI application. It owns nothing: who made the services closes them."""
    app = FastAPI(
        title="marketsync",
        version="1",
        description=_ABOUT,
        responses={
            status: {"model": Problem, "description": words, "content": {"application/problem+json": {}}}
            for status, words in _PROBLEMS.items()
        },
    )
    app.state.services = services
    answer_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(BodyLimit, most=services.settings.api.body)
    return app
