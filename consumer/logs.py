"""Logging for people and for collectors: one line per happening, bound context, secrets cut before anything is written.

Rooms log through `structlog.get_logger()`; libraries log through the standard module. Both end here, on stderr.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog
from pydantic import SecretStr

CUT = "***"

# Longest text of one value; vendors answer with whole pages.
_LONGEST = 2000
_DEEPEST = 6
# Shorter known secrets would blank out ordinary words.
_SHORTEST_SECRET = 6

# The change stream's resume token is no secret and is needed in logs, hence no bare "token" here.
_SECRET_NAMES = re.compile(
    r"secret|password|passwd|authorization|credential|api_?key|(access|refresh|bearer|auth|user)_?token", re.IGNORECASE
)
_SECRET_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://)[^/@\s:]*:[^/@\s]+@"), rf"\1{CUT}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/^#=-]{6,}", re.IGNORECASE), rf"\1 {CUT}"),
    (
        re.compile(
            r"\b((?:access|refresh)_token|client_secret|api_?key|password)(\"?'?\s*[=:]\s*\"?'?)[^\s&\"',}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{CUT}",
    ),
)
# Libraries that report every request or every pool event at info.
_CHATTY = ("asyncio", "httpx", "httpcore", "aiohttp", "pymongo", "uvicorn")

_Event = MutableMapping[str, Any]


class SecretCutter:
    """A structlog processor that replaces secrets by name, by known value and by shape, at any depth."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(s) for s in known)) if known else None

    def __call__(self, _logger: object, _method: str, event: _Event) -> _Event:
        return {name: self._value(name, value, _DEEPEST) for name, value in event.items()}

    def text(self, text: str) -> str:
        """The text without secrets, not shortened."""
        if self._known:
            text = self._known.sub(CUT, text)
        for pattern, replacement in _SECRET_TEXTS:
            text = pattern.sub(replacement, text)
        return text

    def _value(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, SecretStr) or (value and _SECRET_NAMES.search(name)):
            return CUT
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if depth == 0:
            return "…"
        if isinstance(value, Mapping):
            return {str(k): self._value(str(k), v, depth - 1) for k, v in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value("", item, depth - 1) for item in value]
        text = self.text(value if isinstance(value, str) else str(value))
        return text if name == "exception" or len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def configure_logging(
    style: Literal["pretty", "json"],
    level: str,
    *,
    secrets: Iterable[str] = (),
    context: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send all logging of this process to `stream` (stderr).

    context: members of every line, e.g. which process this is; unlike context variables it reaches every thread.
    """
    stream = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    chain = _chain(SecretCutter(secrets), dict(context or {}))
    renderer = _renderer(style, stream)
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def _chain(cutter: SecretCutter, context: Mapping[str, str]) -> list[Callable[..., Any]]:
    def add_context(_logger: object, _method: str, event: _Event) -> _Event:
        return {**context, **event}

    return [
        structlog.contextvars.merge_contextvars,
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Before the cutter: a traceback quotes messages, and messages quote addresses with passwords in them.
        structlog.processors.format_exc_info,
        cutter,
    ]


def _renderer(style: Literal["pretty", "json"], stream: TextIO) -> Callable[..., Any]:
    if style == "json":
        return structlog.processors.JSONRenderer(serializer=_dump)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _dump(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
