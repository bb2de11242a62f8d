"""The processes of one machine's service: capture, delivery per channel, files that channels read, the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumer.bootstrap.start import environment_of
from consumer.bootstrap.tools import has_feed
from consumer.embedded import Endpoints
from consumer.processes import Child, free_ports
from consumer.settings import Settings

FEEDS = "feeds"
"""Stands among channels for the process that builds and serves their files."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the service and the base address of its metrics and health."""

    child: Child
    metrics_url: str


def service_parts(
    settings: Settings,
    endpoints: Endpoints,
    channels: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
) -> list[Part]:
    """Capture and a process for each of these, with metrics ports counted up from the configured one.

    channels: those that are delivered, and FEEDS where one of them reads a file (`with_feeds`).

    environment: further variables for all of them. Raises UnavailableError when no ports are free.
    """
    host = settings.place.metrics_host
    commands = {"capture": ("capture",)} | {name_of(channel): _arguments(channel) for channel in channels}
    first = settings.place.metrics_port or _FIRST_OF_ANY
    ports = free_ports(host, first, len(commands))
    further = {**environment_of(endpoints), **(environment or {})}
    return [
        _part(name, arguments, further, host=host, port=port)
        for (name, arguments), port in zip(commands.items(), ports, strict=True)
    ]


def one_more_part(settings: Settings, endpoints: Endpoints, channel: str, *, beside: Sequence[Part]) -> Part:
    """A process for one channel more, or FEEDS. beside: the parts there are or were, which keep their ports.

    Raises UnavailableError when no port is free.
    """
    host = settings.place.metrics_host
    taken = [int(part.child.environment["MARKETSYNC_METRICS_PORT"]) for part in beside]
    [port] = free_ports(host, max(taken) + 1, 1)
    return _part(name_of(channel), _arguments(channel), environment_of(endpoints), host=host, port=port)


def api_part(settings: Settings, endpoints: Endpoints, *, beside: Sequence[Part]) -> Part:
    """The process that serves the HTTP API. beside: the other parts. Raises UnavailableError when no port is free."""
    host = settings.place.metrics_host
    taken = [int(part.child.environment["MARKETSYNC_METRICS_PORT"]) for part in beside]
    [port] = free_ports(host, max(taken) + 1, 1)
    return _part("api", ("api",), environment_of(endpoints), host=host, port=port)


def name_of(channel: str) -> str:
    """What the delivery process of a channel is called, or that of FEEDS."""
    return FEEDS if channel == FEEDS else f"deliver {channel}"


def with_feeds(channels: Sequence[str]) -> list[str]:
    """These channels, and FEEDS where one of them reads a file."""
    return [*channels, *([FEEDS] if any(has_feed(channel) for channel in channels) else [])]


def _arguments(channel: str) -> tuple[str, ...]:
    return ("feeds", "serve") if channel == FEEDS else ("deliver", "--channel", channel)


def _part(name: str, arguments: Sequence[str], environment: Mapping[str, str], *, host: str, port: int) -> Part:
    command = ("-m", "consumer", *arguments, "--supervised")
    child = Child(name, command, {**environment, "MARKETSYNC_METRICS_PORT": str(port)})
    return Part(child, f"http://{host}:{port}")


# Where counting starts when any port will do: below the ranges that systems hand out by themselves.
_FIRST_OF_ANY = 20464
