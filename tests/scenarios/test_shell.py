"""A run in a shell full of settings for other programs."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.processes import read

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

CLOSED = "http://canary:canary@127.0.0.1:9"  # a port on which nobody listens
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
SETTINGS = {
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:9/canary",
    "MLFLOW_TRACKING_TOKEN": "canary",
    "MLFLOW_RUN_ID": "canary",
    "MLFLOW_EXPERIMENT_ID": "77",
    "OMP_NUM_THREADS": "7",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "canary",  # a Python that reads it does not start
    "HF_HOME": "/canary",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://canary",
    "GUNICORN_CMD_ARGS": "--canary",
    "AZUREML_ENTRY_SCRIPT": "canary.py",
    "AZURE_CLIENT_SECRET": "canary",
    "PYTEST_ADDOPTS": "-p no:canary",
}
NAMES = (*PROXIES, *SETTINGS, "PYTHONPATH")
# the watchdog signs in as the user does, behind the user's proxy
KEPT_BY_THE_WATCHDOG = {*PROXIES, "AZURE_CLIENT_SECRET", "AZUREML_ENTRY_SCRIPT"}


@pytest.fixture
def full_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, modules that shadow others, and a TMPDIR too long for a socket."""
    shadows = tmp_path / "canary"
    shadows.mkdir()
    for name in ("sitecustomize", "json", "torch", "trustme", "mlflow"):
        (shadows / f"{name}.py").write_text("raise SystemError('canary')\n")
    temporary = tmp_path / ("t" * 150)
    temporary.mkdir()
    for name in PROXIES:
        monkeypatch.setenv(name, CLOSED)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(shadows))
    monkeypatch.setenv("TMPDIR", str(temporary))


def test_a_run_on_the_twin_does_not_notice(
    tmp_path: Path, whole_runs: WholeRuns, full_shell: None
) -> None:
    """Job, deployment, tracking and watchdog work; none of their processes has such a variable.

    The reports are in a folder whose path is long, too.
    """
    reports = tmp_path / ("r" * 150)
    with inherited(reports) as leaks:
        ended = whole_runs.on_its_own(reports)

    assert ended.code == 0, ended.output
    assert len(leaks["twin"]) >= 3  # itself, the warm process, jobs and deployments
    assert set().union(*leaks["twin"].values()) == set()
    assert len(leaks["watchdog"]) == 1
    watchdog = {each.partition("=")[0] for each in set().union(*leaks["watchdog"].values())}
    assert watchdog == KEPT_BY_THE_WATCHDOG


@contextmanager
def inherited(reports: Path) -> Iterator[dict[str, dict[int, set[str]]]]:
    """Of the twin's and the watchdog's processes, by id: the variables of NAMES they were given."""
    leaks: dict[str, dict[int, set[str]]] = defaultdict(dict)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for part, file in (("twin", "2*/twin/pid"), ("watchdog", "2*/watchdog.pid")):
                for pid in _session(next(reports.glob(file), None)):
                    with suppress(psutil.Error):
                        given = psutil.Process(pid).environ()
                        leaks[part][pid] = {f"{n}={given[n]}" for n in NAMES if n in given}
            time.sleep(0.1)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield leaks
    finally:
        done.set()
        looking.join()


def _session(file: Path | None) -> Iterator[int]:
    """The processes of the session whose leader's id is in that file."""
    leader = read(file) if file else None
    for pid in psutil.pids() if leader else ():
        with suppress(OSError):
            if leader and os.getsid(pid) == leader.pid:
                yield pid
