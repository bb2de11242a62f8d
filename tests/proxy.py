"""A TCP proxy whose connections a test can cut, as a network does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Proxy:
    """Passes bytes on to host:port. `cut` breaks all connections; while `refusing`, new ones are closed at once.

    cut_in: the first connection that gets so many bytes in one piece or more is broken in the middle of them, once.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self.refusing = False
        self.cut_in: int | None = None
        self.cuts = 0
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut(self) -> int:
        """Break every connection; returns how many there were."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):  # its other half may be faster
                    end.shutdown(socket.SHUT_RDWR)
        return len(pairs)

    def close(self) -> None:
        """Stop listening and break what is open."""
        self.refusing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                near.close()
                continue
            far = socket.create_connection(self._target)  # closed by the thread that reads from it
            with self._lock:
                self._pairs.append((near, far))
            threading.Thread(target=_pass_on, args=(near, far, bytes), name="proxy", daemon=True).start()
            threading.Thread(target=_pass_on, args=(far, near, self._cut_short), name="proxy", daemon=True).start()

    def _cut_short(self, data: bytes) -> bytes:
        """What of this answer gets through; less than all is the end of its connection."""
        limit = self.cut_in
        if limit is None or len(data) < limit:
            return data
        self.cut_in = None
        self.cuts += 1
        return data[: limit // 2]


def _pass_on(source: socket.socket, sink: socket.socket, part: Callable[[bytes], bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            through = part(data)
            sink.sendall(through)
            if len(through) < len(data):
                break
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
    source.close()
