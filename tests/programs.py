"""Programs that a test writes and starts, wherever the interpreter and the test's folder lie."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def write_shell_program(file: Path, script: str) -> Path:
    """An executable `sh` script; a path in it has to be quoted by whoever writes it there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def write_python_program(file: Path, source: str) -> Path:
    """An executable that runs this source in this interpreter.

    Not by a first line that names the interpreter: the kernel splits that at the first space, and
    takes 127 letters of it.
    """
    code = file.with_name(f"{file.name}.py")
    script = f'exec {shlex.quote(sys.executable)} {shlex.quote(str(code))} "$@"'
    write_shell_program(file, script)
    code.write_text(source)
    return file
