"""Checks what leaves an adapter, and what a stand-in answers, against the vendor's own OpenAPI files.

The files are not part of this project; they are looked for in `../shared/specs/ebay` beside it, or under
MARKETSYNC_SHARED. Their known defects are mended when they are loaded, and made stricter in one point: a field that
the contract does not know is a violation, because eBay drops it without a word.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from adapters.sandbox.server import Exchange, Reply, Request

Json = dict[str, Any]

_FILES = {
    "/sell/inventory/v1": "sell_inventory_v1_oas3.json",
    "/sell/account/v1": "sell_account_v1_oas3.json",
    "/sell/fulfillment/v1": "sell_fulfillment_v1_oas3.json",
    "/sell/metadata/v1": "sell_metadata_v1_oas3.json",
    "/commerce/taxonomy/v1": "commerce_taxonomy_v1_oas3.json",
    "/commerce/media/v1_beta": "commerce_media_v1_beta_oas3.json",
    "/commerce/notification/v1": "commerce_notification_v1_oas3.json",
    "/developer/analytics/v1_beta": "developer_analytics_v1_beta_oas3.json",
}
_TOKEN_PATH = "/identity/v1/oauth2/token"
_ENVELOPE = "urn:ebay:envelope"
_GATEWAY_STATUSES = frozenset({401, 403, 404, 405, 411, 429, 500, 503})
# what an item lacks until it is published is no fault of an answer that repeats it
_INCOMPLETE = re.compile(r"'(title|description)' is a required property$")
_LANGUAGE = re.compile(r"^[a-z]{2}-[A-Z]{2}$")


def specs_folder() -> Path:
    """Where the vendor's files are, or would be."""
    shared = Path(os.environ.get("MARKETSYNC_SHARED", Path(__file__).parents[3] / "shared"))
    return shared / "specs" / "ebay"


@cache
def vendor_schemas() -> VendorSchemas:
    """The contracts, read once per run. Skips the calling test when they are not there."""
    folder = specs_folder()
    if not folder.is_dir():
        pytest.skip(f"eBay's OpenAPI files are not in {folder}; MARKETSYNC_SHARED names another place")
    return VendorSchemas(folder)


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    template: str
    pattern: re.Pattern[str]
    contract: Json
    schemas: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class VendorSchemas:
    """The contracts of the APIs that we use. Every check returns violations in words, empty if there are
    none; calls to other paths than these and the token endpoint are violations too."""

    def __init__(self, folder: Path) -> None:
        resources = [(_ENVELOPE, DRAFT202012.create_resource(_envelope()))]
        self._operations: list[_Operation] = []
        self._validators: dict[str, Draft202012Validator] = {}
        for base, name in _FILES.items():
            document = _mended(json.loads((folder / name).read_text(encoding="utf-8")))
            resources.append((f"urn:ebay:{name}", DRAFT202012.create_resource(document)))
            self._operations.extend(_operations(document, base, f"urn:ebay:{name}"))
        self._registry: Registry[Any] = Registry().with_resources(resources)

    def request_violations(self, request: Request) -> list[str]:
        """What is wrong with a request, the token endpoint's included. Header names are in lower case."""
        if request.path == _TOKEN_PATH:
            return list(_token_violations(request))
        operation = self._find(request)
        if operation is None:
            return [f"{request.method} {request.path}: not in the contract"]
        found = [*_header_violations(operation, request.headers), *_query_violations(operation, request.query)]
        found += self._body_violations(operation, operation.contract.get("requestBody"), request.body)
        return [f"{operation}: request: {words}" for words in found]

    def reply_violations(self, request: Request, reply: Reply) -> list[str]:
        """What is wrong with an answer. Those of the token endpoint are in no contract and always pass."""
        operation = self._find(request)
        if operation is None:
            return []
        status, body = reply.status, reply.encoded()
        declared = operation.contract["responses"].get(str(status))
        if declared is None and status not in _GATEWAY_STATUSES:
            return [f"{operation}: reply: status {status} is not declared"]
        if status >= 400:
            found = self._check(_ENVELOPE, body) if body or status != 411 else []
        else:
            found = self._body_violations(operation, declared, body)
            found = [words for words in found if not _INCOMPLETE.search(words)]
        return [f"{operation}: reply {status}: {words}" for words in found]

    def _find(self, request: Request) -> _Operation | None:
        # within a contract, templates are sorted so that fixed parts are tried before parameters
        fitting = (o for o in self._operations if o.method == request.method and o.pattern.fullmatch(request.path))
        return next(fitting, None)

    def _body_violations(self, operation: _Operation, declared: Json | None, body: bytes) -> list[str]:
        content = (declared or {}).get("content")
        if not content:
            # publish and withdraw declare no body, and the server answers 411 without one
            return [f"a body that is not declared: {body[:80]!r}"] if body not in (b"", b"{}") else []
        schema = content["application/json"]["schema"]
        if "$ref" not in schema:  # a type and nothing more, as of a new parcel
            return [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(body))]
        return self._check(operation.schemas + schema["$ref"], body)

    def _check(self, reference: str, body: bytes) -> list[str]:
        try:
            document = json.loads(body)
        except ValueError:
            return [f"not JSON: {body[:80]!r}"]
        validator = self._validators.get(reference)
        if validator is None:
            validator = Draft202012Validator({"$ref": reference}, registry=self._registry)
            self._validators[reference] = validator
        return [f"{error.json_path}: {error.message}"[:400] for error in validator.iter_errors(document)]


class Contract(Protocol):
    """A vendor's contract: what is against it, in words."""

    def request_violations(self, request: Request) -> list[str]:
        """Of a request."""

    def reply_violations(self, request: Request, reply: Reply) -> list[str]:
        """Of an answer."""


@dataclass(slots=True)
class Inspector:
    """Give it to a stand-in as observer; it keeps what violates the contract. The test calls `assert_clean` last.

    requests, replies: which of the two it looks at.
    """

    schemas: Contract
    requests: bool = True
    replies: bool = True
    seen: int = 0
    found: list[str] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        """Check one exchange; never raises, as it runs inside the stand-in."""
        self.seen += 1
        if self.requests:
            self.found += self.schemas.request_violations(exchange.request)
        if self.replies and not exchange.reply.cut:
            self.found += self.schemas.reply_violations(exchange.request, exchange.reply)

    def assert_clean(self) -> None:
        """Fails the test that let something against the contract through, or nothing at all."""
        assert self.seen, "no call reached the stand-in, so nothing was checked"
        assert not self.found, "against the vendor's contract:\n" + "\n".join(dict.fromkeys(self.found))


def _operations(document: Json, base: str, schemas: str) -> Iterator[_Operation]:
    found = []
    for template, methods in document["paths"].items():
        pattern = re.compile(base + re.sub(r"\{[^}]+\}", "[^/]+", template))
        for method, contract in methods.items():
            if isinstance(contract, dict) and "responses" in contract:
                found.append(_Operation(method.upper(), base + template, pattern, contract, schemas))
    return iter(sorted(found, key=lambda operation: operation.template.count("{")))


def _header_violations(operation: _Operation, headers: Mapping[str, str]) -> Iterator[str]:
    if not headers.get("authorization", "").startswith("Bearer "):
        yield "no bearer token"
    for parameter in operation.contract.get("parameters", []):
        name = parameter["name"].lower()
        if parameter["in"] == "header" and parameter.get("required") and not headers.get(name):
            yield f"the header {parameter['name']} is missing"
    if operation.contract.get("requestBody") and not headers.get("content-type", "").startswith("application/json"):
        yield f"Content-Type is {headers.get('content-type')!r}"
    for name in ("content-language", "accept-language"):
        if name in headers and not _LANGUAGE.match(headers[name]):
            yield f"{name} is {headers[name]!r}, not of the form it-IT"


def _query_violations(operation: _Operation, query: Mapping[str, str]) -> Iterator[str]:
    declared = {p["name"]: p for p in operation.contract.get("parameters", []) if p["in"] == "query"}
    for name in query:
        if name not in declared:
            yield f"the query parameter {name} is not in the contract"
    for name, parameter in declared.items():
        if parameter.get("required") and name not in query:
            yield f"the query parameter {name} is missing"


def _token_violations(request: Request) -> Iterator[str]:
    headers, form = request.headers, dict(parse_qsl(request.body.decode("utf-8", "replace")))
    if request.method != "POST":
        yield f"token: method {request.method}"
    if not headers.get("authorization", "").startswith("Basic "):
        yield "token: no Basic credentials"
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        yield f"token: Content-Type is {headers.get('content-type')!r}"
    if form.get("grant_type") == "refresh_token" and not form.get("refresh_token"):
        yield "token: no refresh_token"
    if form.get("grant_type") == "client_credentials" and not form.get("scope"):
        yield "token: no scope"


def _envelope() -> Json:
    """What errors look like on the wire; no contract declares the envelope."""
    texts = {"type": "array", "items": {"type": "string"}}
    pair = {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}
    error = {
        "type": "object",
        "required": ["errorId", "domain", "category", "message"],
        "properties": {
            "errorId": {"type": "integer"},
            "category": {"enum": ["REQUEST", "BUSINESS", "APPLICATION"]},
            **{name: {"type": "string"} for name in ("domain", "subdomain", "message", "longMessage")},
            "inputRefIds": texts,
            "outputRefIds": texts,
            "parameters": {"type": "array", "items": pair},
        },
        "additionalProperties": False,
    }
    errors = {"type": "array", "items": error, "minItems": 1}
    return {"type": "object", "required": ["errors"], "properties": {"errors": errors}, "additionalProperties": False}


def _mended(document: Json) -> Json:
    """The contract without its known defects, and strict about fields that it does not know."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        if schema.get("type") == "object" and "enum" in schema:
            schema["type"] = "string"
        elif schema.get("properties"):
            schema["additionalProperties"] = False
        if schema.get("properties", {}).get("aspects", {}).get("type") == "string":
            values = {"type": "array", "items": {"type": "string"}}
            schema["properties"]["aspects"] = {"type": "object", "additionalProperties": values}
        if name == "GetInventoryItemResponse":
            # an entry for an unknown SKU has errors and no item
            schema["required"].remove("inventoryItem")
    return dict(document)
