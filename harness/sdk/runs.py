"""The whole recipe under one release, against a twin of its own, recorded."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.plan_file import read_plan
from harness.sdk.environments import clean
from harness.sdk.releases import ROOT
from harness.targets.twin import running_twin

SCENARIO = ROOT / "scenarios" / "finetune_chat"
SETTINGS = {"scoring.rounds": 5, "scoring.warmup": 0}  # of every release
TIMESTAMP = 1234567890  # of every release: that of a replay, so that what is recorded replays
_START_SECONDS, _RUN_SECONDS = 180, 900
_OURS = re.compile(r"^((?:harness|scenarios)/\S+?\.py:\d+): in ", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What became of the recipe. `error` is the first failure, `where` the line of ours in it."""

    outcome: str  # passed, failed, or "did not start"
    requests: int
    seconds: float
    error: str
    where: str
    warnings: tuple[str, ...]


@contextmanager
def twin(home: Path, unset: Sequence[str] = ()) -> Iterator[Path]:
    """A new twin, its state in a new folder under `home`, which goes with it; its ready file.

    Unlike the target of a run it leaves this process's environment as it is, in which packages
    have to be fetched. Variables in `unset` are left out of what it sets. Raises TargetError when
    it does not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="twin-", dir=home))
    wanted = read_plan(SCENARIO / "plan.toml", "twin").twin
    options = [f"--{name}={getattr(wanted, name)}" for name in ("era", "pace", "profile", "image")]
    try:
        with running_twin(folder, options, _START_SECONDS) as ready:
            told = json.loads(ready.read_text(encoding="utf-8"))
            told["env"] = {key: value for key, value in told["env"].items() if key not in unset}
            led = folder / "led.json"
            led.write_text(json.dumps(told), encoding="utf-8")
            yield led
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(python: Path, ready: Path, folder: Path) -> Ran:
    """Run the recipe with that interpreter; cassettes in `folder/cassettes` if it goes green.

    Warnings are told and are no failures here, as they are in our own environment: an old release
    is not wrong for what others announce since.
    """
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier trial left says nothing of this one
    folder.mkdir(parents=True)
    command = [str(python), "-m", "pytest", str(SCENARIO), "--target", "twin", "--record", "-q"]
    command += ["--cassettes", str(folder / "cassettes"), "--reports", str(folder / "reports")]
    command += ["-p", "no:cacheprovider", "-o", "filterwarnings=default"]
    command += ["-p", "harness.sdk.outcome_plugin"]
    for key, value in SETTINGS.items():
        command += ["--set", f"{key}={value}"]
    began, log, outcome = time.monotonic(), folder / "log", folder / "outcome.json"
    with log.open("w", encoding="utf-8") as output:
        code = _exit_code(command, leading_to(ready) | {"HARNESS_OUTCOME": str(outcome)}, output)
    return _read(code, folder, round(time.monotonic() - began, 1))


def probe(python: Path, ready: Path, out: Path, *names: str) -> None:
    """Ask the release what harness/sdk/probes.py asks, or only what is named; answers in `out`.

    To be called after `run`, whose job some probes ask for. Raises SdkError when it ends badly.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "harness.sdk.probes"]
    again = (
        "Next: python -m harness twin --ready-file ready.json, and beside it "
        f"{shlex.join([*command, 'ready.json', 'behaviour.json', *names])}"
    )
    try:
        done = subprocess.run(
            [*command, str(ready), str(out), *names], cwd=ROOT, env=leading_to(ready),
            capture_output=True, text=True, check=False, timeout=_RUN_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SdkError(f"the probes were not done after {_RUN_SECONDS} s.\n{again}") from error
    if done.returncode:
        raise SdkError(
            f"the probes ended with exit code {done.returncode}: {done.stderr[-500:]}\n{again}"
        )


def _exit_code(command: list[str], env: dict[str, str], output: Any) -> int:
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=output, stderr=output, stdin=subprocess.DEVNULL
    )
    try:
        return process.wait(_RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # so that it cleans up
    try:
        return process.wait(_RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def leading_to(ready: Path) -> dict[str, str]:
    """The environment of a process that runs our code in another interpreter, on that twin."""
    return clean(
        PYTHONPATH=str(ROOT), HARNESS_TWIN_READY=str(ready), HARNESS_TIMESTAMP=str(TIMESTAMP)
    )


def _read(code: int, folder: Path, seconds: float) -> Ran:
    """What the run's own record says; the end of its output where it has none."""
    record = folder / "reports" / "latest" / "run.json"
    outcome = _outcome(folder / "outcome.json")
    warnings = tuple(sorted(set(outcome["warnings"])))
    if not record.exists():
        text = (folder / "log").read_text(encoding="utf-8", errors="replace")
        last = [line for line in text.splitlines() if line.strip()][-1:] or [f"exit code {code}"]
        return Ran("did not start", 0, seconds, last[0], _where([text]), warnings)
    told = json.loads(record.read_text(encoding="utf-8"))
    failed = next((step for step in told["steps"] if step["error"]), None)
    error = f"step {failed['n']} ({failed['name']}): {failed['error']}" if failed else ""
    if code and not error:
        recorded = [line for line in outcome["reports"] if line.startswith("recorded: ")]
        error = next(iter([*outcome["failures"], *recorded]), f"exit code {code}")
    return Ran(
        outcome="failed" if code else "passed",
        requests=told["exchanges"],
        seconds=seconds,
        error=" ".join(error.split())[:400],
        where=_where(outcome["traces"]) if code else "",
        warnings=warnings,
    )


def _outcome(file: Path) -> dict[str, list[str]]:
    """What the plugin wrote down; nothing where pytest has not come to its end."""
    lists: dict[str, list[str]] = {"warnings": [], "failures": [], "traces": [], "reports": []}
    with suppress(FileNotFoundError, ValueError):
        lists |= json.loads(file.read_text(encoding="utf-8"))
    return lists


def _where(traces: Sequence[str]) -> str:
    """The last line of ours that the first failure passed through; "" when it did not."""
    lines = _OURS.findall(traces[0]) if traces else []
    return lines[-1] if lines else ""
