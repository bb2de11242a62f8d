"""Secrets never reach a log line, in neither style, whatever way they take."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from consumer.logs import CUT, SecretCutter, configure_logging, hide, without_secrets
from tests.planted import plant

SECRET = f"v^1.1#i^1#{plant('token')}"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def start(style: Literal["pretty", "json"], level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(style, level, secrets=[SECRET], context={"process": "capture"}, stream=stream)
    return stream


@pytest.mark.parametrize("style", ["pretty", "json"])
@pytest.mark.parametrize(
    "members",
    [
        {"api_secret": "anything"},
        {"account": {"refresh_token": "anything"}},
        {"note": f"answered {SECRET} to us"},
        {"uri": "mongodb://shop:anything@db.example.test/?replicaSet=rs0"},
        {"headers": ["Authorization: Bearer anything-long-enough"]},
        {"body": "grant_type=refresh_token&refresh_token=anything&scope=x"},
        {"body": '{"access_token": "anything", "expires_in": 7200}'},
        {"value": SecretStr("anything")},
        {"note": "with v^1.1#i^1#p^3#anything, which nobody told us of"},
    ],
)
def test_a_secret_is_cut_wherever_it_stands(style: Literal["pretty", "json"], members: dict[str, Any]) -> None:
    stream = start(style)
    structlog.get_logger().warning("something happened", **members)
    line = stream.getvalue()
    assert "something happened" in line
    assert CUT in line
    assert "anything" not in line
    assert SECRET not in line


@pytest.mark.parametrize("style", ["pretty", "json"])
def test_a_traceback_and_a_library_line_are_cut_too(style: Literal["pretty", "json"]) -> None:
    stream = start(style)
    try:
        raise ValueError(f"cannot reach mongodb://u:pass-of-u@h with {SECRET}")
    except ValueError:
        structlog.get_logger().exception("failed")
    logging.getLogger("some.library").warning("sent %s", SECRET)
    text = stream.getvalue()
    assert "ValueError: cannot reach" in text
    assert "sent ***" in text
    assert SECRET not in text
    assert "pass-of-u" not in text


def test_json_lines_carry_level_time_process_and_values() -> None:
    stream = start("json")
    structlog.get_logger().bind(channel="ebay").info("started", partitions=12, resume_token="8265")
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "started",
        "level": "info",
        "process": "capture",
        "channel": "ebay",
        "partitions": 12,
        "resume_token": "8265",
    }


def test_below_the_level_nothing_is_written_and_chatty_libraries_are_quiet() -> None:
    stream = start("json", level="info")
    structlog.get_logger().debug("detail")
    logging.getLogger("some.library").debug("detail")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.example.test")
    assert stream.getvalue() == ""


def test_a_long_answer_is_shortened() -> None:
    stream = start("json")
    structlog.get_logger().info("answer", body="x" * 50_000)
    assert len(stream.getvalue()) < 2500
    assert "50000 characters" in stream.getvalue()


@given(st.recursive(st.just(SECRET) | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)))
def test_a_known_secret_is_found_at_any_depth(value: object) -> None:
    assert SECRET not in json.dumps(SecretCutter([SECRET])(None, "info", {"value": value}))


@pytest.mark.parametrize("style", ["pretty", "json"])
def test_a_secret_that_becomes_known_later_is_cut_from_then_on(style: Literal["pretty", "json"]) -> None:
    stream = start(style)
    later = plant("opened-later")
    hide([later])
    structlog.get_logger().warning("answered", words=f"no {later}")
    logging.getLogger("some.library").warning("sent %s", later)
    assert later not in stream.getvalue()
    assert "sent ***" in stream.getvalue()
    assert without_secrets(f"with {later}") == "with ***"


def test_a_secret_is_cut_as_an_address_has_it_too() -> None:
    cutter = SecretCutter(["a+b/c d#e"])
    assert cutter.text("x=a%2Bb%2Fc%20d%23e&y=a%2Bb%2Fc+d%23e&z=a+b/c d#e") == "x=***&y=***&z=***"


def test_of_two_secrets_that_begin_alike_the_longer_is_cut_whole() -> None:
    cutter = SecretCutter(["secret-1", "secret-1-and-more", "secret-2"])
    assert cutter.text("a secret-1-and-more, secret-1 and secret-2.") == "a ***, *** and ***."
