"""Have all garbage collected when a run ends: what it complains of, a run never meets by chance."""

from __future__ import annotations

import gc

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Before the reports are written."""
    gc.collect()
