"""Latency: nearest-rank percentiles over raw samples."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import AnswerError
from harness.measure.latency import kept_by, percentile, sender, summarized
from harness.recipe.score import Caller
from harness.report.run_record import Latency

KEY = "sesame"
SAMPLES = st.lists(st.floats(0.001, 1e6), min_size=1)


@given(SAMPLES, st.floats(0.1, 100))
def test_percentile_is_a_sample_that_enough_do_not_exceed(samples: list[float], p: float) -> None:
    """Nearest rank: an observed value, at or above p percent of the samples, and the smallest."""
    value = percentile(samples, p)

    at_or_below = sum(sample <= value for sample in samples)
    below = sum(sample < value for sample in samples)
    assert value in samples
    assert at_or_below >= p / 100 * len(samples) - 1e-9
    assert below < p / 100 * len(samples) + 1e-9


def test_summary_of_three() -> None:
    """Every figure is one a reader can check by hand."""
    assert summarized([3.0, 1.0, 2.0]) == Latency(
        n=3, p50=2.0, p90=3.0, p99=3.0, mean=2.0, min=1.0, max=3.0
    )


def test_no_samples_is_an_error() -> None:
    """A percentile of nothing is not zero."""
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_a_broken_connection_does_not_show_the_key() -> None:
    """pytest prints what an exception holds; the key is in none of it, chained or not."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/score"
    send = sender(Caller(url, {"Authorization": f"Bearer {KEY}"}, b"{}"))

    with pytest.raises(AnswerError, match="cannot be reached") as caught:
        send()

    assert caught.value.__suppress_context__
    assert KEY not in str(caught.getrepr(style="long", chain=True, funcargs=True))


class OfAnother(BaseHTTPRequestHandler):
    """A server whose answers name the deployment blue; at any other path they are 424."""

    def do_POST(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/score" else 424)
        self.send_header("azureml-model-deployment", "blue")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *of: object) -> None:
        """Say nothing."""


def test_an_answer_of_another_deployment_is_none() -> None:
    """The answer's own header says who answered, as in recorded traffic; nor is one but 200."""
    with HTTPServer(("127.0.0.1", 0), OfAnother) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/score"

        assert sender(Caller(url, {"azureml-model-deployment": "blue"}, b"{}"))() == b"{}"
        with pytest.raises(AnswerError, match="'blue' answered what 'demo' was asked"):
            sender(Caller(url, {"azureml-model-deployment": "demo"}, b"{}"))()
        with pytest.raises(
            AnswerError, match=r"answered 424: '\{\}'\. Next: pytest .*  # run\.json in"
        ):
            sender(Caller(f"{url}s", {"azureml-model-deployment": "blue"}, b"{}"))()
        server.shutdown()


def test_every_body_is_kept_for_the_judge() -> None:
    """What was measured is judged afterwards, each answer of it."""
    bodies: list[bytes] = []
    answers = iter([b"1", b"2"])

    call = kept_by(bodies, lambda: next(answers))
    call()
    call()

    assert bodies == [b"1", b"2"]
