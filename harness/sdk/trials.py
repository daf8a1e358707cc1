"""Replays of a recording with fields left out; every trial is kept for the next command."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk.environments import clean
from harness.sdk.fields import Field, Recorded, without
from harness.sdk.releases import ROOT, recipe
from harness.sdk.runs import SETTINGS, TIMESTAMP
from harness.warm import WarmRuns
from harness.wire.cassette import replace_all

_JUDGES = ("harness/checks", "harness/report", "harness/wire_diff", "scenarios")
_COLOURS = re.compile(r"\x1b?\[\d+m")
_UNLIKE = ("seconds", "seconds waited when recorded")  # facts that differ from run to run


class TooLateError(Exception):
    """The time is over."""


class Trials:
    """Replays with fields left out; what was tried before is known."""

    def __init__(
        self, told: Recorded, folder: Path, runs: WarmRuns, until: float, judged_by: str
    ) -> None:
        self._told, self._folder, self._runs, self._until = told, folder, runs, until
        self._file = folder / "trials.json"
        self._same = dict[str, Any]()
        self._known: dict[str, str] = {}
        recording = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
        self._of = {"recording": recording, "judge": judged_by}
        self._known = _kept(self._file, self._of)

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
                raise TooLateError
            code, record = self._replay(dropped)
            self._known[key] = _ended(code, record) if code else self._other(record)
            draft = self._file.with_name(f".{self._file.name}")
            draft.write_text(json.dumps({**self._of, "trials": self._known}, indent=0), "utf-8")
            draft.replace(self._file)  # whole or not at all, whenever it is interrupted
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
        code = self._runs.run(asked, replaying(), log)
        record = reports / "latest" / "run.json"
        found = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
        if code not in (0, 1) or (code == 0 and not found):  # killed, or pytest itself gave up
            raise SdkError(
                f"a trial did not end, which says nothing of the fields: exit code {code}\n"
                f"Next: look at {log}; the same command goes on from here"
            )
        return code, found

    def _other(self, record: dict[str, Any]) -> str:
        """What a green run found otherwise, in words."""
        found = _found(record)
        other = [name for name in {*found, *self._same} if found.get(name) != self._same.get(name)]
        return f"finds otherwise: {', '.join(sorted(other))}" if other else ""


def judge(pins: Sequence[str]) -> str:
    """A digest of what a trial's end depends on beside the recording.

    The recipe and its scenario, what replays, checks and compares, and the installed packages.
    """
    files = [file for name in _JUDGES for file in sorted((ROOT / name).glob("**/*.py"))]
    files += [Path(__file__), Path(__file__).with_name("fields.py")]
    content = b"".join(file.read_bytes() for file in files)
    told = json.dumps([recipe(), hashlib.sha256(content).hexdigest(), sorted(pins), SETTINGS])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _kept(file: Path, of: dict[str, str]) -> dict[str, str]:
    """The trials of an earlier command, if it judged the same by the same."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        same = all(told[name] == value for name, value in of.items())
        return dict(told["trials"]) if same else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}  # there is none, or one that an earlier version left unfinished


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


def replaying() -> dict[str, str]:
    """The environment variables of a replay."""
    return clean(PYTHONPATH=str(ROOT), HARNESS_TIMESTAMP=str(TIMESTAMP))
