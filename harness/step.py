"""A step of the recipe as a pytest fixture: timed, recorded, named."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from harness.limits import within_limits


def step(n: int, title: str) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a package-scoped fixture that is step `n` of the run.

    The function's name is the step's name; its arguments are fixtures, and `run` is one of them.
    Use it in a scenario's own conftest: package scope counts from where a fixture is defined.
    """

    def fixture(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def recorded(**fixtures: Any) -> Any:
            run = fixtures["run"]
            with run.step(n, function.__name__, title), within_limits(run, n):
                return function(**fixtures)

        return pytest.fixture(scope="package")(recorded)

    return fixture
