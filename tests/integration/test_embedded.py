from __future__ import annotations

from consumer.embedded import Endpoints


def test_servers_serve(servers: Endpoints, fresh_name: str) -> None:
    assert servers.mongodb_uri.startswith("mongodb://")
