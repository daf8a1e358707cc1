"""The embedded twin: a process of its own, in an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.child_environment import twin_environment
from harness.errors import TargetError
from harness.processes import signal_group_of, write
from harness.shell import typed
from harness.targets.target import Target, environment
from harness.targets.typed import on_twin, running, shown_again
from harness.twin.folder import held
from harness.twin.machine import check_machine

if TYPE_CHECKING:
    from harness.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 15
IDLE_SECONDS = 3600
_DYING = 0.1  # seconds in which one that answers no more may still be there


@contextmanager
def open_twin(plan: Plan, folder: Path) -> Iterator[Target]:
    """A twin started for this run, its state under `folder/twin`, stopped at the end.

    HARNESS_TWIN_READY names the ready file of a twin that runs already: then that one is used, has
    the plan's faults meanwhile, and is left running. Raises TargetError when none comes up, with
    the end of its log, and WireError when a fault is misspelt, before anything is started.
    """
    from harness.twin.faults import parse

    parse(plan.twin.faults)
    if running := os.environ.get("HARNESS_TWIN_READY"):
        with _attached(Path(running), folder / "twin", plan) as target:
            yield target
        return
    with _own(plan, folder / "twin", folder / "twin.log") as target:
        yield target


@contextmanager
def running_twin(
    folder: Path, options: Sequence[str] = (), seconds: float = START_SECONDS
) -> Iterator[Path]:
    """A twin of no plan while the block runs, for many runs to share: its ready file.

    `options` are those of `python -m harness.twin`; state and log are `folder/twin` and
    `folder/twin.log`. Raises TargetError when it ends or is not ready after `seconds`.
    """
    state = folder / "twin"
    with _running([*_command(state), *options], state, folder / "twin.log", seconds):
        yield state / "ready.json"


@contextmanager
def misbehaving(state: Path, faults: Sequence[str]) -> Iterator[None]:
    """These faults on top of a running twin's own while the block runs; `state` is its folder.

    Raises WireError when one is misspelt.
    """
    from harness.twin.faults import parse

    parse(faults)
    if not faults:
        yield
        return
    file, draft = state / "faults", state / "faults.new"
    lines = [" ".join(fault.splitlines()) for fault in faults]  # JSON may have come on several
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def check_own_twin(reports: Path) -> None:
    """Whether this machine can run a twin for a run whose reports go to that folder.

    Raises MachineError; looks at nothing where a twin runs already.
    """
    if "HARNESS_TWIN_READY" not in os.environ:
        check_machine(reports / "run" / "twin")


def twin_python() -> Path:
    """The interpreter of the twin's environment.

    Raises TargetError when `make twin-env` has not been run.
    """
    python = Path(os.environ.get("HARNESS_TWIN_PYTHON", ROOT / ".venv-twin" / "bin" / "python"))
    if not python.exists():
        raise TargetError(f"the twin's environment is missing ({python}). Next: make twin-env")
    return python


def twin_command(plan: Plan, state: Path) -> list[str]:
    """The command line that starts the plan's twin."""
    wanted, command = plan.twin, _command(state)
    for name in ("era", "pace", "profile", "image"):
        command += [f"--{name}", str(getattr(wanted, name))]
    for fault in wanted.faults:
        command += ["--fault", fault]
    return command


def _command(state: Path) -> list[str]:
    """What every twin is started with."""
    command = [str(twin_python()), "-m", "harness.twin", "--state", str(state)]
    command += ["--ready-file", str(state / "ready.json")]
    command += ["--quiet"]  # its log is kept, and the exports hold the way in
    return [*command, "--idle-exit", str(IDLE_SECONDS)]  # should nobody be left to stop it


@contextmanager
def _running(
    command: Sequence[str], state: Path, log: Path, seconds: float
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, ready; it is gone after the block, whatever it was at."""
    check_machine(state)
    with held(state):  # raises where another twin runs, before its files are touched
        pass
    process = _start(command, state, log)
    try:
        _wait(process, state / "ready.json", log, seconds)
        yield process
    finally:
        _stop(process)


@contextmanager
def _own(plan: Plan, state: Path, log: Path) -> Iterator[Target]:
    """The plan's twin. Raises TargetError when it ends before the block does."""
    with _running(twin_command(plan, state), state, log, START_SECONDS) as process:
        ready = json.loads((state / "ready.json").read_text(encoding="utf-8"))
        _write_config(state, ready["env"])
        with environment(ready["env"], removed=ready.get("unset", ())):
            yield Target(
                name="twin",
                config=state,
                logs={"twin": log},
                ready=state / "ready.json",
                typed=partial(on_twin, shown_again(plan.twin.era, state), state),
                gone=partial(_gone, process, log, _DYING),
            )
        if gone := _gone(process, log):
            raise TargetError(gone)


@contextmanager
def _attached(file: Path, state: Path, plan: Plan) -> Iterator[Target]:
    """A twin that somebody else started; HARNESS_TIMESTAMP fixes the names of this run."""
    try:
        ready = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TargetError(
            f"HARNESS_TWIN_READY={file} leads to no twin ({error}). "
            f"Next: python -m harness twin --ready-file {file}"
        ) from error
    state.mkdir(parents=True, exist_ok=True)
    _write_config(state, ready["env"])
    with (
        environment(ready["env"], removed=ready.get("unset", ())),
        misbehaving(Path(ready["state"]), plan.twin.faults),
    ):
        yield Target(
            name="twin",
            config=state,
            typed=partial(on_twin, running(Path(ready["state"])), Path(ready["state"])),
            ready=file.resolve(),
            timestamp=os.environ.get("HARNESS_TIMESTAMP"),
        )


def _gone(process: subprocess.Popen[bytes], log: Path, seconds: float = 0) -> str:
    """That it has ended, with the end of its log; "" while it runs."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if process.returncode is None:
        return ""
    return (
        f"the twin ended with exit code {process.returncode} during the run:\n{_tail(log)}\n"
        f"Next: less {typed(log)}"
    )


def _start(command: Sequence[str], state: Path, log: Path) -> subprocess.Popen[bytes]:
    (state / "ready.json").unlink(missing_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=twin_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the run; the twin must outlive it to clean up
        )
    write(state / "pid", process.pid)  # for the watchdog
    return process


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path, seconds: float) -> None:
    """Until it has written its ready file."""
    deadline = time.monotonic() + seconds
    while not ready.exists():
        if process.poll() is not None:
            told = _tail(log)
            hint = "" if "Next: " in told else "\nNext: make twin-env, then run again"
            raise TargetError(
                f"the twin ended with exit code {process.returncode} before it was ready:\n"
                f"{told}{hint}"
            )
        if time.monotonic() > deadline:
            raise TargetError(
                f"the twin was not ready after {seconds:g} s:\n{_tail(log)}\n"
                f"Next: read {log}, then run again"
            )
        time.sleep(0.02)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _write_config(state: Path, env: dict[str, str]) -> None:
    """config.json for MLClient.from_config, so that no other file on this machine is found."""
    names = {
        "subscription_id": env["AZURE_SUBSCRIPTION_ID"],
        "resource_group": env["AZURE_RESOURCE_GROUP"],
        "workspace_name": env["AZURE_WORKSPACE_NAME"],
    }
    (state / "config.json").write_text(json.dumps(names, indent=2), encoding="utf-8")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        signal_group_of(process, signal.SIGKILL)
        process.wait()
