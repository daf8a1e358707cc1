"""One HTTP exchange with a container, asynchronously.

The container's gunicorn worker closes after every answer (it is a `sync` one), so there is no
connection to keep: a new one on the loopback costs a tenth of a millisecond, and its end is the
answer's end. Half a millisecond an exchange cheaper than h11 over anyio (0.8 to 0.4).
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import socket

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """What a container said; header names in lower case."""

    status: int
    headers: Headers
    body: bytes


async def ask(port: int, method: str, target: str, headers: Headers, body: bytes) -> Reply:
    """Send one request to a container of this machine and read all of the answer.

    Raises OSError when the container is not there or breaks off.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_head(port, method, target, headers, len(body)) + body)
        await writer.drain()
        return _parsed(method, await reader.read())
    finally:
        writer.close()


def _head(port: int, method: str, target: str, headers: Headers, size: int) -> bytes:
    own = [("host", f"127.0.0.1:{port}"), ("connection", "close"), ("content-length", str(size))]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in own + headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _parsed(method: str, data: bytes) -> Reply:
    response = HTTPResponse(cast("socket.socket", _Received(data)), method=method)
    try:
        response.begin()
        body = response.read()
    except HTTPException as error:
        raise ConnectionError(f"the container broke its answer off: {error!r}") from None
    headers = [(name.lower(), value) for name, value in response.getheaders()]
    return Reply(response.status, headers, body)


class _Received:
    """What HTTPResponse wants of a socket, once all has been received."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:  # its caller passes one
        return io.BytesIO(self._data)
