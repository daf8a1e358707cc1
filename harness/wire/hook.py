"""The one place where exchanges are seen, kept or answered: the requests adapter.

Everything the SDK, azure-identity, azure-storage-blob and azureml-mlflow send goes through
`requests.adapters.HTTPAdapter.send` (measured: 100 % of the recipe's traffic). Unlike swapping
connection classes, as vcrpy does, one function replaced once under a lock is safe with threads:
the upload pools of the SDK neither lose a request nor reach the network behind a replay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.wire.exchange import Exchange
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

Send = Callable[..., "Response"]
Through = Callable[[Send, "HTTPAdapter", "PreparedRequest", dict[str, Any]], "Response"]

_lock = threading.Lock()


@contextmanager
def hooked(through: Through) -> Iterator[None]:
    """Lead every request of this process through `through(send, adapter, request, arguments)`.

    Any thread may send. Only one hook at a time: a second one raises RuntimeError.
    """
    from requests.adapters import HTTPAdapter

    if not _lock.acquire(blocking=False):
        raise RuntimeError("exchanges are already observed in this process")
    send = HTTPAdapter.send

    def hooking(adapter: HTTPAdapter, request: PreparedRequest, **arguments: Any) -> Response:
        return through(send, adapter, request, arguments)

    setattr(HTTPAdapter, "send", hooking)  # noqa: B010  # the one hook, undone below
    try:
        yield
    finally:
        setattr(HTTPAdapter, "send", send)  # noqa: B010  # the undoing
        _lock.release()


@contextmanager
def observed(
    seen: Callable[[Exchange], None],
    step: Callable[[], int | None],
    through: Through | None = None,
) -> Iterator[None]:
    """Report each exchange to `seen` while the block runs, whoever answers it.

    `through` is the recorder or the tape of a replay; without it requests go out as ever.
    """
    started, pass_on = time.monotonic(), through or _pass_on

    def observing(
        send: Send, adapter: HTTPAdapter, request: PreparedRequest, arguments: dict[str, Any]
    ) -> Response:
        at, status, error = time.monotonic() - started, None, None
        try:
            response = pass_on(send, adapter, request, arguments)
            status = response.status_code
            return response
        except Exception as failure:
            error = type(failure).__name__
            raise
        finally:
            took = time.monotonic() - started - at
            seen(_exchange(request, step(), status, at, took, error))

    with hooked(observing):
        yield


def _pass_on(
    send: Send, adapter: HTTPAdapter, request: PreparedRequest, arguments: dict[str, Any]
) -> Response:
    return send(adapter, request, **arguments)


def _exchange(
    request: PreparedRequest,
    step: int | None,
    status: int | None,
    at: float,
    took: float,
    error: str | None,
) -> Exchange:
    method, url = str(request.method), str(request.url)
    parts = urlsplit(url)
    return Exchange(
        step=step,
        operation=name_of(method, url),
        method=method,
        host=parts.hostname or "",
        path=parts.path,
        status=status,
        at=round(at, 4),
        seconds=round(took, 4),
        error=error,
    )
