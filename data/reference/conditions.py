"""What the figures of a reference depend on.

`python -m data.reference.conditions FILE` writes them as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "data" / "tiny_phi3"
SAMPLE = ROOT / "data" / "ultrachat_sample"
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "accelerate", "numpy")
CODE = (  # what of the engine decides over the figures
    "harness/twin/engine/inputs.py",
    "harness/twin/engine/profiles.py",
    "harness/twin/engine/steps/*.py",
    "harness/twin/serving/generation.py",
    "harness/acceptance/text.py",
    "data/reference/trial.py",
)
DATA = (
    "data/tiny_phi3/*.json",
    "data/tiny_phi3/*.safetensors",
    "data/tiny_phi3/*.jinja",
    "data/ultrachat_sample/*_sft.jsonl",
)


@cache
def conditions() -> dict[str, str]:
    """Processor and its vector kind, threads, packages; hashes of the data and the code."""
    processor, vectors = _processor()
    return {
        "processor": processor,
        "vectors": os.environ.get("ATEN_CPU_CAPABILITY", vectors),
        "threads": "1",  # the engine takes no more, whatever it is offered
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "data": hashed(DATA),
        "code": hashed(CODE),
    }


def hashed(patterns: tuple[str, ...]) -> str:
    """One SHA-256 over all files of the patterns, names included; the first 16 digits."""
    total = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        total.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def _processor() -> tuple[str, str]:
    """Its name, and the widest vectors torch would use on it; ATEN_CPU_CAPABILITY narrows them."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    told = dict(line.partition(":")[::2] for line in text.splitlines()[:40] if ":" in line)
    told = {key.strip(): value.strip() for key, value in told.items()}
    flags = told.get("flags", "").split()
    vectors = next((name for name in ("avx512f", "avx2") if name in flags), "default")
    return told.get("model name", platform.processor() or "unknown"), vectors


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(conditions()), encoding="utf-8")
