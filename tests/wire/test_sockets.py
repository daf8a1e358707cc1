"""While cassettes answer, nothing in the process reaches the network."""

from __future__ import annotations

import _socket
import asyncio
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import NetworkError
from harness.wire.sockets import blocked


def udp(port: int) -> None:
    """A datagram, without any connection."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", port))


def raw(port: int) -> None:
    """Below Python's socket class, where replacing methods would not help."""
    plain = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        plain.connect(("127.0.0.1", port))
    finally:
        plain.close()


def asynchronous(port: int) -> None:
    """The event loop's own way to connect."""
    asyncio.run(asyncio.open_connection("127.0.0.1", port))


WAYS = [
    lambda port: socket.create_connection(("127.0.0.1", port)),
    lambda port: socket.getaddrinfo("example.com", port),
    lambda port: socket.gethostbyname("example.com"),
    lambda port: urllib.request.urlopen(f"http://127.0.0.1:{port}/"),
    udp,
    raw,
    asynchronous,
]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_is_closed(server, way) -> None:
    """Connect, look up, send, from any layer: refused, and the server hears nothing."""
    with blocked() as refused, pytest.raises(NetworkError):
        way(server.server_port)

    assert len(refused) == 1
    assert server.asked == []


def test_the_refusal_names_host_and_caller(server) -> None:
    """Whom it was for, and the line of the code that tried."""
    with blocked(), pytest.raises(NetworkError) as refused:
        socket.create_connection(("127.0.0.1", server.server_port))

    assert f"127.0.0.1 from {__file__}:" in str(refused.value)


def test_threads_are_closed_in_too() -> None:
    """A pool that was started before is as cut off as the main thread."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: threading.get_ident(), range(8)))
        with blocked() as refused:
            tries = [pool.submit(socket.getaddrinfo, "example.com", 443) for _ in range(64)]
            errors = {type(one.exception()) for one in tries}

    assert errors == {NetworkError}
    assert len(refused) == 64


def test_it_opens_again(server) -> None:
    """After the block everything works as before, and Unix sockets worked all the time."""
    with blocked():
        left, right = socket.socketpair()
        left.send(b"x")
        assert right.recv(1) == b"x"
    left.close()
    right.close()

    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        assert connection.getpeername()
