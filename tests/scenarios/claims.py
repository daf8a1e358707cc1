"""The scenarios of `scenarios/faults`: what goes wrong, and what must then be seen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.plan import Twin
from harness.plan_file import read_plan
from harness.twin.faults import parse, written

FOLDER = Path(__file__).parents[2] / "scenarios" / "faults"


@dataclass(frozen=True)
class Claim:
    """What a scenario says of its run. `breaks` is a step, `plan`, or nothing: it stays green."""

    text: str
    breaks: str
    says: tuple[str, ...] = ()  # in the step's error
    next: str = ""  # the next command, in there too
    checks: tuple[str, ...] = ()  # that found an error; none where the service itself refused
    blame: tuple[str, ...] = ()  # who can mend it, for each of them
    left: tuple[str, ...] = ()  # kinds of things


@dataclass(frozen=True)
class Scenario:
    """One file."""

    file: Path
    claim: Claim
    plan: dict[str, Any]  # what it lays over the shipped one

    @property
    def name(self) -> str:
        """Of the file."""
        return self.file.stem

    @property
    def needs_its_own_twin(self) -> bool:
        """A twin that is killed, or whose registry is another's, serves no other run."""
        if self.claim.breaks == "plan":
            return True
        twin = read_plan(self.file, "twin").twin
        dies = any(fault.startswith("dies:") for fault in twin.faults)
        return dies or twin.era != Twin().era

    @property
    def faults(self) -> list[str]:
        """What goes wrong in the twin."""
        return [" ".join(fault.split()) for fault in self.plan.get("twin", {}).get("faults", ())]

    def unmet(self, struck: Mapping[str, int]) -> list[str]:
        """Those that have not struck, or with `times` not that often; `struck` as the twin says."""
        faults = {written(fault): getattr(fault, "times", None) for fault in parse(self.faults)}
        assert len(faults) == len(self.faults), "a fault stands there twice; say times=2"
        found = {spec: struck.get(spec, 0) for spec in faults}
        return [
            f"{spec} struck {found[spec]} time(s)"
            for spec, times in faults.items()
            if not found[spec] or times not in (None, found[spec])
        ]

    @property
    def settings(self) -> list[str]:
        """What else differs from the shipped plan."""
        return [
            f"{section}.{key} = {value}"
            for section, values in self.plan.items()
            for key, value in values.items()
            if (section, key) != ("twin", "faults")
        ]


def scenarios() -> list[Scenario]:
    """All of them. Raises TypeError for a claim of something that is not claimed."""
    return [_read(file) for file in sorted(FOLDER.glob("*.toml"))]


def _read(file: Path) -> Scenario:
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    told = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in tables.pop("claim").items()
    }
    assert tables.pop("over") == "../finetune_chat/plan.toml"
    return Scenario(file, Claim(**told), tables)


def table() -> str:
    """The table of docs/faults.md."""
    head = "| scenario | what goes wrong | what must be seen | breaks |\n|---|---|---|---|\n"
    return head + "\n".join(_row(scenario) for scenario in scenarios())


def _row(scenario: Scenario) -> str:
    wrong = [f"`{_short(text)}`" for text in [*scenario.faults, *scenario.settings]]
    claim = scenario.claim
    left = f", leaves {' and '.join(claim.left)}" if claim.left else ""
    breaks = f"`{claim.breaks}`{left}" if claim.breaks else "nothing"
    return f"| `{scenario.name}` | {', '.join(wrong)} | {claim.text} | {breaks} |"


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:87]}..."
