"""No network: while this is open, no thread of the process connects, sends or looks up a name.

It sits in an audit hook, which CPython calls from the C code of every socket, below any class or
function that could be swapped or kept from before. Local pipes and Unix sockets are not network.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from harness.errors import NetworkError

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_EVENTS = frozenset((*_CONNECTS, *_LOOKS_UP, "socket.getnameinfo"))
_LIBRARIES = ("socket.py", "ssl.py", "connection.py", "connectionpool.py", "adapters.py")

_lock = threading.Lock()
_installed = False
_open = 0


@contextmanager
def blocked() -> Iterator[list[str]]:
    """Refuse all network use while the block runs; what was refused is in the list given.

    The attempt raises NetworkError, naming host and caller. May be nested.
    """
    global _open
    _install()
    with _lock:
        _open += 1
        if _open == 1:
            _refused.clear()
    try:
        yield _refused
    finally:
        with _lock:
            _open -= 1


_refused: list[str] = []


def _install() -> None:
    """Once: an audit hook cannot be removed, and does nothing while nothing is blocked."""
    global _installed
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _open or event not in _EVENTS:
        return
    host = _host(event, arguments)
    if host is None:
        return
    text = f"{host} from {_caller(sys._getframe(1))}"
    _refused.append(text)
    raise NetworkError(
        f"something tried to reach {text} while cassettes answer: a replay has no network.\n"
        "Next: make it use `requests` (which cassettes answer), or run on --target twin"
    )


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Whom it was for; None for what stays on this machine without a network."""
    if event in _LOOKS_UP:
        return str(arguments[0])
    address = arguments[1] if len(arguments) > 1 else arguments[0]
    if isinstance(address, tuple) and address:
        return f"{address[0]}:{address[1]}" if len(address) > 1 else str(address[0])
    return None  # AF_UNIX: a path; or an address given to connect() before


def _caller(frame: FrameType | None) -> str:
    """File and line of the first frame outside of the socket and HTTP libraries."""
    first = frame
    while frame is not None and frame.f_code.co_filename.endswith(_LIBRARIES):
        frame = frame.f_back
    frame = frame or first
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "an unknown place"
