"""A process that was started badly: without streams, with broken ones, with too little of all."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MEND = "from harness.own_process import mend_process; mend_process(); "
CHECK = (
    "from harness.own_process import check_process\n"
    "from harness.errors import HarnessError\n"
    "try: check_process()\n"
    "except HarnessError as error: print(error)\n"
)


def run_python(script: str, redirection: str = "", *options: str) -> subprocess.CompletedProcess:
    """That script in a Python whose streams a shell has redirected."""
    return subprocess.run(
        ["bash", "-c", f'exec "$@" {redirection}', "bash", sys.executable, *options, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_opened(redirection: str, tmp_path: Path) -> None:
    """What is printed goes nowhere, and into no file that happens to be opened next."""
    file = tmp_path / "file"
    script = (
        f"{MEND}import sys, subprocess; file = open({str(file)!r}, 'w')\n"
        "print('lost'); print('lost', file=sys.stderr); sys.stdin.read()\n"
        "subprocess.run(['sh', '-c', 'echo lost; echo lost >&2'], check=True)\n"
        "file.write('kept')"
    )

    python = run_python(script, redirection)

    assert python.returncode == 0, python.stderr
    assert file.read_text() == "kept"


@pytest.mark.parametrize("options", [(), ("-u",)], ids=["buffered", "unbuffered"])
def test_a_full_stdout_is_told_once_and_no_error(options: tuple[str, ...]) -> None:
    """The process goes on to its end, and ends as it would have."""
    script = f"{MEND}import sys\nfor _ in range(3): print('x' * 9000, flush=True)\nsys.exit(7)"

    python = run_python(script, ">/dev/full", *options)

    assert python.returncode == 7, python.stderr
    assert (
        python.stderr == "stdout takes no more (No space left on device); all goes on without it\n"
    )


def test_a_reader_that_goes_ends_nothing() -> None:
    """`| head -n 1` has its line, and the process reaches its last statement."""
    script = f"{MEND}import sys\nfor n in range(99999): print(n)\nprint('end', file=sys.stderr)"

    python = run_python(script, "> >(head -n 1)")

    assert python.returncode == 0, python.stderr
    assert "Broken pipe" in python.stderr
    assert python.stderr.endswith("end\n")


@pytest.mark.parametrize("options", [(), ("-u",)], ids=["buffered", "unbuffered"])
def test_a_slow_reader_of_a_pipe_that_does_not_wait_has_all(options: tuple[str, ...]) -> None:
    """A parent such as Node makes it non-blocking; what does not fit waits for its reader."""
    lines = [f"{n} {'x' * 5000}\n" for n in range(100)]
    script = f"{MEND}\nfor n in range(100): print(n, 'x' * 5000)"
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    command = [sys.executable, *options, "-c", script]

    with subprocess.Popen(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE) as python:
        os.close(writer)
        select.select([reader], [], [], 30)
        time.sleep(0.5)  # by then the pipe is full
        with open(reader) as pipe:
            text = pipe.read()
        _, errors = python.communicate(timeout=60)

    assert (python.returncode, errors) == (0, b"")
    assert text == "".join(lines)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_output_is_what_it_was(encoding: str) -> None:
    """Order, encoding and what is done with other characters stay those of the shell."""
    script = f"print('ä1'); {MEND}print('ä2'); import sys; print(sys.stdout.errors)"

    python = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONIOENCODING": f"{encoding}:backslashreplace"},
        capture_output=True,
        timeout=60,
    )

    assert python.stdout.decode(encoding) == "ä1\nä2\nbackslashreplace\n", python.stderr


def test_unbuffered_output_stays_so() -> None:
    """With -u a line is out when it is printed, whatever becomes of the process then."""
    python = run_python(f"{MEND}import os; print('out'); os._exit(0)", "", "-u")

    assert python.stdout == "out\n", python.stderr


def test_children_can_be_waited_for() -> None:
    """Where SIGCHLD is ignored the system forgets how a child ended."""
    script = f"{MEND}import subprocess; raise SystemExit(subprocess.run(['false']).returncode)"

    python = subprocess.run(
        ["bash", "-c", """trap '' CHLD; exec "$@" """, "bash", sys.executable, "-c", script],
        cwd=ROOT,
        timeout=60,
    )

    assert python.returncode == 1


def test_too_little_memory_is_named() -> None:
    """With the limit, what is needed, and what to type."""
    script = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (4 * 10**8,) * 2)\n{CHECK}"

    python = run_python(script)

    assert "390625 KiB of memory (ulimit -v)" in python.stdout, python.stderr
    assert "Next: ulimit -v unlimited" in python.stdout


def test_no_folder_for_temporary_files_is_named() -> None:
    """TMPDIR is said, as it stands."""
    script = (
        "import os, tempfile; tempfile._candidate_tempdir_list = lambda: ['/dev/null/nowhere']\n"
        f"os.environ['TMPDIR'] = '/dev/null/nowhere'\n{CHECK}"
    )

    python = run_python(script)

    assert "TMPDIR is /dev/null/nowhere" in python.stdout, python.stderr
    assert "Next: export TMPDIR=FOLDER" in python.stdout


def test_docstrings_that_were_taken_away_are_named() -> None:
    """The SDK does not import without its docstrings."""
    python = run_python(CHECK, "", "-OO")

    assert "PYTHONOPTIMIZE=2" in python.stdout, python.stderr
    assert "Next: unset PYTHONOPTIMIZE" in python.stdout


def test_a_plain_process_is_fine() -> None:
    """Nothing is found where nothing is wrong."""
    python = run_python(CHECK)

    assert (python.returncode, python.stdout, python.stderr) == (0, "", "")
