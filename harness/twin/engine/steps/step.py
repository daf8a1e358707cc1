"""What a step is given (`spec.json` in its folder) and what it leaves (`outcome.json`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Tracking:
    """Where metrics go: the tracking server, the step's own run and the root run."""

    url: str
    run: str
    root: str


@dataclass(frozen=True)
class Step:
    """One step of a job: all it needs, as plain values.

    `inputs` are files or folders to read, `outputs` folders to fill; `literals` the component's
    inputs as text. `fail` makes the step end with that message (a fault asked for by the user).
    `given`: the base model is the user's own (--weights), never to be made here.
    """

    name: str
    profile: str
    literals: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    root_log: str
    work: str  # a folder for what nobody keeps
    tracking: Tracking | None = None
    notes: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)  # inputs that lead to no file
    fail: str | None = None
    given: bool = False

    def input(self, name: str) -> Path:
        """A file or folder to read."""
        return Path(self.inputs[name])

    def output(self, name: str) -> Path:
        """The folder of an output, made on first use."""
        folder = Path(self.outputs[name])
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def say(self, line: str) -> None:
        """A line for whoever streams the job: into the step's log and the root log."""
        log(line)
        with open(self.root_log, "a", encoding="utf-8") as file:
            file.write(f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z] {self.name}: {line}\n")


@dataclass(frozen=True)
class Outcome:
    """What a step leaves: properties for its run and for the root run, and notes.

    A note says, in one sentence, which input could not be honoured here or was scaled, and how.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    root_properties: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, str] | None = None  # {"code": "UserError" | "SystemError", "message"}


def log(line: str) -> None:
    """A line for the step's own log, which is its standard output."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_step(folder: Path, step: Step) -> None:
    """Put the step where its process will look for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(asdict(step), indent=1), encoding="utf-8")


def read_step(folder: Path) -> Step:
    """The step of this folder."""
    data = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    tracking = data.pop("tracking")
    data["notes"] = tuple(data["notes"])
    return Step(**data, tracking=Tracking(**tracking) if tracking else None)


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Leave the outcome for the runner, all of it or nothing."""
    draft = folder / "outcome.json.part"
    draft.write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")
    draft.replace(folder / "outcome.json")


def read_outcome(folder: Path) -> Outcome | None:
    """The outcome, or None when the process ended without leaving one."""
    path = folder / "outcome.json"
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(**{**data, "notes": tuple(data["notes"])})
