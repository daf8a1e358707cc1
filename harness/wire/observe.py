"""See every exchange of this process, at the one place all of them pass: the requests adapter.

Everything the SDK, azure-identity, azure-storage-blob and azureml-mlflow send goes through
`requests.adapters.HTTPAdapter.send` (measured: 100 % of the recipe's traffic).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from harness.wire.exchange import Exchange
from harness.wire.operations import name_of

_lock = threading.Lock()


@contextmanager
def observed(seen: Callable[[Exchange], None], step: Callable[[], int | None]) -> Iterator[None]:
    """Report each exchange to `seen` while the block runs; any thread may send.

    Only one observer at a time: a second one raises RuntimeError.
    """
    from requests.adapters import HTTPAdapter

    if not _lock.acquire(blocking=False):
        raise RuntimeError("exchanges are already observed in this process")
    send, started = HTTPAdapter.send, time.monotonic()

    def observing(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        at, status, error = time.monotonic() - started, None, None
        try:
            response = send(adapter, request, *args, **kwargs)
            status = response.status_code
            return response
        except Exception as failure:
            error = type(failure).__name__
            raise
        finally:
            took = time.monotonic() - started - at
            seen(_exchange(request, step(), status, at, took, error))

    setattr(HTTPAdapter, "send", observing)  # noqa: B010  # the one hook, undone below
    try:
        yield
    finally:
        setattr(HTTPAdapter, "send", send)  # noqa: B010
        _lock.release()


def _exchange(
    request: Any, step: int | None, status: int | None, at: float, took: float, error: str | None
) -> Exchange:
    parts = urlsplit(request.url)
    return Exchange(
        step=step,
        operation=name_of(request.method, request.url),
        method=request.method,
        host=parts.hostname or "",
        path=parts.path,
        status=status,
        at=round(at, 4),
        seconds=round(took, 4),
        error=error,
    )
