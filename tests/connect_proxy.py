"""A company's proxy: it tunnels what is asked with CONNECT, and counts the tunnels by host."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

Read = Callable[[int], bytes | None]
Write = Callable[[bytes], object]


class ConnectProxy(ThreadingTCPServer):
    """Every tunnel leads to another proxy, the twin's own, as Azure is nowhere near a test."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        address = urlsplit(behind)
        self.behind = (str(address.hostname), int(address.port or 0))
        self.tunnels: Counter[str] = Counter()
        self.others: list[str] = []  # requests that are no CONNECT
        super().__init__(("127.0.0.1", 0), _Tunnel)

    @property
    def url(self) -> str:
        """What goes into HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Tunnel(StreamRequestHandler):
    server: ConnectProxy

    def handle(self) -> None:
        """Hand the question on as it is, then copy both ways until one side ends."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            head += line
        method, target, _ = head.split(b" ", 2)
        if method != b"CONNECT":
            self.server.others.append(target.decode())
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        self.server.tunnels[target.decode().partition(":")[0]] += 1
        with socket.create_connection(self.server.behind) as inner, inner.makefile("rwb", 0) as far:
            far.write(head)
            out = (self.rfile.read1, far.write, inner)
            threading.Thread(target=_copy, args=out, daemon=True).start()
            _copy(far.read, self.wfile.write, self.connection)


def _copy(read: Read, write: Write, end: socket.socket) -> None:
    """Until the reader has come to its end; the writer's socket learns of it."""
    with suppress(OSError, ValueError):
        while data := read(65536):
            write(data)
    with suppress(OSError):
        end.shutdown(socket.SHUT_WR)


@contextmanager
def connect_proxy(behind: str) -> Iterator[ConnectProxy]:
    """One that serves while the block runs."""
    with ConnectProxy(behind) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
