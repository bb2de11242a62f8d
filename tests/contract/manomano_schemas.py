"""Checks what leaves the ManoMano adapter, and what its stand-in answers, against the reconstructed contract.

The file is not part of this project; it is looked for in `../shared/specs/manomano` beside it, or under
MARKETSYNC_SHARED. ManoMano publishes none, so this one is put together from working clients.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from adapters.sandbox.server import Reply, Request
from tests.contract.vendor_schemas import specs_folder

Json = dict[str, Any]

_DOCUMENT = "urn:manomano"
_GATEWAY_STATUSES = frozenset({401, 403, 404, 429, 500, 503})
_NUMBERS = {"integer": re.compile(r"\d+"), "string": re.compile(r".*", re.DOTALL)}


def manomano_specs() -> Path:
    """Where the vendor's files are, or would be."""
    return specs_folder().parent / "manomano"


@cache
def manomano_schemas() -> ManomanoSchemas:
    """The contract, read once per run. Skips the calling test when it is not there."""
    file = manomano_specs() / "openapi.yaml"
    if not file.is_file():
        pytest.skip(f"ManoMano's contract is not at {file}; MARKETSYNC_SHARED names another place")
    return ManomanoSchemas(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))  # it is safe


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    pointer: str
    contract: Json
    parameters: tuple[Json, ...]


class ManomanoSchemas:
    """The contract. Every check returns violations in words, empty if there are none."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._registry: Registry[Any] = Registry().with_resources([(_DOCUMENT, DRAFT202012.create_resource(document))])
        self._validators: dict[str, Draft202012Validator] = {}
        self._operations = {
            (method.upper(), path): self._operation(method, path, contract)
            for path, methods in document["paths"].items()
            for method, contract in methods.items()
        }

    def request_violations(self, request: Request) -> list[str]:
        """What is wrong with a request. Header names are in lower case."""
        operation = self._find(request)
        if operation is None:
            return [f"{request.method} {request.path}: not in the contract"]
        found = [*_parameters(operation, request), *self._body(operation, request)]
        return [f"{operation.name}: request: {words}" for words in found]

    def reply_violations(self, request: Request, reply: Reply) -> list[str]:
        """What is wrong with an answer."""
        operation = self._find(request)
        if operation is None:
            return []
        responses = operation.contract["responses"]
        declared = responses.get(str(reply.status))
        if declared is None:
            known = reply.status in _GATEWAY_STATUSES
            return [] if known else [f"{operation.name}: reply: status {reply.status} is not declared"]
        pointer = f"{operation.pointer}/responses/{reply.status}"
        if "$ref" in declared:
            pointer = declared["$ref"]
            declared = self._resolved(declared)
        if "content" not in declared:
            # of a refusal that nobody has seen, the contract does not say whether it has words
            unseen = reply.status >= 400 and "x-assumed" in declared
            return [f"{operation.name}: reply {reply.status}: a body"] if reply.encoded() and not unseen else []
        found = self._check(f"{pointer}/content/application~1json/schema", reply.encoded())
        return [f"{operation.name}: reply {reply.status}: {words}" for words in found]

    def _find(self, request: Request) -> _Operation | None:
        """The operation of a path as it is, else of a path with one part free."""
        exact = self._operations.get((request.method, request.path))
        if exact is not None:
            return exact
        fitting = (
            operation
            for (method, path), operation in self._operations.items()
            if method == request.method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), request.path)
        )
        return next(fitting, None)

    def _body(self, operation: _Operation, request: Request) -> list[str]:
        if "requestBody" not in operation.contract:
            return [f"a body that is not declared: {request.body[:80]!r}"] if request.body else []
        if not request.headers.get("content-type", "").startswith("application/json"):
            return [f"Content-Type is {request.headers.get('content-type')!r}"]
        pointer = operation.contract["requestBody"].get("$ref", f"{operation.pointer}/requestBody")
        return self._check(f"{pointer}/content/application~1json/schema", request.body)

    def _check(self, pointer: str, body: bytes) -> list[str]:
        try:
            document = json.loads(body)
        except ValueError:
            return [f"not JSON: {body[:80]!r}"]
        validator = self._validators.get(pointer)
        if validator is None:
            reference = f"{_DOCUMENT}{pointer}"
            validator = self._validators[pointer] = Draft202012Validator({"$ref": reference}, registry=self._registry)
        return [f"{error.json_path}: {error.message[-400:]}" for error in validator.iter_errors(document)]

    def _operation(self, method: str, path: str, contract: Json) -> _Operation:
        escaped = path.replace("~", "~0").replace("/", "~1")
        parameters = tuple(self._resolved(one) for one in contract.get("parameters", ()))
        return _Operation(f"{method.upper()} {path}", f"#/paths/{escaped}/{method}", contract, parameters)

    def _resolved(self, node: Json) -> Json:
        found: Any = node
        while "$ref" in found:
            path = found["$ref"].removeprefix("#/").split("/")
            found = self._document
            for part in path:
                found = found[part]
        return dict(found)


def _parameters(operation: _Operation, request: Request) -> Iterator[str]:
    if not request.headers.get("x-api-key"):
        yield "no x-api-key"
    given: Mapping[str, Mapping[str, str]] = {"query": request.query, "header": request.headers}
    declared = {(one["in"], one["name"].lower()): one for one in operation.parameters}
    for name in request.query:
        if ("query", name) not in declared:
            yield f"the query parameter {name} is not in the contract"
    for (place, name), parameter in declared.items():
        if place == "path":
            continue  # without it, the path would be another
        value = given.get(place, {}).get(name)
        if value is None:
            if parameter.get("required"):
                yield f"the {place} parameter {name} is missing"
        else:
            yield from _value(name, value, parameter["schema"])


def _value(name: str, value: str, schema: Json) -> Iterator[str]:
    kind = schema.get("type", "string")
    if not _NUMBERS[kind].fullmatch(value):
        yield f"{name} is {value!r}, not of type {kind}"
        return
    typed = int(value) if kind == "integer" else value
    yield from (f"{name}: {error.message}" for error in Draft202012Validator(schema).iter_errors(typed))
