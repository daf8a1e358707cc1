"""The CONNECT proxy: leads every host to the twin's one TLS port, so nothing reaches the internet.

It is also where connections die: `cut` ends one as a broken network would.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

_READ = 65_536
_NO_TUNNEL = (
    b"HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"The twin tunnels https only; plain http must not go through its proxy (set NO_PROXY).\n"
)


class Tunnels:
    """Blind tunnels from clients to one port of 127.0.0.1."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: dict[int, tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None
        self.last = time.monotonic()  # when a client last sent something

    async def start(self) -> int:
        """Listen on a free port of 127.0.0.1; which one."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self, port: int) -> None:
        """End the tunnel whose connection to the twin comes from this port, without a goodbye."""
        for writer in self._open.get(port, ()):
            writer.transport.abort()

    def close(self) -> None:
        """End all tunnels and stop listening."""
        if self._server:
            self._server.close()
        for port in list(self._open):
            self.cut(port)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"CONNECT "):
                await self._tunnel(reader, writer)
            else:
                writer.write(_NO_TUNNEL)
                await writer.drain()
        writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        port = inner_writer.get_extra_info("sockname")[1]
        self._open[port] = (writer, inner_writer)
        try:
            writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            await asyncio.gather(self._pump(reader, inner_writer), self._pump(inner_reader, writer))
        finally:
            del self._open[port]
            inner_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy until one side ends, then tell the other."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_READ):
                self.last = time.monotonic()
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()
