"""The twin's own tests need the twin's environment; `make test-twin` runs them there."""

from __future__ import annotations

from importlib.util import find_spec

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
collect_ignore = [] if find_spec("trustme") else ["twin"]


def pytest_report_header() -> str | None:
    """Say aloud what this environment cannot run."""
    return "tests/twin is not run here: make test-twin" if collect_ignore else None
