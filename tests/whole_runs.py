"""Whole runs of the recipe for tests: forks of a warm process, most of them on a twin they share.

Names of its own for each run; training that is not the point is that of a job which has completed
in that twin before, which is instant.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from harness.report.run_record import RunRecord, read
from harness.warm import WarmRuns

COMPLETED = "1000000000"  # the timestamp of the job that has completed
QUICK = ("training.max_steps=20", "scoring.rounds=5", "scoring.warmup=1")  # fewer log no loss


@dataclass(frozen=True)
class Ended:
    """A finished run: exit code, all it printed; folder, record and twin, when it has any."""

    code: int
    output: str
    folder: Path | None
    record: RunRecord | None
    twin: Path | None  # the folder of its twin

    def struck(self) -> dict[str, int]:
        """How often each fault of its twin has struck."""
        assert self.twin is not None, self.output
        file = self.twin / "faults.struck"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {spec: int(count) for count, _, spec in (line.partition(" ") for line in lines)}

    def failed_step(self) -> tuple[str, str]:
        """Name and error of the one step that failed."""
        assert self.record is not None, self.output
        failed = [step for step in self.record.steps if step.status == "failed"]
        assert len(failed) == 1, self.output
        return failed[0].name, failed[0].error or ""


@dataclass
class WholeRuns:
    """Runs the recipe, one run after the other."""

    warm: WarmRuns
    ready: Path  # of the twin that they share
    _number: count[int] = field(default_factory=lambda: count(1))
    _trained: bool = False

    def on_the_shared_twin(
        self, folder: Path, *options: str, settings: Sequence[str] = (), fresh_job: bool = False
    ) -> Ended:
        """A run with these options there, its reports in `folder`."""
        if not fresh_job:
            self.train(folder / "trained")
        number = next(self._number)
        timestamp = str(int(COMPLETED) + number) if fresh_job else COMPLETED
        return self._there(folder, timestamp, options, settings)

    def train(self, folder: Path) -> None:
        """Have the job that later runs find completed; to be called before anything goes wrong."""
        if not self._trained:
            first = self._there(folder, COMPLETED, (), ())
            assert first.code == 0, first.output
            self._trained = True

    def on_its_own(self, folder: Path, *options: str, settings: Sequence[str] = ()) -> Ended:
        """A run that starts a twin for itself, as `pytest scenarios --target twin` does."""
        self._begin(folder, dict(os.environ), settings, options)
        return self.end(folder)

    def as_if_it_were_azure(self, folder: Path, settings: Sequence[str], proxy: str) -> Ended:
        """A run of target azure that is answered by the shared twin, which only a test may do."""
        self.begin_as_azure(folder, settings, proxy)
        return self.end(folder)

    def begin_as_azure(self, folder: Path, settings: Sequence[str], proxy: str) -> None:
        """Begin such a run, behind the proxy of a company that leads there. Then `end`.

        NO_PROXY is not set: what is on this machine has to be left out by the harness.
        """
        told = json.loads(self.ready.read_text())
        dropped = (*told["unset"], "HARNESS_TWIN", "NO_PROXY", "no_proxy")
        way = {**os.environ, **told["env"]}
        way |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
        environment = {name: value for name, value in way.items() if name not in dropped}
        self._begin(folder, environment, settings, ["--target", "azure"])

    def begin(self, folder: Path, *options: str, settings: Sequence[str] = ()) -> None:
        """Begin a run with a job of its own on the shared twin. Then `end`."""
        timestamp = str(int(COMPLETED) + next(self._number))
        self._begin(folder, *self._shared(timestamp, settings), options)

    def end(self, folder: Path) -> Ended:
        """Wait for it."""
        return self._ended(folder, self.warm.wait())

    def replayed(self, folder: Path) -> Ended:
        """A run from the recorded answers, without any twin."""
        folder.mkdir(parents=True, exist_ok=True)
        line = ["scenarios/finetune_chat", "-p", "no:cacheprovider", "--reports", str(folder)]
        return self._ended(folder, self.warm.run(line, os.environ, folder / "log"))

    def _there(
        self, folder: Path, timestamp: str, options: Sequence[str], settings: Sequence[str]
    ) -> Ended:
        self._begin(folder, *self._shared(timestamp, settings), options)
        return self.end(folder)

    def _shared(
        self, timestamp: str, settings: Sequence[str]
    ) -> tuple[Mapping[str, str], Sequence[str]]:
        """The way to the shared twin, and names that no other run there has."""
        number = next(self._number)
        names = (f"endpoint.prefix=run{number}-", f"register.name=model-{number}")
        here = {"HARNESS_TWIN_READY": str(self.ready), "HARNESS_TIMESTAMP": timestamp}
        return {**os.environ, **here}, (*names, *settings)

    def _begin(
        self,
        folder: Path,
        environment: Mapping[str, str],
        settings: Sequence[str],
        options: Sequence[str],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        line = ["scenarios/finetune_chat", "--target", "twin", "-p", "no:cacheprovider"]
        line += ["-p", "tests.collected", "--reports", str(folder), *options]
        for setting in (*QUICK, *settings):
            line += ["--set", setting]
        self.warm.start(line, environment, folder / "log")

    def _ended(self, folder: Path, code: int) -> Ended:
        found = next(folder.glob("2*/run.json"), None)
        output = (folder / "log").read_text()
        if not found:
            return Ended(code, output, None, None, None)
        own = found.parent / "twin"
        twin = own if (own / "twin.sqlite").exists() else self._state()
        return Ended(code, output, found.parent, read(found), twin)

    def _state(self) -> Path:
        return Path(json.loads(self.ready.read_text())["state"])
