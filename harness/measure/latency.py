"""Latency of the scoring endpoint, as a client sees it that keeps its connection."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import AnswerError
from harness.report.run_record import Latency
from harness.shell import run_again

if TYPE_CHECKING:
    from harness.recipe.score import Caller

_WHO = "azureml-model-deployment"
WHAT = (
    "one POST of sample_score.json to the scoring URI over one kept-alive HTTPS connection, "
    "closed loop, from sending to the last byte of the answer; key fetched beforehand"
)


def sender(caller: Caller) -> Callable[[], bytes]:
    """A function that sends the request once over a session it keeps, and returns the body.

    The proxy and CA settings are read from the environment once, not at every request. The
    function raises AnswerError when the answer is not a 200, or is another deployment's.
    """
    import requests

    session = requests.Session()
    settings = session.merge_environment_settings(caller.url, {}, None, None, None)
    session.trust_env = False
    # no command asks the endpoint any more: step 9 deletes it
    again = f"{run_again('twin')}  # run.json in its folder lists all that was sent before"

    def send() -> bytes:
        try:
            answer = session.post(caller.url, data=caller.body, headers=caller.headers, **settings)
        except requests.RequestException as error:
            # `from None`: the frames below hold the key among their arguments
            raise AnswerError(
                f"scoring at {caller.url} cannot be reached ({type(error).__name__}). Next: {again}"
            ) from None
        if answer.status_code != 200:
            raise AnswerError(
                f"scoring answered {answer.status_code}: {answer.text[:300]!r}. Next: {again}"
            )
        asked, by = caller.headers.get(_WHO), answer.headers.get(_WHO)
        if by is not None and by != asked:  # recorded Azure answers name who answered
            raise AnswerError(f"deployment {by!r} answered what {asked!r} was asked. Next: {again}")
        return answer.content

    return send


def kept_by(bodies: list[bytes], send: Callable[[], bytes]) -> Callable[[], None]:
    """`send`, with each body kept so that it can be judged after the clock has stopped."""
    return lambda: bodies.append(send())


def timed(send: Callable[[], Any], times: int) -> list[float]:
    """Milliseconds of each of `times` calls."""
    samples = []
    for _ in range(times):
        started = time.perf_counter()
        send()
        samples.append((time.perf_counter() - started) * 1000)
    return samples


class Clock:
    """The clock pytest-benchmark measures with: the real one, or one that shows recorded times.

    A replay answers in microseconds, which says nothing about anybody's latency. After
    `replay(samples)`, each pair of readings is one recorded sample apart (milliseconds).
    """

    __name__ = "harness clock"  # pytest-benchmark shows it

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._now = 0.0
        self._reading = 0

    def replay(self, samples_ms: Sequence[float]) -> None:
        """Show these times instead of the real ones, one for each measurement."""
        self._samples, self._reading = list(samples_ms), 0

    def __call__(self) -> float:
        """Seconds."""
        if not self._samples:
            return time.perf_counter()
        if self._reading % 2:
            self._now += self._samples[(self._reading // 2) % len(self._samples)] / 1000
        self._reading += 1
        return self._now


def raw_samples(benchmark: Any) -> list[float]:
    """Milliseconds of every round pytest-benchmark measured; empty where it is switched off.

    It switches itself off under xdist and with --benchmark-disable.
    """
    return [s * 1000 for s in benchmark.stats.stats.data] if benchmark.stats else []


def percentile(samples: Sequence[float], p: float) -> float:
    """The nearest-rank percentile: the smallest sample that at least p percent do not exceed."""
    if not samples:
        raise ValueError("no samples")
    return sorted(samples)[max(0, math.ceil(p / 100 * len(samples)) - 1)]


def summarized(samples_ms: Sequence[float]) -> Latency:
    """Nearest-rank percentiles, mean and range of latencies in milliseconds."""
    return Latency(
        n=len(samples_ms),
        p50=percentile(samples_ms, 50),
        p90=percentile(samples_ms, 90),
        p99=percentile(samples_ms, 99),
        mean=sum(samples_ms) / len(samples_ms),
        min=min(samples_ms),
        max=max(samples_ms),
    )
