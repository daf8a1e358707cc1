"""A reference: the runs that were accepted as good, and what they have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.acceptance.facts import RunFacts, from_json
from harness.errors import HarnessError

FOLDER = Path(__file__).resolve().parents[2] / "data" / "reference"
FEWEST = 5  # runs in a reference: t(4) is 5.6 at 0.0025, already twice as wide as t(19)
SCHEMA = 1


class BadReferenceError(HarnessError):
    """A reference cannot be read, or not be made of these runs."""


@dataclass(frozen=True)
class Reference:
    """Runs of one kind.

    `of` says of what: a run with another value of any of its keys is not compared. `conditions`
    decide only whether bits may be compared. `base` is what the untrained model shows.
    """

    name: str
    of: Mapping[str, str]
    conditions: Mapping[str, str]
    runs: tuple[RunFacts, ...]
    base: RunFacts | None = None
    made_by: str = ""

    @property
    def seeds(self) -> frozenset[int]:
        """The seeds of its runs."""
        return frozenset(run.seed for run in self.runs)


@dataclass(frozen=True)
class Kind:
    """What a run is of, and the conditions it ran under; see Reference."""

    of: Mapping[str, str]
    conditions: Mapping[str, str] = field(default_factory=dict)


def find(target: str, profile: str, folder: Path = FOLDER) -> Reference | None:
    """The reference of a target (`twin-tiny`, `azure`), None when none was gathered."""
    path = folder / f"{'-'.join(filter(None, (target, profile)))}.json"
    return read(path) if path.is_file() else None


def read(path: Path) -> Reference:
    """The reference in a file. Raises BadReferenceError when it is not one, or of too few runs."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}, not {SCHEMA}")
        return checked(
            Reference(
                name=path.stem,
                of=document["of"],
                conditions=document["conditions"],
                runs=tuple(from_json(run) for run in document["runs"]),
                base=from_json(document["base"]) if document.get("base") else None,
                made_by=document["made_by"],
            )
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadReferenceError(
            f"{path} is no reference: {type(error).__name__}: {error}. "
            "Next: python -m harness reference --help"
        ) from error


def write(path: Path, reference: Reference) -> None:
    """One line a run, so that two references can be compared by eye."""
    checked(reference)
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "made_by": reference.made_by,
        "of": dict(reference.of),
        "conditions": dict(reference.conditions),
        "base": reference.base.to_json() if reference.base else None,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    runs = ",\n".join(json.dumps(run.to_json()) for run in reference.runs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + f',\n"runs": [\n{runs}\n]\n}}\n', encoding="utf-8")


def checked(reference: Reference) -> Reference:
    """The same reference. Raises BadReferenceError when its runs are too few."""
    if len(reference.runs) < FEWEST:
        raise BadReferenceError(
            f"reference {reference.name} has {len(reference.runs)} run(s), and {FEWEST} are the "
            "fewest that say anything about spread. Next: gather more green runs"
        )
    return reference
