"""Makes the harness's options, header and report available to every test under this root."""

from importlib.util import find_spec

import pytest

if not find_spec("vcr") and not find_spec("torch"):  # of the SDK's environment, of the twin's
    raise pytest.UsageError(
        "this Python has neither the SDK nor the twin's packages. "
        "Next: make light, then .venv/bin/python -m pytest"
    )

pytest_plugins = ["harness.pytest_plugin", "pytester"]
