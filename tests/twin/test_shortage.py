"""A machine that runs short in the middle of a run is told as such, with real errors."""

from __future__ import annotations

import json
import resource
import sqlite3
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request

from harness.twin.engine.steps.step import Outcome
from harness.twin.errors import bug_response
from harness.twin.shortage import CODE, is_shortage, with_code


def fill_the_disk() -> None:
    """A device that is always full."""
    with open("/dev/full", "wb", buffering=0) as device:
        device.write(b"x")


def open_too_many_files() -> None:
    """More than the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        tempfile.TemporaryFile()  # noqa: SIM115  # it does not come to exist
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def take_all_memory() -> None:
    """More than any machine has."""
    bytearray(1 << 60)


def fill_a_database() -> None:
    """As on a full disk."""
    database = sqlite3.connect(":memory:")
    try:
        database.execute("PRAGMA max_page_count = 1")
        database.execute("CREATE TABLE t AS SELECT randomblob(100000)")
    finally:
        database.close()


SHORTAGES = (fill_the_disk, open_too_many_files, take_all_memory, fill_a_database)


def caught(cause: Callable[[], None]) -> tuple[Exception, str]:
    """What it raises, and the traceback."""
    with pytest.raises((OSError, MemoryError, sqlite3.OperationalError)) as raised:
        cause()
    return raised.value, "".join(traceback.format_exception(raised.value)).strip()


@pytest.mark.parametrize("cause", SHORTAGES)
def test_a_request_says_so(cause: Callable[[], None]) -> None:
    """501 with a code of its own, so that no client tries it again for minutes."""
    error, _ = caught(cause)

    answer = bug_response(Request({"type": "http"}), error)

    assert (answer.status_code, json.loads(answer.body)["error"]["code"]) == (501, CODE)


@pytest.mark.parametrize("cause", SHORTAGES)
def test_a_step_says_so(cause: Callable[[], None]) -> None:
    """By the last line of its traceback, which is all that a step leaves."""
    _, text = caught(cause)
    outcome = Outcome(error={"code": "SystemError", "message": text})

    assert with_code(outcome).error == {"code": CODE, "message": text}


@pytest.mark.parametrize("text", ["RuntimeError: fault: finetune was asked to fail", "KeyError: 1"])
def test_another_error_stays_what_it_is(text: str) -> None:
    """A fault that is planted, or a bug, is not blamed on the machine."""
    outcome = Outcome(error={"code": "SystemError", "message": text})

    assert with_code(outcome) == outcome


def test_a_file_that_is_missing_is_no_shortage(tmp_path: Path) -> None:
    """Only what the machine is short of is."""
    with pytest.raises(OSError, match="absent") as raised:
        (tmp_path / "absent").read_text()

    assert not is_shortage(raised.value)
