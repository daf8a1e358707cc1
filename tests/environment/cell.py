"""One cell of the table: the command as a person types it, in that environment, and its verdict."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import psutil

from .environment import CommandName, Environment, Expectation, Green, NamedError, Place
from .needs import root_rights

ROOT = Path(__file__).resolve().parents[2]
SECONDS: Mapping[CommandName, float] = {"replay": 120, "twin": 240, "preflight": 120}
GRACE = 15  # seconds that a watchdog and a twin take to end behind a run
LEFT_OUT = (".git", ".venv*", "reports", ".sdk", ".*_cache", ".hypothesis", ".benchmarks")
UNTIDY = ("Traceback (most recent call last)", "INTERNALERROR", "Exception ignored in")
READY = re.compile(r"^ready: \d+ checks", re.M)
BROKEN = re.compile(r"^(?:ERROR|FAILED) \S+::", re.M)  # in pytest's short summary


@dataclass(frozen=True)
class Outcome:
    """How a command ended: `code` is None when it had not ended in time."""

    command: CommandName
    code: int | None
    output: str
    record: str | None = None  # what run.json calls the outcome
    page: bool = False
    processes: tuple[str, ...] = ()  # that were still there afterwards


def run_cell(environment: Environment, command: CommandName, folder: Path) -> Outcome:
    """Run it there; the log stays in `folder`, beside reports, home and whatever it needed."""
    place = make_place(environment, folder)
    argv = command_line(environment, command, place)
    log = folder / "log"
    try:
        code = _run(argv, place, shell_variables(environment, place), log, SECONDS[command])
    finally:
        processes = _end_processes(folder)
    output = log.read_text(encoding="utf-8", errors="replace")
    page = next(place.folder.rglob("2*-*/run.json"), None)
    record = json.loads(page.read_text(encoding="utf-8"))["outcome"] if page else None
    has_page = page is not None and page.with_name("index.html").exists()
    return Outcome(command, code, output, record, has_page, processes)


def make_place(environment: Environment, folder: Path) -> Place:
    """The folders of a cell, as the environment wants them."""
    checkout = folder / "checkout" if environment.checkout == "copy" else ROOT
    reports = checkout / "reports" if environment.default_reports else folder / "reports"
    place = Place(folder, folder / "home", reports, checkout)
    place.home.mkdir(parents=True)
    if environment.checkout == "copy":
        copy_checkout(checkout)
    if environment.preparation:
        environment.preparation(place)
    return place


def copy_checkout(folder: Path) -> None:
    """The working tree once more, with links to the environments of this one."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (folder / "reports").mkdir()
    for name in (".venv", ".venv-twin"):
        (folder / name).symlink_to((ROOT / name).resolve())


def command_line(environment: Environment, command: CommandName, place: Place) -> list[str]:
    """What bash is started with: the environment's script, with the command as its arguments."""
    quoted = {name: quote(value) for name, value in place.names().items()}
    directory = quote(environment.directory.format_map(place.names()))
    script = f"cd {directory} && {environment.script.format_map(quoted)}"
    shell = [_tool("bash"), "-c", script, "bash", *_typed(environment, command, place)]
    if not environment.namespaces:
        return shell
    return [_tool("unshare"), *root_rights(), *environment.namespaces, *shell]


def _tool(name: str) -> str:
    """Its path: an environment may have nothing on PATH."""
    path = shutil.which(name)
    assert path, f"there is no {name} on PATH"
    return path


def _typed(environment: Environment, command: CommandName, place: Place) -> list[str]:
    scenario = environment.scenario.format_map(place.names())
    words = {
        "replay": ["pytest", scenario],
        "twin": ["pytest", scenario, "--target", "twin"],
        "preflight": ["harness", "preflight", "--target", "twin"],
    }[command]
    if command != "preflight" and not environment.default_reports:
        words += ["--reports", str(place.reports)]
    options = environment.options.get(command, ())
    python = place.checkout / ".venv" / "bin" / "python"
    return [
        str(python if python.exists() else sys.executable),
        *("-m", *words),
        *(option.format_map(place.names()) for option in options),
    ]


def shell_variables(environment: Environment, place: Place) -> dict[str, str]:
    """A plain shell's, and what the environment makes of them."""
    plain = {"HOME": str(place.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    variables = {**plain, **environment.variables}
    return {
        name: value.format_map(place.names())
        for name, value in variables.items()
        if value is not None
    }


def _run(
    argv: list[str], place: Place, variables: dict[str, str], log: Path, seconds: float
) -> int | None:
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=place.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _end_processes(folder: Path) -> tuple[str, ...]:
    """End what the cell has left running: whoever has that folder in its command or its home.

    A job or a deployment is a fork with no folder in its command; HOME comes from the cell.
    """
    deadline = time.monotonic() + GRACE
    while (processes := _processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    lines = tuple(" ".join(line) for line in processes.values())
    for process in processes:
        process.kill()
    return lines


def _processes(folder: Path) -> dict[psutil.Process, list[str]]:
    return {
        process: process.info["cmdline"] or [process.info["name"]]
        for process in psutil.process_iter(["cmdline", "pid", "name", "environ"])
        if process.pid != os.getpid() and _belongs(process.info, folder)
    }


def _belongs(process: Mapping[str, Any], folder: Path) -> bool:
    words = [*(process["cmdline"] or ()), (process["environ"] or {}).get("HOME", "")]
    return str(folder) in " ".join(words)


def problem_of(expectation: Expectation, outcome: Outcome, *, shows_output: bool = True) -> str:
    """What is wrong with the outcome; "" when it is the expected one."""
    if outcome.code is None:
        return f"it had not ended after {SECONDS[outcome.command]:g} s"
    if outcome.processes:
        return f"it left running: {'; '.join(outcome.processes)}"
    if untidy := [words for words in UNTIDY if words in outcome.output]:
        return f"its output has {untidy[0]!r}"
    if isinstance(expectation, Green):
        return _not_green(outcome, shows_output=shows_output)
    return _not_named(expectation, outcome)


def _not_green(outcome: Outcome, *, shows_output: bool) -> str:
    if outcome.code != 0:
        return f"green was expected, and it ended with exit code {outcome.code}"
    if outcome.command != "preflight":
        if outcome.record != "passed":
            return f"green was expected, and run.json says {outcome.record}"
        return "" if outcome.page else "there is no page"
    ready = not shows_output or READY.search(outcome.output)
    return "" if ready else "green was expected, and it does not say that it is ready"


def _not_named(expectation: NamedError, outcome: Outcome) -> str:
    text = " ".join(outcome.output.split())  # a message may be wrapped anywhere
    if outcome.code != expectation.code:
        return f"exit code {expectation.code} was expected, not {outcome.code}"
    if missing := [words for words in expectation.words if words not in text]:
        return f"the error does not say {', '.join(map(repr, missing))}"
    if "Next: " not in text and "next: " not in text:
        return "the error does not say what to type next"
    broken = BROKEN.findall(outcome.output)
    return f"one error was expected, not {len(broken)}" if len(broken) > 1 else ""
