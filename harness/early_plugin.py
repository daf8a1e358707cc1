"""What pytest needs before it captures any output; `-p` in pyproject.toml has it loaded first."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from harness.errors import HarnessError
from harness.own_process import check_process, mend_process


def pytest_addoption() -> None:
    """The first hook of all: other plugins start processes when they are loaded."""
    mend_process()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """A folder for what is captured, and memory."""
    try:
        check_process()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    return (yield)
