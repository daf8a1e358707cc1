"""`python -m harness sdk needs [RELEASE ...]`: which fields of the answers a release really reads.

A release's own recording is replayed under that release with fields of the answers left out. As
long as the recipe ends green, asks the same and finds the same, it did not need them. Whole
objects are tried first, and halves of what is left: a field is looked at alone only where its
group made a difference. Every trial is kept, so that an interrupted search goes on.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk.environments import HOME, clean
from harness.sdk.fields import Field, Recorded, fields_of, recorded, without
from harness.sdk.matrix import Say, matrix, tried_with
from harness.sdk.releases import ROOT
from harness.sdk.row import place
from harness.sdk.runs import SETTINGS, TIMESTAMP
from harness.warm import WarmRuns, warm_runs
from harness.wire.cassette import replace_all

SECONDS = 1800.0  # that one command looks, unless told otherwise
_COLOURS = re.compile(r"\x1b?\[\d+m")
_UNLIKE = ("seconds", "seconds waited when recorded")  # facts that differ from run to run


@dataclass(frozen=True)
class Need:
    """A field that a release reads: `ends` how the recipe breaks without it, or what it changes."""

    field: Field
    breaks: bool
    ends: str


@dataclass(frozen=True)
class Needs:
    """What a release needs of the answers. `left` are fields that time did not suffice for."""

    release: str
    fields: tuple[Field, ...]
    needed: tuple[Need, ...]
    trials: int
    left: tuple[Field, ...] = ()


Trial = Callable[[Sequence[Field]], str]  # fields left out -> how it ended, empty: the same


class _TooLateError(Exception):
    """The time is over."""


def needs(
    release: str,
    say: Say,
    home: Path = HOME,
    seconds: float = SECONDS,
    guess: Collection[Field] = (),
) -> Needs:
    """Look for all fields that a release reads; recorded first where it is not yet.

    `guess` are those that another release reads: where it is right, few trials say so.

    Raises SdkError when the recipe does not pass under the release, or does not replay.
    """
    (row,) = matrix([release], say, home)
    if row.ran is None or row.ran.outcome != "passed":
        raise SdkError(
            f"the recipe does not pass under {release}, so nothing can be left out.\n"
            f"Next: python -m harness sdk matrix --again --releases {release}"
        )
    told = recorded(place(home, release) / "cassettes" / "finetune_chat")
    folder = place(home, release) / "needs"
    folder.mkdir(exist_ok=True)
    with warm_runs(folder / "warm.log", tried_with(release, home).python, _environment()) as runs:
        trials = _Trials(told, folder, runs, time.monotonic() + seconds)
        trials.check(release)
        return search(release, fields_of(told), trials, say, guess)


def search(
    release: str,
    fields: Sequence[Field],
    trial: Trial,
    say: Say,
    guess: Collection[Field] = (),
) -> Needs:
    """The needed ones among the fields, operation by operation, those with few fields first."""
    needed, known, tried = list[Need](), set[Field](), 0

    def counted(dropped: Sequence[Field]) -> str:
        nonlocal tried
        ended = trial(dropped)
        tried += 1
        return ended

    sizes = Counter(field.operation for field in fields)
    operations = sorted(sizes, key=lambda name: sizes[name])
    try:
        for number, operation in enumerate(operations, start=1):
            of_it = [field for field in fields if field.operation == operation]
            found = list(_of_operation(of_it, guess, counted))
            needed += found
            known |= set(of_it)
            say(
                f"[{number}/{len(operations)}] {operation}: {len(found)} of {len(of_it)} fields "
                f"are read, {tried} trials so far"
            )
    except _TooLateError:
        say("the time is over; the same command goes on from here")
    left = tuple(field for field in fields if field not in known)
    return Needs(release, tuple(fields), tuple(needed), tried, left)


def _of_operation(of_it: Sequence[Field], guess: Collection[Field], trial: Trial) -> Iterator[Need]:
    """Those that are needed of one operation: what is guessed first, if all else may go."""
    guessed = [field for field in of_it if field in guess]
    others = [field for field in of_it if not any(field.holds(one) for one in guessed)]
    if guessed and (not others or not trial(_outermost(others))):
        of_it = [field for field in of_it if field not in others]
    yield from _needed(_outermost(of_it), of_it, trial)


def _needed(group: Sequence[Field], of_it: Sequence[Field], trial: Trial) -> Iterator[Need]:
    """Those of a group without which it ends otherwise, and of what those hold."""
    if not group or not (ended := trial(group)):
        return
    if len(group) > 1:
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            yield from _needed(half, of_it, trial)
        return
    (field,) = group
    yield Need(field, ended.startswith(("step", "red")), ended)
    inside = [one for one in of_it if one != field and field.holds(one)]
    yield from _needed(_outermost(inside), of_it, trial)


def _outermost(fields: Sequence[Field]) -> list[Field]:
    """Those that none of the others holds."""
    kept = list[Field]()
    for field in fields:  # what holds others stands before them
        if not any(one.holds(field) for one in kept):
            kept.append(field)
    return kept


class _Trials:
    """Replays with fields left out; what was tried before is known."""

    def __init__(self, told: Recorded, folder: Path, runs: WarmRuns, until: float) -> None:
        self._told, self._folder, self._runs, self._until = told, folder, runs, until
        self._file = folder / "trials.json"
        self._same = dict[str, Any]()
        self._known: dict[str, str] = {}
        self._recording = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
        if self._file.exists():
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._known = kept["trials"] if kept["recording"] == self._recording else {}

    def check(self, release: str) -> None:
        """Replay it whole. Raises SdkError when that is not green."""
        code, record = self._replay([])
        if code or not record:
            raise SdkError(
                f"the recording of {release} does not replay: {_ended(code, record)}\n"
                f"Next: python -m harness sdk matrix --again --releases {release}"
            )
        self._same = _found(record)

    def __call__(self, dropped: Sequence[Field]) -> str:
        """How the recipe ends without these; empty when as ever."""
        names = "\n".join(map(str, dropped))
        key = hashlib.sha256(names.encode()).hexdigest()[:16]
        if key not in self._known:
            if time.monotonic() > self._until:
                raise _TooLateError
            code, record = self._replay(dropped)
            self._known[key] = _ended(code, record) if code else self._other(record)
            kept = {"recording": self._recording, "trials": self._known}
            self._file.write_text(json.dumps(kept, indent=0), encoding="utf-8")
        return self._known[key]

    def _replay(self, dropped: Sequence[Field]) -> tuple[int, dict[str, Any]]:
        cassettes, reports = self._folder / "cassettes", self._folder / "reports"
        shutil.rmtree(reports, ignore_errors=True)
        replace_all(cassettes / "finetune_chat", without(self._told, dropped))
        asked = ["scenarios/finetune_chat", "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore"]
        asked += ["-o", "filterwarnings=default"]
        asked += ["--cassettes", str(cassettes), "--reports", str(reports)]
        asked += [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
        log = self._folder / "replay.log"
        log.unlink(missing_ok=True)
        code = self._runs.run(asked, _environment(), log)
        record = reports / "latest" / "run.json"
        found = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
        return code, found

    def _other(self, record: dict[str, Any]) -> str:
        """What a green run found otherwise, in words."""
        found = _found(record)
        other = [name for name in {*found, *self._same} if found.get(name) != self._same.get(name)]
        return f"finds otherwise: {', '.join(sorted(other))}" if other else ""


def _found(record: dict[str, Any]) -> dict[str, Any]:
    """What a run tells that does not differ from run to run."""
    facts = {
        f"step {step['n']} {name}": value
        for step in record["steps"]
        for name, value in step["facts"].items()
        if name not in _UNLIKE
    }
    findings = sorted(f"{each['check']} {each['what']}" for each in record["findings"])
    training = record.get("training") or {}
    return {**facts, "findings": findings, "training": training.get("train_loss")}


def _ended(code: int, record: dict[str, Any]) -> str:
    """The error of a run that is red, on one line."""
    failed = next((step for step in record.get("steps", ()) if step["error"]), None)
    if failed:
        what = _COLOURS.sub("", str(failed["error"])).partition("Next")[0]
        return f"step {failed['n']} ({failed['name']}): {' '.join(what.split())[:160]}"
    return f"red: a test fails, exit code {code}"


def _environment() -> dict[str, str]:
    return clean(PYTHONPATH=str(ROOT), HARNESS_TIMESTAMP=str(TIMESTAMP))
