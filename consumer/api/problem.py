"""Answers to what cannot be done: problem details (RFC 9457), with the field and the cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from adapters.errors import AdapterError
from consumer.errors import MarketsyncError, SettingsError, UnavailableError
from consumer.mongo import PyMongoError
from consumer.mongo.words import unavailable

_log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(examples=["body.priority"])
    words: str = Field(examples=["Input should be 'high' or 'low'"])


class Problem(BaseModel):
    """Why something was not done, and what to do about it."""

    type: str = Field(examples=["urn:marketsync:problem:unknown-product"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no product NOPE-1."])
    cure: str = Field("", examples=["Look at the entity_code: case and spaces count."])
    fields: list[FieldProblem] = Field(default_factory=list)


class ApiError(MarketsyncError):
    """A request that is answered with a problem. kind: stable and short, for programs. headers: beside it."""

    def __init__(
        self, status: int, kind: str, words: str, *, cure: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(words)
        self.status = status
        self.kind = kind
        self.cure = cure
        self.headers = headers


def unknown(what: str, name: str) -> ApiError:
    """404: there is no such thing, or it is another tenant's, which is the same to whoever asks."""
    return ApiError(404, f"unknown-{what.replace(' ', '-')}", f"There is no {what} {name}.")


def answer(
    status: int,
    kind: str,
    words: str,
    *,
    cure: str = "",
    fields: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem as an answer."""
    problem = Problem(
        type=f"urn:marketsync:problem:{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=words,
        cure=cure,
        fields=list(fields),
    )
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Let the app answer every failure this way. What is none of ours is a bug: it is logged and told as a 500."""
    app.add_exception_handler(ApiError, _ours)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(MarketsyncError, _service)
    app.add_exception_handler(AdapterError, _channel)
    app.add_exception_handler(PyMongoError, _database)
    app.add_exception_handler(Exception, _bug)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101  the framework calls it for nothing else
    return answer(error.status, error.kind, str(error), cure=error.cure, headers=error.headers)


async def _wrong_input(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  as above
    fields = [FieldProblem(field=".".join(map(str, one["loc"])), words=str(one["msg"])) for one in error.errors()]
    named = "; ".join(f"{one.field}: {one.words}" for one in fields)
    return answer(422, "wrong-input", named, cure="Mend the fields that are named.", fields=fields)


async def _plain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return answer(error.status_code, kind, str(error.detail), headers=error.headers)


async def _service(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, SettingsError):
        # Its words are for who runs the service, and may name accounts of other tenants.
        _log.error("a request cannot be served with these settings", error=str(error))
        return answer(500, "settings", "The service is not set up for this.", cure="Ask whoever runs it.")
    status = 503 if isinstance(error, UnavailableError) else 422
    headers: dict[str, Any] = {"Retry-After": "5"} if status == 503 else {}
    return answer(status, "unavailable" if headers else "refused", str(error), headers=headers)


async def _channel(_request: Request, error: Exception) -> JSONResponse:
    return answer(502, "channel", str(error), cure="The channel said no; its account may need a look.")


async def _database(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PyMongoError)  # noqa: S101  as above
    return await _service(request, unavailable(error))


async def _bug(_request: Request, _error: Exception) -> JSONResponse:
    return answer(500, "bug", "Something here is wrong, not in what you sent.", cure="The log of the API says more.")
