"""Everything a run makes only once in a process, made once: imports, schemas, caches of pytest.

A process that has run the recipe forks: each fork is `python -m pytest` from its command line on,
and finds in memory what a fresh interpreter would spend three seconds of CPU on; nothing that was
registered with atexit is called at its end. The crash campaign is such a process; whoever has
threads, such as a test, asks one (`warm_runs`).
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "azure.ai.ml",
    "azure.ai.ml.dsl",
    "azure.ai.ml.entities",
    "azure.identity",
    "azureml.mlflow",
    "datasets",
    "mlflow",
    "pandas",
    "pytest",
    "stamina",
    "tqdm",
    "xdist.dsession",
    "xdist.remote",
)
_BEGAN = (0, 1)  # of pytest; under another release of the SDK a replay may well end red
LOADED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # a fork has it all imported


def load() -> None:
    """Import what a run imports."""
    for name in HEAVY:
        with suppress(ModuleNotFoundError):  # an older SDK's environment has not all of it
            import_module(name)
    import_module("tqdm").tqdm.monitor_interval = 0  # its thread would be missing in every fork


def pytest_here(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Run pytest in this process, its output in `log`; the exit code."""
    import pytest

    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with _output_to(log):
            return int(pytest.main([*arguments, *LOADED]))
    finally:
        os.environ.clear()
        os.environ.update(before)
        gc.collect()
        gc.freeze()  # a fork need not look at it again


def fork_pytest(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Fork `python -m pytest` in a session of its own, its output in `log`; its process id."""
    pid = os.fork()
    if pid == 0:
        _become(arguments, environment, log)
    return pid


class WarmRuns:
    """Asks a warm process for runs, one after the other; `log` is what it says itself."""

    def __init__(self, server: subprocess.Popen[str], log: Path) -> None:
        self.log = log
        self._server, self._running = server, 0

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Begin `python -m pytest` with these arguments and just that environment; its pid.

        Wait for its end before the next. Raises RuntimeError when the warm process has ended.
        """
        asked = {"arguments": [*arguments], "environment": dict(environment), "log": str(log)}
        if self._server.stdin is None:
            raise RuntimeError("the warm process has no input")
        self._server.stdin.write(f"{json.dumps(asked)}\n")
        self._server.stdin.flush()
        self._running = self._told()
        return self._running

    def wait(self) -> int:
        """The exit code of the run that was begun last, negative for a signal."""
        code, self._running = self._told(), 0
        return code

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Both."""
        self.start(arguments, environment, log)
        return self.wait()

    def give_up(self) -> None:
        """End the run that nobody waits for any more, and all it has started in its session."""
        if self._running:
            with suppress(ProcessLookupError):
                os.killpg(self._running, signal.SIGKILL)

    def _told(self) -> int:
        line = self._server.stdout.readline() if self._server.stdout else ""
        if not line:
            raise RuntimeError(
                f"the warm process ended with exit code {self._server.wait()}:\n"
                f"{self.log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
            )
        return int(line)


@contextmanager
def warm_runs(
    log: Path, python: Path = Path(sys.executable), environment: Mapping[str, str] | None = None
) -> Iterator[WarmRuns]:
    """A warm process of that interpreter while the block runs; what it says itself is in `log`."""
    with log.open("ab") as output:
        server = subprocess.Popen(
            [str(python), "-m", "harness.warm"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    with server:  # closes its input, which ends it, and waits
        runs = WarmRuns(server, log)
        try:
            yield runs
        finally:
            runs.give_up()


def main() -> int:
    """Replay the recipe once, then fork a run for each line of JSON, telling pid and exit code.

    An exit code of its own other than 0 says that the recipe could not even begin.
    """
    load()
    with TemporaryDirectory(prefix="warm-") as folder:
        output = Path(folder) / "output"
        arguments = ["scenarios/finetune_chat", "-q", "-p", "no:cacheprovider"]
        code = pytest_here([*arguments, "--reports", folder], {}, output)
        sys.stderr.write(output.read_text(encoding="utf-8", errors="replace"))
        sys.stderr.flush()
    if code not in _BEGAN:
        return code
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        pid = fork_pytest(asked["arguments"], asked["environment"], Path(asked["log"]))
        _tell(pid)
        _tell(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return 0


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> NoReturn:
    code = 70
    try:
        os.setsid()
        os.chdir(ROOT)
        for number in (signal.SIGTERM, signal.SIGHUP):  # whatever nohup or a shell has made of us
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(environment)
        if folder := environment.get("HF_DATASETS_CACHE"):  # looked at when it is imported
            import_module("datasets").config.HF_DATASETS_CACHE = Path(folder)
        sys.argv = ["pytest", *arguments, *LOADED]
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:  # out of pytest itself: what a shell then shows
        code = 128 + signal.SIGINT
    except BaseException:  # whatever it was, the warm process must not go on in this one
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """What this process writes goes into a file for a while."""
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as file:
        for target in (1, 2):
            os.dup2(file.fileno(), target)
    try:
        yield
    finally:
        for target, handle in zip((1, 2), kept, strict=True):
            os.dup2(handle, target)
            os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
