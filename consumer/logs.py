"""Logging for people and for collectors: one line per happening, bound context, secrets cut before anything is written.

Rooms log through `structlog.get_logger()`; libraries log through the standard module. Both end here, on stderr.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

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
# What it looks like, behind words of which one is in any such text: looking for them costs a tenth of the pattern.
_SECRET_TEXTS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # How eBay's tokens begin, those that a process was given too.
    (("v^1.1#",), re.compile(r"v\^1\.1#[^\s\"'&,;}]+"), CUT),
    (("://",), re.compile(r"(://)[^/@\s:]*:[^/@\s]+@"), rf"\1{CUT}@"),
    (
        ("bearer", "basic"),
        re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/^#=-]{6,}", re.IGNORECASE),
        rf"\1 {CUT}",
    ),
    (
        ("_token", "client_secret", "key", "password"),
        re.compile(
            r"\b((?:access|refresh)_token|client_secret|api_?key|password)(\"?'?\s*[=:]\s*\"?'?)[^\s&\"',}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{CUT}",
    ),
)
# Libraries that report every request or every pool event at info.
_CHATTY = ("asyncio", "httpx", "httpcore", "aiohttp", "pymongo", "uvicorn")

# Beside the words of a line they would only be noise to people.
_FOR_COLLECTORS = frozenset({"product", "topic", "partition", "offset", "trace"})

_Event = MutableMapping[str, Any]


class SecretCutter:
    """A structlog processor that replaces secrets by name, by known value and by shape, at any depth.

    Secrets are found by how they begin, so that a line costs the same whether one is known or ten thousand.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self.learn(secrets)

    def __call__(self, _logger: object, _method: str, event: _Event) -> _Event:
        return {name: self._value(name, value, _DEEPEST) for name, value in event.items()}

    def learn(self, secrets: Iterable[str]) -> None:
        """Cut these too from now on, as they are and as an address or a form would have them; lines of all threads."""
        for secret in {form for known in secrets for form in (known, quote(known, safe=""), quote_plus(known))}:
            beginning = secret[:_SHORTEST_SECRET]
            alike = self._known.get(beginning, ())
            if len(secret) >= _SHORTEST_SECRET and secret not in alike:
                # Longest first: one secret may be the beginning of another.
                self._known[beginning] = tuple(sorted((*alike, secret), key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text without secrets, not shortened."""
        text = self._without_known(text) if self._known else text
        folded = text.casefold()
        for words, pattern, replacement in _SECRET_TEXTS:
            if any(word in folded for word in words):
                text = pattern.sub(replacement, text)
        return text

    def _without_known(self, text: str) -> str:
        kept: list[str] = []
        begin = at = 0
        while at <= len(text) - _SHORTEST_SECRET:
            alike = self._known.get(text[at : at + _SHORTEST_SECRET], ())
            found = next((secret for secret in alike if text.startswith(secret, at)), None)
            if found is None:
                at += 1
                continue
            kept += (text[begin:at], CUT)
            begin = at = at + len(found)
        return "".join((*kept, text[begin:])) if kept else text

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


def hide(secrets: Iterable[str]) -> None:
    """Cut these out of every line of this process from now on: secrets that became known while it runs."""
    cutter = _cutter_at_work()
    if cutter is not None:
        cutter.learn(secrets)


def without_secrets(text: str) -> str:
    """The text as a log line would have it: for words that are stored or sent elsewhere."""
    return (_cutter_at_work() or SecretCutter()).text(text)


def _cutter_at_work() -> SecretCutter | None:
    """The one that all lines of this process pass through, libraries' too; None before logging is configured."""
    return next((step for step in structlog.get_config()["processors"] if isinstance(step, SecretCutter)), None)


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
    if style == "pretty":
        chain.append(_for_people)
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


def _for_people(_logger: object, _method: str, event: _Event) -> _Event:
    """What went well is said in words; where it was read is for collectors."""
    if event.get("level") != "info":
        return event
    return {name: value for name, value in event.items() if name not in _FOR_COLLECTORS}


def _renderer(style: Literal["pretty", "json"], stream: TextIO) -> Callable[..., Any]:
    if style == "json":
        return structlog.processors.JSONRenderer(serializer=_dump)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _dump(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
