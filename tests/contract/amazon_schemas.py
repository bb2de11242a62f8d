"""Checks what leaves Amazon's adapter, and what its stand-in answers, against the vendor's own models: Swagger 2.0 for
calls, JSON Schema for the documents of feeds.

The files are looked for in `../shared/specs/amazon` beside the project, or under MARKETSYNC_SHARED. They are made
stricter in one point: a field of a body that the model does not know is a violation.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from adapters.sandbox.amazon import TOKEN_PATH
from adapters.sandbox.server import Reply, Request
from tests.contract.vendor_schemas import specs_folder

Json = dict[str, Any]

_MODELS = (
    "listingsItems_2021-08-01",
    "feeds_2021-06-30",
    "definitionsProductTypes_2020-09-01",
    "notifications",
    "orders_2026-01-01",
    "ordersV0",
)
_FEED, _REPORT = "listings-feed-schema-v2", "listings-feed-processing-report-schema-v2"
_FILES = ("/_documents/", "/_schemas/")
# the form that Amazon's page on the header asks for
_AGENT = re.compile(r"[^/\s]+/\S+ \(.*Language=[^;)]+.*\)")
_GATEWAY_STATUSES = frozenset({403, 404, 429, 500, 503})


def amazon_folder() -> Path:
    """Where the vendor's files are, or would be."""
    return specs_folder().with_name("amazon")


@cache
def amazon_schemas() -> AmazonSchemas:
    """The models, read once per run. Skips the calling test when they are not there."""
    folder = amazon_folder()
    if not folder.is_dir():
        pytest.skip(f"Amazon's models are not in {folder}; MARKETSYNC_SHARED names another place")
    return AmazonSchemas(folder)


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    template: str
    pattern: re.Pattern[str]
    contract: Json
    model: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def parameters(self, place: str) -> list[Json]:
        """Those in the query, the path or the body."""
        return [one for one in self.contract.get("parameters", []) if one["in"] == place]


class AmazonSchemas:
    """The models of the APIs in use. Every check returns violations in words, empty if there are none; calls to other
    paths than these, the token endpoint and signed addresses are violations too."""

    def __init__(self, folder: Path) -> None:
        resources = []
        self._operations: list[_Operation] = []
        self._validators: dict[str, Draft202012Validator] = {}
        for name in _MODELS:
            document = _strict(_read(folder / "models" / f"{name}.json"))
            resources.append((f"urn:amazon:{name}", DRAFT202012.create_resource(document)))
            self._operations += _operations(document, f"urn:amazon:{name}")
        self._registry: Registry[Any] = Registry().with_resources(resources)
        self.documents = {name: Draft7Validator(_read(folder / "feeds" / f"{name}.json")) for name in (_FEED, _REPORT)}

    def request_violations(self, request: Request) -> list[str]:
        """What is wrong with a request, the token endpoint's and an upload included. Header names are in lower case."""
        if request.path == TOKEN_PATH:
            return list(_token_violations(request))
        if request.path.startswith(_FILES):
            return self._file_violations(request)
        operation = self._find(request)
        if operation is None:
            return [f"{request.method} {request.path}: not in the models"]
        found = [*_header_violations(operation, request), *_query_violations(operation, request.query)]
        for parameter in operation.parameters("body"):
            found += self._check(operation.model + parameter["schema"]["$ref"], request.body)
        if request.body and not operation.parameters("body"):
            found.append("a body that is not declared")
        return [f"{operation}: request: {words}" for words in found]

    def reply_violations(self, request: Request, reply: Reply) -> list[str]:
        """What is wrong with an answer. Those of the token endpoint are in no model and always pass."""
        if request.path.startswith(_FILES):
            return self._report_violations(request, reply)
        operation = self._find(request)
        if operation is None:
            return []
        status = str(reply.status)
        declared = operation.contract["responses"].get(status)
        if declared is None:
            known = reply.status in _GATEWAY_STATUSES
            return [] if known else [f"{operation}: reply: status {status} is not declared"]
        reference = (declared.get("schema") or {}).get("$ref")
        found = self._check(operation.model + reference, reply.encoded()) if reference else []
        sent = {name.lower() for name in reply.headers}
        if "x-amzn-ratelimit-limit" in sent and "x-amzn-RateLimit-Limit" not in declared.get("headers", {}):
            found.append("a rate that the model does not tell with this status")
        if "x-amzn-requestid" not in sent:
            found.append("no x-amzn-RequestId")
        return [f"{operation}: reply {status}: {words}" for words in found]

    def _find(self, request: Request) -> _Operation | None:
        fitting = (o for o in self._operations if o.method == request.method and o.pattern.fullmatch(request.path))
        return next(fitting, None)

    def _check(self, reference: str, body: bytes) -> list[str]:
        try:
            document = json.loads(body)
        except ValueError:
            return [f"not JSON: {body[:80]!r}"]
        validator = self._validators.get(reference)
        if validator is None:
            validator = Draft202012Validator({"$ref": reference}, registry=self._registry)
            self._validators[reference] = validator
        return _words(validator, document)

    def _file_violations(self, request: Request) -> list[str]:
        """A signed address takes no token; what goes up is a feed."""
        found = [
            f"file: it got the header {name}"
            for name in ("authorization", "x-amz-access-token")
            if name in request.headers
        ]
        if request.method == "PUT":
            found += [f"feed: {words}" for words in _words(self.documents[_FEED], json.loads(request.body))]
        elif request.method != "GET":
            found.append(f"file: method {request.method}")
        return found

    def _report_violations(self, request: Request, reply: Reply) -> list[str]:
        body = reply.encoded()
        if request.method != "GET" or reply.status != 200 or not request.path.startswith(_FILES[0]):
            return []
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        return [f"report: {words}" for words in _words(self.documents[_REPORT], json.loads(text))]


def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


def _words(validator: Any, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}"[:400] for error in validator.iter_errors(document)]


def _operations(document: Json, model: str) -> list[_Operation]:
    found = []
    for template, methods in document["paths"].items():
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))
        for method, contract in methods.items():
            if isinstance(contract, dict) and "responses" in contract:
                found.append(_Operation(method.upper(), template, pattern, contract, model))
    return sorted(found, key=lambda operation: operation.template.count("{"))


def _strict(model: Json) -> Json:
    """The model, strict about fields that it does not know."""
    for schema in model["definitions"].values():
        if schema.get("properties"):
            schema.setdefault("additionalProperties", False)
    return model


def _header_violations(operation: _Operation, request: Request) -> Iterator[str]:
    headers = request.headers
    if not headers.get("x-amz-access-token"):
        yield "no x-amz-access-token"
    if "authorization" in headers:
        yield "an Authorization header, which no call has"
    agent = headers.get("user-agent", "")
    if not _AGENT.fullmatch(agent) or len(agent) > 500:
        yield f"the user-agent is {agent!r}"
    if operation.parameters("body") and not headers.get("content-type", "").startswith("application/json"):
        yield f"Content-Type is {headers.get('content-type')!r}"


def _query_violations(operation: _Operation, query: Mapping[str, str]) -> Iterator[str]:
    declared = {parameter["name"]: parameter for parameter in operation.parameters("query")}
    for name, value in query.items():
        if name not in declared:
            yield f"the query parameter {name} is not in the model"
        else:
            yield from _value_violations(name, value, declared[name])
    for name, parameter in declared.items():
        if parameter.get("required") and not query.get(name):
            yield f"the query parameter {name} is missing"


def _value_violations(name: str, value: str, parameter: Json) -> Iterator[str]:
    values = value.split(",") if parameter["type"] == "array" else [value]
    if len(values) > parameter.get("maxItems", len(values)):
        yield f"{name} has {len(values)} values, more than {parameter['maxItems']}"
    choices = (parameter.get("items") or parameter).get("enum")
    for one in values:
        if choices and one not in choices:
            yield f"{name} is {one!r}, none of {choices}"
    if parameter["type"] == "integer" and not (value.isdigit() and int(value) <= parameter.get("maximum", int(value))):
        yield f"{name} is {value!r}"


def _token_violations(request: Request) -> Iterator[str]:
    headers, form = request.headers, dict(parse_qsl(request.body.decode("utf-8", "replace")))
    if request.method != "POST":
        yield f"token: method {request.method}"
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        yield f"token: Content-Type is {headers.get('content-type')!r}"
    grant = form.get("grant_type")
    wanted = {"refresh_token": ("refresh_token",), "client_credentials": ("scope",)}.get(str(grant))
    if wanted is None:
        yield f"token: grant_type is {grant!r}"
    for name in ("client_id", "client_secret", *(wanted or ())):
        if not form.get(name):
            yield f"token: no {name}"
