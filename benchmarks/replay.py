"""What a replay costs: against the SDK's import, vcrpy, cassetter and the least there can be.

    make bench                                            # about four minutes
    .venv-bench/bin/python benchmarks/replay.py --quick   # under a minute, to 300 interactions

Engines take turns in one run, each in a process of its own, on the same synthetic tapes. A request
costs what it costs in the middle one of all passes over its tape, a tape the mean of its requests.
Seconds depend on the machine: what is claimed are the ratios, and only on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.replaying import startup, tape  # noqa: E402  # found once the root is on the path

ENGINES = ("floor", "ours", "cassetter", "vcrpy")
ROUNDS = {70: 5, 300: 4, 1_000: 3, 5_000: 2}
PASSES = {70: 5, 300: 3, 1_000: 3, 5_000: 2}  # in a process; vcrpy has time for one
END = 100  # requests that count as the first and as the last ones
QUIET = 3.0  # load average above which nothing is claimed
PACKAGES = ("vcrpy", "cassetter", "azure-core", "requests", "urllib3", "PyYAML")

Pass = dict[str, Any]  # as `engines` prints it
Results = dict[tuple[str, int], dict[str, float]]


def main() -> None:
    """Measure, print the tables, the goals and the conditions."""
    given = _arguments()
    lengths = [n for n in ROUNDS if n <= (300 if given.quick else 5_000)]
    loads = [os.getloadavg()[0]]
    started = startup.measured(given.python, 2 if given.quick else 7)
    loads.append(os.getloadavg()[0])
    with tempfile.TemporaryDirectory() as folder:
        made = tape.interactions(max(lengths))
        for write in tape.WRITERS:
            write(made, lengths, Path(folder))
        results = _results(lengths, Path(folder), 2 if given.quick else None)
    loads.append(os.getloadavg()[0])
    lines = [*_conditions(loads), *_start(started), *_table(results)]
    print("\n".join([*lines, *_goals(started, results, max(loads) > QUIET)]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what a replay costs")
    parser.add_argument("--quick", action="store_true", help="two rounds, tapes of 70 and 300")
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv/bin/python",
        help="Python of the light environment",
    )
    return parser.parse_args()


def _results(lengths: Sequence[int], folder: Path, rounds: int | None) -> Results:
    """The figures by engine and length; engines take turns, who refuses a tape has no other."""
    passes: dict[tuple[str, int], list[Pass]] = {}
    for n in lengths:
        engines = list(ENGINES)
        for _ in range(rounds or ROUNDS[n]):
            for engine in tuple(engines):
                told = _run(engine, n, folder)
                passes.setdefault((engine, n), []).extend(told)
                if not told:
                    engines.remove(engine)
    return {key: _figures(told) for key, told in passes.items() if told}


def _figures(passes: Sequence[Pass]) -> dict[str, float]:
    """Milliseconds: of loading, of the tape, of its ends; and between which passes the mean lay."""
    by_place = {at: [one["costs"][at] for one in passes] for at in passes[0]["costs"]}
    costs = {at: median(values) for at, values in by_place.items()}
    evenly = [str(at) for at in passes[0]["evenly"]]
    means = [fmean(one["costs"][at] for at in evenly) for one in passes]
    end = min(END, len(costs) // 4)
    return {
        "load": median(one["load"] for one in passes),
        "mean": fmean(costs[at] for at in evenly),
        "low": min(means),
        "high": max(means),
        "first": median(list(costs.values())[1 : end + 1]),
        "last": median(list(costs.values())[-end:]),
        "exact": min(one["exact"] for one in passes),
        "asked": len(costs),
    }


def _run(engine: str, n: int, folder: Path) -> list[Pass]:
    """The passes of one process; none when the engine refuses the tape, which is said."""
    passes = 1 if engine == "vcrpy" else PASSES[n]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.replaying.engines"),
            *(engine, str(n), str(folder), str(passes)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        if engine in ("ours", "floor"):
            raise SystemExit(done.stderr)
        print(f"{engine} refuses the tape of {n:,}: {_reason(done.stderr)}")
        return []
    told: list[Pass] = json.loads(done.stdout)
    wrong = len(told[0]["costs"]) - min(one["exact"] for one in told)
    if engine == "ours" and wrong:
        raise SystemExit(f"{wrong} answers of ours differ in their bytes")
    return told


def _reason(error: str) -> str:
    """The line that says which error it was."""
    named = [line for line in error.splitlines() if "Error" in line and line[:1] != " "]
    return (named or error.splitlines() or ["it says nothing"])[-1][:150]


def _conditions(loads: Sequence[float]) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, load {' / '.join(f'{load:.1f}' for load in loads)}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {packages}"


def _start(started: startup.Startup) -> Iterator[str]:
    yield "\nseconds, sorted: wall | CPU"
    for name, seconds in (
        ("pytest scenarios (replay)", started.replay),
        ("import azure.ai.ml", started.imported),
        ("pytest, one empty test", started.bare),
    ):
        wall, cpu = (sorted(values) for values in zip(*seconds, strict=True))
        shown = " | ".join(" ".join(f"{value:.2f}" for value in values) for values in (wall, cpu))
        yield f"  {name:26} {shown}"


def _table(results: Results) -> Iterator[str]:
    yield "\nCPU ms; mean over the tape, least and most of a pass, first and last requests, bytes"
    names = ("mean", "low", "high", "first", "last")
    yield f"  {'n':>5} {'engine':10} {'load':>9} " + " ".join(f"{name:>8}" for name in names)
    for (engine, n), told in results.items():
        costs = " ".join(f"{told[name]:8.3f}" for name in names)
        exact = f"{told['exact']:.0f} of {told['asked']:.0f} exact"
        yield f"  {n:5} {engine:10} {told['load']:9.1f} {costs}  {exact}"
    yield "  (vcrpy at 1,000 and 5,000: ten places evenly in the tape, the first and the last five)"


def _goals(started: startup.Startup, results: Results, busy: bool) -> Iterator[str]:
    """Each goal, the figure, and whether it was met; nobody can tell on a busy machine."""
    yield f"\ngoals{f' (load above {QUIET:.0f}: cannot tell)' if busy else ''}"
    for name, value, low, high in _judged(started, results):
        met = low <= value <= high
        goal = f"at most {high:g}" if low == 0 else f"at least {low:g}"
        verdict = "cannot tell" if busy else "met" if met else "MISSED"
        yield f"  {name:58} {value:8.2f}  {goal:14} {verdict}"


def _judged(
    started: startup.Startup, results: Results
) -> Iterator[tuple[str, float, float, float]]:
    endless = float("inf")
    longest = max(n for _, n in results)
    yield "replay : (import azure.ai.ml + bare pytest), wall", started.wall, 0, 1.6
    yield "the same, CPU", started.cpu, 0, 1.6
    for n in sorted({n for _, n in results}):
        yield f"CPU ms a request, {n:,} interactions", results["ours", n]["mean"], 0, 0.45
    times, least = _times(results, "mean", 300), 20
    yield "vcrpy : ours, a request of 300", times, least, endless
    if longest == 5_000:
        yield (
            "vcrpy : ours, a request at the end of 5,000",
            _times(results, "last", 5_000),
            400,
            endless,
        )
    ours = results["ours", longest]
    yield f"last : first request of {longest:,}", ours["last"] / ours["first"], 0, 1.3
    for n in sorted({n for _, n in results}):
        yield f"vcrpy's YAML : ours, load of {n:,}", _times(results, "load", n), 20, endless


def _times(results: Results, name: str, n: int) -> float:
    """How many times as much vcrpy costs."""
    return results["vcrpy", n][name] / results["ours", n][name]


if __name__ == "__main__":
    main()
