"""Where Kafka is, and how to log in there."""

from __future__ import annotations

from collections.abc import Mapping


class Brokers(str):
    """Addresses of brokers as text (host:port, comma separated), which carries how to log in beside it.

    As text it shows addresses only, so that errors and tables may quote it. security: the client's own settings,
    see librdkafka's CONFIGURATION.md; they hold secrets.
    """

    __slots__ = ("security",)

    security: Mapping[str, str]

    def __new__(cls, addresses: str, security: Mapping[str, str] | None = None) -> Brokers:
        """The addresses, with or without a way to log in."""
        brokers = super().__new__(cls, addresses)
        brokers.security = dict(security or {})
        return brokers


def security_of(bootstrap: str) -> Mapping[str, str]:
    """How to log in at these addresses; empty where anybody may come in."""
    return bootstrap.security if isinstance(bootstrap, Brokers) else {}
