"""One engine replays one tape in a process of its own and writes what it cost, as JSON.

    python -m benchmarks.replaying.engines ENGINE N FOLDER PASSES

All are driven by azure-core's PipelineClient, as the SDK drives them, with the environment that the
target `cassette` sets; ours and the floor without garbage collection, as that target runs, the
others as they come. Costs are CPU time of the thread, so that other processes on the machine count
little. Where replaying everything would take minutes (vcrpy, 1,000 and more), requests at ten
places of the tape, at its beginning and at its end are measured, with all before them marked as
played.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from azure.core import PipelineClient
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from azure.core.rest import HttpRequest

from benchmarks.replaying.tape import HEADERS, Interaction, interactions
from harness.targets.cassette import UNSEARCHED

SAMPLED_FROM = 1_000  # interactions from which vcrpy is measured on a sample
PLACES, AT_EACH_END = 10, 5
UNCOLLECTED = ("floor", "ours")

Skip = Callable[[int], None] | None  # marks everything before a place as played
Opened = tuple[PipelineClient[Any, Any], Skip]


def main() -> None:
    """Load and replay so many times, compare every byte; the costs go into a file."""
    engine, count, folder, passes = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    report = Path(sys.argv[5])
    os.environ.update(UNSEARCHED)
    tape = interactions(count)
    costs = [_pass(engine, tape, folder) for _ in range(int(passes))]
    report.write_text(json.dumps(costs), encoding="utf-8")


def _pass(engine: str, tape: Sequence[Interaction], folder: Path) -> dict[str, Any]:
    """What it took to load and, by place, to replay; how many answers were right."""
    gc.collect()
    if engine in UNCOLLECTED:
        gc.disable()
    with ENGINES[engine](folder, len(tape)) as (client, skip, load):
        sampled = skip is not None and len(tape) >= SAMPLED_FROM
        costs, bodies = replay(client, tape, skip if sampled else None)
    gc.enable()
    exact = sum(body == tape[at].answer for at, body in bodies.items())
    return {
        "load": load * 1e3,
        "costs": {at: cost * 1e3 for at, cost in costs.items()},
        "evenly": list(evenly(len(tape)) if sampled else costs),
        "exact": exact,
    }


def replay(
    client: PipelineClient[Any, Any], tape: Sequence[Interaction], skip: Skip
) -> tuple[dict[int, float], dict[int, bytes]]:
    """CPU seconds and answer of each request, by its place in the tape."""
    places: Sequence[int] = range(len(tape))
    if skip:
        ends = (*range(AT_EACH_END + 1), *range(len(tape) - AT_EACH_END, len(tape)))
        places = sorted({*ends, *evenly(len(tape))})
    costs, bodies = {}, {}
    for at in places:
        if skip:
            skip(at)
        request = _request(tape[at])
        began = time.thread_time()
        response = client.send_request(request)
        bodies[at] = response.content
        costs[at] = time.thread_time() - began
    return costs, bodies


def evenly(count: int) -> range:
    """Places in the middle of ten equal parts."""
    return range(count // PLACES // 2, count, count // PLACES)


def _request(one: Interaction) -> HttpRequest:
    headers = {"content-type": "application/json"} if one.body else {}
    return HttpRequest(one.method, one.url, content=one.body, headers=headers)


@contextmanager
def ours(folder: Path, count: int) -> Iterator[Any]:
    """As the target `cassette` does it: hook, exchanges reported, network closed."""
    from harness.wire.cassette import read
    from harness.wire.hook import observed
    from harness.wire.sockets import blocked
    from harness.wire.tape import Tape

    began = time.thread_time()
    tape = Tape([read(folder / f"ours_{count}.json", limit=1 << 30)])
    load, seen = time.thread_time() - began, []
    with blocked(), observed(seen.append, lambda: 1, tape.through):
        yield _client(RequestsTransport()), None, load


@contextmanager
def vcrpy(folder: Path, count: int) -> Iterator[Any]:
    """vcrpy with its default matchers and its YAML (libyaml's loader)."""
    import vcr

    began = time.thread_time()
    place = str(folder / f"vcrpy_{count}.yaml")
    with vcr.VCR(record_mode="none").use_cassette(place) as cassette:
        load = time.thread_time() - began

        def skip(at: int) -> None:
            cassette.play_counts = Counter(dict.fromkeys(range(at), 1))

        yield _client(RequestsTransport()), skip, load


@contextmanager
def cassetter(folder: Path, count: int) -> Iterator[Any]:
    """cassetter with its defaults, from vcrpy's file."""
    from cassetter import use_cassette

    began = time.thread_time()
    with use_cassette(str(folder / f"vcrpy_{count}.yaml"), record_mode="none"):
        load = time.thread_time() - began
        yield _client(RequestsTransport()), None, load


@contextmanager
def floor(folder: Path, count: int) -> Iterator[Any]:
    """The least there can be under azure-core: a dict in the place of the transport."""
    began = time.thread_time()
    transport = Floor(folder / f"floor_{count}.json")
    load = time.thread_time() - began
    yield _client(transport), None, load


class Floor(HttpTransport[Any, Any]):
    """A transport that looks the answer up and does nothing else."""

    def __init__(self, path: Path) -> None:
        self._answers: dict[Any, deque[tuple[int, bytes]]] = defaultdict(deque)
        for method, url, body, status, answer in json.loads(path.read_bytes()):
            self._answers[method, url, body].append((status, answer.encode()))

    def send(self, request: HttpRequest, **_: Any) -> Any:
        """The next answer to that request."""
        from azure.core.rest._requests_basic import RestRequestsTransportResponse
        from requests import Response

        response = Response()
        answers = self._answers[request.method, request.url, request.content]
        response.status_code, answer = answers.popleft()
        response.headers.update(HEADERS)
        response.reason, response.url, response.raw = "OK", request.url, BytesIO(answer)
        return RestRequestsTransportResponse(request=request, internal_response=response)

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


def _client(transport: HttpTransport[Any, Any]) -> PipelineClient[Any, Any]:
    return PipelineClient("https://management.azure.com", transport=transport)


ENGINES = {"floor": floor, "ours": ours, "cassetter": cassetter, "vcrpy": vcrpy}

if __name__ == "__main__":
    main()
