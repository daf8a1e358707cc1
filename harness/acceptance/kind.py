"""What a run is of: only runs of one kind are compared."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.acceptance.reference import Kind
from harness.child_environment import twin_environment

SEED = 42  # the component's default (azureml-assets, chat_completion_pipeline 0.0.42 to 0.0.82)
_NOT_COMPARED = ("seed", "task_name")  # the seed is a fact of the run
_WHERE = ("compute_", "instance_type_", "shm_size_")


def kind(
    target: str,
    profile: str,
    parameters: Mapping[str, object],
    train: Path,
    conditions: Mapping[str, str] | None = None,
) -> Kind:
    """The kind of a run: `profile` is the twin's ("" elsewhere), `parameters` what the component
    was given, `train` the training split. Without `conditions` no bits are compared."""
    given = {
        name: _plain(value)
        for name, value in sorted(parameters.items())
        if name not in _NOT_COMPARED and not name.startswith(_WHERE)
    }
    of = {
        "target": target,
        "profile": profile,
        "train": hashlib.sha256(train.read_bytes()).hexdigest()[:16],
        "parameters": json.dumps(given),
    }
    return Kind({key: value for key, value in of.items() if value}, conditions or {})


def seed_of(parameters: Mapping[str, object]) -> int:
    """The seed a run was given, or the component's default."""
    return int(str(parameters.get("seed", SEED)))


def conditions_of(python: Path, root: Path) -> dict[str, str]:
    """The conditions of the twin's environment, asked of its interpreter; {} when it has none.

    A fifth of a second: versions are read from the packages' metadata, nothing is imported.
    """
    with TemporaryDirectory(prefix="conditions-") as folder:
        report = Path(folder) / "conditions.json"
        command = [str(python), "-m", "data.reference.conditions", str(report)]
        environment = twin_environment()
        subprocess.run(command, cwd=root, env=environment, capture_output=True, check=False)
        conditions: dict[str, str] = {}
        with suppress(OSError, ValueError):  # it ended before it had written them
            conditions = json.loads(report.read_text(encoding="utf-8"))
    return conditions


def _plain(value: object) -> str:
    """Text, numbers in one spelling: `5e-6` and `5e-06` are one rate."""
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)
