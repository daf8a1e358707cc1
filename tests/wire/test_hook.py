"""Every exchange of the process is seen, from any thread, and the hook is gone afterwards."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from requests.adapters import HTTPAdapter

from harness.wire.exchange import Exchange
from harness.wire.hook import observed


@pytest.fixture
def address():
    """A real HTTP server on loopback that answers 204."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_threads_lose_nothing(address: str) -> None:
    """8 threads, 80 requests, 80 exchanges with status and step."""
    seen: list[Exchange] = []
    with observed(seen.append, lambda: 4), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: requests.get(f"{address}/{n}"), range(80)))

    assert len(seen) == 80
    assert {(4, 204, None)} == {(e.step, e.status, e.error) for e in seen}


def test_a_failure_is_an_exchange_too() -> None:
    """No answer: status is None and the error is named."""
    seen: list[Exchange] = []
    with observed(seen.append, lambda: None), pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:9/")

    assert [(e.status, e.error) for e in seen] == [(None, "ConnectionError")]


def test_the_query_is_not_kept(address: str) -> None:
    """Signatures and tokens travel in queries; an exchange has none."""
    seen: list[Exchange] = []
    with observed(seen.append, lambda: 1):
        requests.get(f"{address}/blob?sig=sesame")

    assert "sesame" not in repr(seen)


def test_the_hook_is_undone(address: str) -> None:
    """After the block requests sends as before."""
    before = HTTPAdapter.send
    with observed(lambda exchange: None, lambda: None):
        assert HTTPAdapter.send is not before

    assert HTTPAdapter.send is before


def test_one_observer_at_a_time() -> None:
    """A second one would see everything twice."""
    with (
        observed(lambda exchange: None, lambda: None),
        pytest.raises(RuntimeError, match="already"),
        observed(lambda exchange: None, lambda: None),
    ):
        pass
