"""One command on its way through Amazon's calls: of a group, what became of each of its SKUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.amazon.client import Submission
from adapters.errors import (
    AdapterError,
    ChannelHaltedError,
    RateLimitedError,
    TemporaryError,
)
from adapters.model import Command, Listing, Operation, Outcome

FULFILLMENT = "fulfillment"  # whose stock the SKU is, in Amazon's words
CHILDREN = "children"  # of a group: JSON, SKU -> whose stock it is
_MOST_NAMED = 5


@dataclass(slots=True, eq=False)
class Work:
    """How far a command has come.

    channels: whose stock each of its SKUs is, as far as is known. children: SKUs of the group that are, or may be, on
    the channel. written: Amazon took at least one write, so that an error later leaves the listing half changed.
    """

    command: Command
    channels: dict[str, str] = field(default_factory=dict)
    children: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    failures: dict[str, AdapterError] = field(default_factory=dict)
    written: bool = False

    @classmethod
    def of(cls, command: Command) -> Work:
        """Work not yet begun, knowing what earlier outcomes told to keep."""
        children = _children(command.references.get(CHILDREN, ""))
        channels = {sku: channel for sku, channel in children.items() if channel}
        family = {*children, *command.variants, *command.quantities}
        if channel := command.references.get(FULFILLMENT):
            channels[command.sku] = channel
        return cls(command, channels, family)

    @property
    def sku(self) -> str:
        return self.command.sku

    @property
    def listing(self) -> Listing:
        """The wanted state."""
        if self.command.listing is None:
            raise ValueError(f"{self.command.operation} needs a listing")
        return self.command.listing

    @property
    def quantity(self) -> int:
        """The wanted stock of a command that is about nothing else."""
        if self.command.quantity is None:
            raise ValueError(f"{self.command.operation} needs a quantity")
        return self.command.quantity

    def sold(self) -> list[str]:
        """The SKUs that a buyer may buy once the wanted state is shown."""
        return [variant.sku for variant in self.listing.variants] or [self.sku]

    def told(self) -> bool:
        """Whether references say what there is of this SKU: one listing, or a group and its children."""
        return bool(self.channels or self.children)

    def fail(self, sku: str, error: AdapterError) -> None:
        """This SKU could not be done. One failure may end many, so each gets a copy of its own."""
        self.failures[sku] = copy(error)

    def settle(self, sku: str, submission: Submission) -> None:
        """What Amazon said of this SKU."""
        if submission.error is not None:
            self.fail(sku, submission.error)
            return
        self.written = True
        self.failures.pop(sku, None)
        named = "" if sku == self.sku else f"{sku}: "
        self.warnings.extend(f"{named}{warning}" for warning in submission.warnings)

    def outcome(self) -> Outcome:
        """What came of it."""
        return Outcome(
            sku=self.sku,
            error=self._error(),
            references=self._references(),
            warnings=tuple(dict.fromkeys(self.warnings)),
        )

    def _references(self) -> dict[str, str]:
        if self.children:
            kept = {sku: self.channels.get(sku, "") for sku in sorted(self.children)}
            return {CHILDREN: orjson.dumps(kept).decode()}
        none_left = {CHILDREN: ""} if self.command.references.get(CHILDREN) else {}
        channel = self.channels.get(self.sku)
        return {FULFILLMENT: channel, **none_left} if channel else none_left

    def _error(self) -> AdapterError | None:
        """Of several failures the one that lets the others be tried again decides; all are told."""
        if not self.failures:
            return None
        failures = dict(sorted(self.failures.items()))
        error = copy(min(failures.values(), key=_weight))
        if set(failures) != {self.sku}:
            error.message = _told(failures)
            error.args = (error.message,)
        error.effect_unknown = any(failure.effect_unknown for failure in failures.values())
        error.known = all(failure.known for failure in failures.values())
        if self.written and self.command.operation is not Operation.CREATE:
            error.effect_unknown = True
        return error


def alive(works: Iterable[Work]) -> list[Work]:
    """Those of which nothing has failed."""
    return [work for work in works if not work.failures]


def _weight(error: AdapterError) -> int:
    order = (ChannelHaltedError, RateLimitedError, TemporaryError, AdapterError)
    return next(place for place, kind in enumerate(order) if isinstance(error, kind))


def _told(failures: Mapping[str, AdapterError]) -> str:
    lines = [f"{sku}: {error.message}" for sku, error in list(failures.items())[:_MOST_NAMED]]
    if len(failures) > _MOST_NAMED:
        lines.append(f"and {len(failures) - _MOST_NAMED} more")
    return "; ".join(lines)


def _children(text: str) -> dict[str, str]:
    """The children of a group; none where the reference is missing or stale."""
    try:
        kept: Any = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return {str(sku): str(channel) for sku, channel in kept.items()} if isinstance(kept, dict) else {}
