"""A real server to record from, and cassettes made from messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.plan import Plan
from harness.wire.cassette import Cassette, read, written
from harness.wire.draft import drafted
from harness.wire.message import Message, body_of
from harness.wire.operations import name_of
from harness.wire.scrub import Scrubber
from harness.wire.tape import Tape
from tests.wire.small import saved

REPEATS = 100
WS = (
    "https://management.azure.com/subscriptions/11111111-2222-3333-4444-555555555555/"
    "resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make prove-replay` says how often; without this folder on the command line, the default."""
    parser.addoption("--repeats", type=int, default=REPEATS, help="of each replay that is repeated")


@pytest.fixture
def repeats(request: pytest.FixtureRequest) -> int:
    """How often a test of repeated replays repeats them."""
    return int(request.config.getoption("--repeats", REPEATS))


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A real HTTP server on loopback that answers JSON with path and length; counts requests."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            self.server.asked.append(self.path)
            body = json.dumps({"path": self.path, "length": len(sent)}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST  # noqa: N815  # as http.server wants them

        def log_message(self, *args: object) -> None:
            pass

    class Patient(ThreadingHTTPServer):
        request_queue_size = 128  # many threads connect at once

    server = Patient(("127.0.0.1", 0), Answer)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes messages; each is a second after the one before."""
    count = 0

    def make(method: str, url: str, body: Any = None, answer: Any = None, **more: Any) -> Message:
        nonlocal count
        count += 1
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        url = url.replace("WS", WS, 1) if url.startswith("WS") else url
        sent = json.dumps(body) if isinstance(body, (dict, list)) else body
        operation = name_of(method, url)
        told: dict[str, Any] = {
            "step": 1,
            "in_step": True,
            "headers": {},
            "status": 200,
            "reason": "OK",
            "answer_headers": {"content-type": "application/json"},
        }
        return Message(
            operation=operation,
            method=method,
            url=url,
            body=body_of(sent, operation),
            answer=text if answer is not None else b"",
            at=float(count),
            until=count + 0.5,
            **(told | more),
        )

    return make


@pytest.fixture
def cassette(tmp_path: Path) -> Callable[..., Cassette]:
    """Writes messages to a file as a recording does, and reads it as a replay does."""

    def make(messages: Sequence[Message], **provenance: Any) -> Cassette:
        draft = drafted(messages, Scrubber())[1]
        told = {
            "step": 1,
            "scenario": "small",
            "target": "twin",
            "packages": {},
            "measured": draft.measured,
            "folds": draft.folds,
        }
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        path.write_text(written(told | provenance, draft.entries))
        return read(path)

    return make


@pytest.fixture
def tape(cassette: Callable[..., Cassette]) -> Callable[..., Tape]:
    """A tape of messages."""
    return lambda *messages, **provenance: Tape([cassette(messages, **provenance)])


@pytest.fixture
def recording(tmp_path: Path, message: Callable[..., Message]) -> Callable[..., Path]:
    """Cassettes of two steps in a folder, saved as a run saves them."""

    def make(plan: Plan | None = None, folder: str = "small") -> Path:
        messages = [
            message("GET", "WS", answer={"name": "w"}),
            message("GET", "WS/jobs/j", answer={"status": "Completed"}),
            message("GET", "WS/computes/c", answer={"n": 1}, step=2),
        ]
        return saved(messages, tmp_path / folder, plan)

    return make
