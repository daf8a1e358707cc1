"""Everything a run makes only once in a process, made once: imports, schemas, caches of pytest.

The campaign's own process runs the recipe once and then forks: each fork is `python -m pytest` from
its command line on, and finds in memory what a fresh interpreter would spend four seconds on.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

HEAVY = (
    "azure.ai.ml",
    "azure.ai.ml.dsl",
    "azure.ai.ml.entities",
    "azure.identity",
    "azureml.mlflow",
    "datasets",
    "mlflow",
    "pandas",
    "pytest",
    "stamina",
    "tqdm",
    "xdist.dsession",
    "xdist.remote",
)


def load() -> None:
    """Import what a run imports."""
    for name in HEAVY:
        import_module(name)
    import_module("tqdm").tqdm.monitor_interval = 0  # its thread would be missing in every fork


def pytest_here(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Run pytest in this process, its output in `log`; the exit code."""
    import pytest

    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with _output_to(log):
            return int(pytest.main([*arguments]))
    finally:
        os.environ.clear()
        os.environ.update(before)
        gc.collect()
        gc.freeze()  # a fork need not look at it again


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """What this process writes goes into a file for a while."""
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as file:
        for target in (1, 2):
            os.dup2(file.fileno(), target)
    try:
        yield
    finally:
        for target, handle in zip((1, 2), kept, strict=True):
            os.dup2(handle, target)
            os.close(handle)
