"""What a run needs to know about the target it talks to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Target:
    """An open target."""

    name: Literal["azure", "twin"]
    proves: str  # what a green run on it is evidence of
    config: Path | None = None  # folder of config.json; None: search upwards as the SDK does
    logs: Mapping[str, Path] | None = None  # name -> file, for the report


@contextmanager
def environment(changes: Mapping[str, str], removed: Iterable[str] = ()) -> Iterator[None]:
    """This process's environment with the changes, put back as it was at the end."""
    before = dict(os.environ)
    for name in removed:
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
