"""Which TCP ports the servers listen on: chosen once, remembered, taken again while they are free."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Sequence
from pathlib import Path

# Below the range from which systems take ports for outgoing connections: a server that is down for a moment does not
# lose its port to somebody's client.
_LOWEST, _HIGHEST = 20_000, 32_000
_LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are only fading do not count
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on this port of the loopback address."""
    try:
        socket.create_connection((_LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def remembered(file: Path, names: Sequence[str]) -> dict[str, int] | None:
    """The ports written there, None when the file is missing, damaged or lacks one."""
    try:
        ports = json.loads(file.read_bytes())
        found = {name: ports[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if all(isinstance(port, int) and 0 < port < 65536 for port in found.values()) else None


def choose(file: Path, names: Sequence[str], dice: random.Random) -> dict[str, int]:
    """The remembered ports where they are free, others in place of those that are not; written to `file`."""
    before = remembered(file, names) or {}
    chosen: dict[str, int] = {}
    for name in names:
        port = before.get(name, 0)
        while not port or port in chosen.values() or not is_free(port):
            port = dice.randrange(_LOWEST, _HIGHEST)
        chosen[name] = port
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(chosen), encoding="ascii")
    os.replace(fresh, file)
    return chosen
