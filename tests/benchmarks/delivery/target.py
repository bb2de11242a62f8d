"""The server that all deliver to: answers each POST after 50 ms and remembers what came, in a process of its own.

    python -m tests.benchmarks.delivery.target     prints {"port": ...} and serves until its input ends

POST /    headers x-id (a product's number), x-version (from 1), x-written (seconds since 1970, when it was written)
POST /_reset   forget everything; JSON {"latency": seconds, "failing": "first" | "always" | "never", "versions": n}
GET /_stats    what `Stats` holds, as JSON
GET /_latencies    seconds from x-written to the good answer, of the products that never fail

Failing are the products whose number is a multiple of 100: their calls are answered 503.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
_FAILING = 100
# Seconds that a connection's answers may be late because several of them are sent in one turn.
_TURN = 0.001


@dataclass(slots=True)
class Stats:
    """What happened since the last reset.

    ok, failed: answers. repeated: calls for a state that had been answered well before. current: products that show
    their newest version. inversions: calls that began after one of a newer version of the same product had begun.
    first, last: when the first call came, and when the last product became current. most: calls at once. longest_gap:
    the longest time without a good answer between two of them.
    """

    ok: int = 0
    failed: int = 0
    repeated: int = 0
    current: int = 0
    inversions: int = 0
    first: float = 0.0
    last: float = 0.0
    most: int = 0
    longest_gap: float = 0.0
    latest_ok: float = 0.0


class Journal:
    """What came to the server. versions: the newest version of every product."""

    def __init__(self, latency: float, failing: str, versions: int) -> None:
        self.latency = latency
        self.stats = Stats()
        self.latencies: list[float] = []
        self._failing = failing
        self._versions = versions
        self._in_flight = 0
        self._refused: set[int] = set()
        self._begun: dict[int, int] = {}
        self._shown: dict[int, int] = {}
        self._done: set[tuple[int, int]] = set()

    def begin(self, product: int, version: int) -> None:
        """A call has come."""
        stats = self.stats
        stats.first = stats.first or time.time()
        self._in_flight += 1
        stats.most = max(stats.most, self._in_flight)
        if version < self._begun.get(product, 0):
            stats.inversions += 1
        else:
            self._begun[product] = version

    def end(self, product: int, version: int, written: float) -> bytes:
        """The call is answered now."""
        self._in_flight -= 1
        if self._fails(product):
            self.stats.failed += 1
            return _BUSY
        now = time.time()
        self._good(product, version, now)
        if written and product % _FAILING:
            self.latencies.append(now - written)
        return _OK

    def _fails(self, product: int) -> bool:
        if product % _FAILING or self._failing == "never":
            return False
        if self._failing == "first" and product in self._refused:
            return False
        self._refused.add(product)
        return True

    def _good(self, product: int, version: int, now: float) -> None:
        stats = self.stats
        stats.ok += 1
        if (product, version) in self._done:
            stats.repeated += 1
        self._done.add((product, version))
        if stats.latest_ok:
            stats.longest_gap = max(stats.longest_gap, now - stats.latest_ok)
        stats.latest_ok = now
        before = self._shown.get(product)
        self._shown[product] = version
        stats.current += (version == self._versions) - (before == self._versions)
        if version == self._versions:
            stats.last = now


class Target:
    """All connections' state, and the queue of answers: all wait equally long, so that one queue keeps their order."""

    def __init__(self) -> None:
        self.journal = Journal(0.05, "first", 1)
        self._due: deque[tuple[float, Connection, tuple[int, int, float]]] = deque()

    def answer_later(self, connection: Connection, call: tuple[int, int, float]) -> None:
        """Answer this call when its time has come."""
        loop = asyncio.get_running_loop()
        if not self._due:
            loop.call_later(self.journal.latency, self._answer)
        self._due.append((loop.time() + self.journal.latency, connection, call))

    def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time() + _TURN / 2
        while self._due and self._due[0][0] <= now:
            _, connection, call = self._due.popleft()
            connection.write(self.journal.end(*call))
        if self._due:
            loop.call_later(max(_TURN, self._due[0][0] - now), self._answer)


class Connection(asyncio.Protocol):
    """One client's connection: as much of HTTP/1.1 as benchmarks send."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def write(self, answer: bytes) -> None:
        """Send, if anybody is left to read it."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            size = int(_header(head, b"content-length", b"0"))
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            self._request(head, body)

    def _request(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get /_stats"):
            self._json(asdict(self._target.journal.stats))
        elif head.startswith(b"get /_latencies"):
            self._json(self._target.journal.latencies)
        elif head.startswith(b"post /_reset"):
            self._target.journal = Journal(**json.loads(body))
            self._json({})
        else:
            call = int(_header(head, b"x-id")), int(_header(head, b"x-version")), float(_header(head, b"x-written"))
            self._target.journal.begin(call[0], call[1])
            self._target.answer_later(self, call)

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


def _header(head: bytes, name: bytes, default: bytes | None = None) -> bytes:
    at = head.find(b"\r\n" + name + b":")
    if at < 0:
        if default is None:
            raise ValueError(f"no header {name.decode()}")
        return default
    end = head.find(b"\r\n", at + 2)
    return head[at + len(name) + 3 : end if end >= 0 else len(head)].strip()


async def main() -> None:
    """Serve until the input ends, as it does when whoever started us is gone."""
    target = Target()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(target), "127.0.0.1", 0, backlog=2000)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)  # noqa: T201  whoever started us reads it
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)), daemon=True).start()
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
