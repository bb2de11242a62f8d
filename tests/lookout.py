"""Fails every test in which a planted secret shows: in what it printed or logged, and in what errors say.

A pytest plugin, registered by `tests/conftest.py`, so that it counts for the whole suite. What other processes left
behind is looked through where their fixture takes it down (`tests.left_behind`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.errors import AdapterError
from consumer.errors import MarketsyncError
from tests.planted import shown_in


class LookOut:
    """What was heard since the last report, and where a secret showed in it."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def hear(self, whence: str, text: str | bytes) -> None:
        """Look through a text."""
        if words := shown_in(text):
            self._found.append(f"{whence}: {words}")

    def take(self) -> list[str]:
        """What was found, once."""
        found, self._found = self._found, []
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A phase of a test in which a secret showed has failed, whatever else it says."""
        report = yield
        for header, content in report.sections:
            if header.endswith(f" {call.when}"):
                self.hear(header, content)
        if found := self.take():
            report.outcome = "failed"
            before = f"\n\n{report.longreprtext}" if report.longrepr else ""
            report.longrepr = f"A planted secret shows in {item.nodeid}:\n" + "\n".join(found) + before
        return report


@contextmanager
def listening(look_out: LookOut) -> Iterator[None]:
    """During the block, everything our errors say is heard, and what tests read of their own output."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in (MarketsyncError, AdapterError):
            patch.setattr(kind, "__init__", _heard_when_made(kind, look_out))
        patch.setattr(pytest.CaptureFixture, "readouterr", _heard_when_read(look_out))
        yield


def _heard_when_made(kind: type[Exception], look_out: LookOut) -> Callable[..., None]:
    """Of an error that is caught nothing is printed, so its words are heard when it is made."""
    original: Callable[..., None] = kind.__init__

    def init(error: Exception, *args: Any, **more: Any) -> None:
        original(error, *args, **more)
        look_out.hear(f"{type(error).__name__} raised", f"{error} {error.args!r} {more!r}")

    return init


def _heard_when_read(look_out: LookOut) -> Callable[..., Any]:
    """What a test takes from its captured output is not in its report."""
    original: Callable[..., Any] = pytest.CaptureFixture.readouterr

    def readouterr(fixture: Any) -> Any:
        result = original(fixture)
        for whence, text in zip(("standard output", "standard error"), result, strict=True):
            look_out.hear(whence, text)
        return result

    return readouterr
