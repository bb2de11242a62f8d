"""The processes that one machine's service is made of: one capture, one delivery per channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumer.bootstrap.start import environment_of
from consumer.embedded import Endpoints
from consumer.processes import Child, free_ports
from consumer.settings import Settings


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
    """Capture and a delivery per channel, with metrics ports counted up from the configured one.

    environment: further variables for all of them. Raises UnavailableError when no ports are free.
    """
    host = settings.place.metrics_host
    commands = {"capture": ("capture",)} | {f"deliver {c}": ("deliver", "--channel", c) for c in channels}
    first = settings.place.metrics_port or _FIRST_OF_ANY
    ports = free_ports(host, first, len(commands))
    return [
        Part(
            Child(
                name,
                ("-m", "consumer", *arguments, "--supervised"),
                {**environment_of(endpoints), **(environment or {}), "MARKETSYNC_METRICS_PORT": str(port)},
            ),
            f"http://{host}:{port}",
        )
        for (name, arguments), port in zip(commands.items(), ports, strict=True)
    ]


# Where counting starts when any port will do: below the ranges that systems hand out by themselves.
_FIRST_OF_ANY = 20464
