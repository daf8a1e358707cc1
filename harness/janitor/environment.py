"""How a sweep reaches the service that a ledger names: a twin says so in a file, Azure is there."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit


@contextmanager
def twin_environment(ready: Path | None) -> Iterator[bool]:
    """This process's environment led to the twin of that file; None leaves it as it is.

    Yields whether the service can be there: False when the twin has ended.
    """
    if ready is None:
        yield True
        return
    try:
        told = json.loads(ready.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the file goes when a twin ends
        yield False
        return
    before = dict(os.environ)
    for name in told["unset"]:
        os.environ.pop(name, None)
    os.environ.update(told["env"])
    try:
        yield _answers(told["proxy"])
    finally:
        os.environ.clear()
        os.environ.update(before)


def _answers(proxy: str) -> bool:
    address = urlsplit(proxy)
    try:
        socket.create_connection((str(address.hostname), int(address.port or 0)), 5).close()
    except OSError:
        return False
    return True
