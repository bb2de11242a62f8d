"""Errors of the service itself (those of the channels are in `adapters.errors`)."""

from __future__ import annotations


class MarketsyncError(Exception):
    """Base. The message is one line for an operator: what is wrong and what to do about it."""


class SettingsError(MarketsyncError):
    """A setting is missing or unusable; the message names the variable."""


class UnavailableError(MarketsyncError):
    """A server we need could not be reached in time."""


class FencedError(MarketsyncError):
    """Another process has taken over our role; this one must stop without writing anything more."""


class UndecodableEventError(MarketsyncError):
    """A Kafka record is not one of our events. `field` names what could not be read."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
