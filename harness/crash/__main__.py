"""`python -m harness.crash`: what `make crash` runs."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.crash.campaign import Campaign
from harness.crash.outcome import Progress, Result, line, write
from harness.crash.points import Point, parse
from harness.errors import HarnessError
from harness.janitor.environment import twin_environment
from harness.targets.twin import running_twin, twin_python
from harness.warm import load

_EXAMPLE = "python -m harness.crash --sample 20 --seed 7 --jobs 4"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every point was reached and nothing is left, 1 otherwise; 2 when it cannot begin."""
    given = _parser().parse_args(arguments)
    try:
        named = [parse(text) for text in given.only or ()]
        _check_writable(given.json)
        twin_python()
        return _campaign(given, named)
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _check_writable(file: Path | None) -> None:
    """Not to be found out after a quarter of an hour. Raises HarnessError."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.open("a").close()
    except OSError as error:
        raise HarnessError(
            f"the outcome cannot be written to {file}: {error.strerror}. "
            "Next: python -m harness.crash --json reports/crash.json"
        ) from None


def _campaign(given: argparse.Namespace, named: list[Point]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    os.environ["HARNESS_WITHOUT"] = given.without or ""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have made us deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with _twin(folder) as ready:
        load()
        campaign = Campaign(ready, folder, sweeps=not given.without)
        wanted = _wanted(campaign, given, named)
        _say(f"{len(wanted)} points, seed {given.seed}, {given.jobs} at a time, in {folder}")
        progress = Progress(len(wanted), _say)
        results = campaign.run(wanted, given.jobs, began + given.seconds, progress)
        strays = campaign.strays(results)
    if len(results) < len(wanted):
        _say(f"{len(wanted) - len(results)} points were not begun")
    seconds = time.monotonic() - began
    if given.json:
        write(given.json, results, seconds, strays)
    code = _conclusion(results, strays, seconds)
    if code:
        _say(f"logs: {folder}")
    elif not given.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.crash", description=__doc__)
    add = parser.add_argument
    add("--sample", type=_whole(1), metavar="N", help="N points drawn at random instead of all")
    add(
        "--seed",
        type=_whole(0),
        default=_of_the_day(),
        help="of the draw (CRASH_SEED, else the day)",
    )
    add("--skip", type=_whole(0), default=0, metavar="N", help="leave out the first N of the draw")
    add("--only", action="append", metavar="POINT", help="such as endpoint.create#1:after:kill")
    add("--without", choices=("watchdog", "ledger"), help="prove that leaks would be found")
    add("--jobs", type=_whole(1), default=4, help="runs at a time")
    add("--seconds", type=float, default=3600.0, help="begin no point after that long")
    add("--keep", action="store_true", help="keep the logs of a campaign without failures")
    add("--json", type=Path, help="where to write the outcome")
    return parser


def _whole(low: int) -> Callable[[str], int]:
    """Reads a whole number from `low` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {low} on. Next: {_EXAMPLE}"
            )
        return int(text)

    return read


def _of_the_day() -> str:
    """Another draw each day, unless CRASH_SEED repeats that of one. Text, so that it is checked."""
    return os.environ.get("CRASH_SEED") or time.strftime("%Y%m%d", time.gmtime())


@contextmanager
def _twin(folder: Path) -> Iterator[Path]:
    """One twin for all points, and this process's environment led to it."""
    with running_twin(folder) as ready, twin_environment(ready):
        yield ready


def _wanted(campaign: Campaign, given: argparse.Namespace, named: list[Point]) -> list[Point]:
    """Those that were named and a sample, or all points; the order is a draw."""
    if named and not given.sample:
        campaign.prepare()
        return named
    found = campaign.enumerate()
    count = min(given.sample or len(found), len(found))
    chosen = random.Random(given.seed).sample(range(len(found)), count)
    return [*named, *[found[index] for index in chosen][given.skip :]]


def _conclusion(results: Sequence[Result], strays: Sequence[str], seconds: float) -> int:
    """Failures were told as they came; what is left of no point is told here."""
    for stray in strays:
        _say(f"left, and of no point: {stray}")
    _say(f"{line(results)} ({seconds:.0f} s)")
    return 1 if strays or any(result.bad for result in results) else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
