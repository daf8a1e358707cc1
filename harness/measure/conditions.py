"""What a number depends on: machine, load, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.report.run_record import Conditions

PACKAGES = (
    "azure-ai-ml",
    "azure-core",
    "azure-identity",
    "azure-storage-blob",
    "azureml-mlflow",
    "datasets",
    "mlflow-skinny",
    "pandas",
    "pytest",
    "pytest-benchmark",
    "requests",
)


def conditions() -> Conditions:
    """Python, platform, CPU, cores, load (1, 5, 15 min), package versions, git commit."""
    one, five, fifteen = (round(value, 2) for value in os.getloadavg())
    return Conditions(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        load=(one, five, fifteen),
        packages=_packages(),
        git=_commit(),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _commit() -> str | None:
    """The commit of this checkout, with a mark when files were changed; None without git."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        git = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:  # no git on PATH
        return None
    return git.stdout.strip() or None
