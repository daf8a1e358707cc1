"""What a replay costs: against the SDK's import, vcrpy, cassetter and the least there can be.

    make bench                                            # about four minutes
    .venv-bench/bin/python benchmarks/replay.py --quick   # seconds, 70 interactions, no verdict

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

from benchmarks.goals import Goal, current_load, print_goals  # noqa: E402  # once the root is there
from benchmarks.replaying import startup, tape  # noqa: E402  # once the root is there

ENGINES = ("floor", "ours", "cassetter", "vcrpy")
QUICK = ("floor", "ours", "vcrpy")  # which the light environment has as well
ROUNDS = {70: 5, 300: 4, 1_000: 3, 5_000: 2}
PASSES = {70: 5, 300: 3, 1_000: 3, 5_000: 2}  # in a process; vcrpy has time for one
END = 100  # requests that count as the first and as the last ones
PACKAGES = ("vcrpy", "cassetter", "azure-core", "requests", "urllib3", "PyYAML")

Pass = dict[str, Any]  # as `engines` prints it
Results = dict[tuple[str, int], dict[str, float]]


def main() -> int:
    """Measure, print the tables, the goals and the conditions; exit code 1 when one is missed."""
    options = _options()
    lengths = [70] if options.quick else list(ROUNDS)
    loads = [current_load()]
    rounds = (1, 0) if options.quick else (7, 1)
    started = startup.measured(options.python, *rounds)
    loads.append(current_load())
    with tempfile.TemporaryDirectory() as folder:
        interactions = tape.interactions(max(lengths))
        for write in tape.WRITERS:
            write(interactions, lengths, Path(folder))
        results = _results(lengths, Path(folder), options)
    loads.append(current_load())
    print("\n".join([*_conditions(loads, options.engines), *_start(started), *_table(results)]))
    return print_goals(list(_goals(started, results)), loads, quick=options.quick)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what a replay costs")
    add = parser.add_argument
    add("--quick", action="store_true", help="one round, a tape of 70, and no verdict on speeds")
    add("--engines", nargs="+", choices=ENGINES, help="which (default: all; --quick: no cassetter)")
    light = ROOT / ".venv/bin/python"
    add("--python", type=Path, default=light, help="Python of the light environment")
    options = parser.parse_args()
    options.engines = options.engines or (QUICK if options.quick else ENGINES)
    return options


def _results(lengths: Sequence[int], folder: Path, options: argparse.Namespace) -> Results:
    """The figures by engine and length; engines take turns, who refuses a tape has no other."""
    passes: dict[tuple[str, int], list[Pass]] = {}
    for n in lengths:
        engines = list(options.engines)
        for _ in range(1 if options.quick else ROUNDS[n]):
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
    report = folder / f"{engine} {n}.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.replaying.engines"),
            *(engine, str(n), str(folder), str(passes), str(report)),
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
    costs: list[Pass] = json.loads(report.read_text(encoding="utf-8"))
    wrong = len(costs[0]["costs"]) - min(one["exact"] for one in costs)
    if engine == "ours" and wrong:
        raise SystemExit(f"{wrong} answers of ours differ in their bytes")
    return costs


def _reason(error: str) -> str:
    """The line that says which error it was."""
    named = [line for line in error.splitlines() if "Error" in line and line[:1] != " "]
    return (named or error.splitlines() or ["it says nothing"])[-1][:150]


def _conditions(loads: Sequence[float], engines: Sequence[str]) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, load {' / '.join(f'{load:.1f}' for load in loads)}"
    names = [name for name in PACKAGES if name not in ENGINES or name in engines]
    packages = ", ".join(f"{name} {version(name)}" for name in names)
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


def _goals(started: startup.Startup, results: Results) -> Iterator[Goal]:
    """Of the replay's start; then of each length, as far as the engines to compare with ran."""
    yield Goal("replay : (import azure.ai.ml + bare pytest), wall", started.wall, most=1.6)
    yield Goal("the same, CPU", started.cpu, most=1.6)
    lengths = sorted({n for engine, n in results if engine == "ours"})
    for n in lengths:
        mean = results["ours", n]["mean"]
        yield Goal(f"CPU ms a request, {n:,} interactions", mean, most=0.45)
    if lengths:
        longest = results["ours", lengths[-1]]
        ratio = longest["last"] / longest["first"]
        yield Goal(f"last : first request of {lengths[-1]:,}", ratio, most=1.3)
    for name, figure, n, least in RIVALRY:
        if ("vcrpy", n) in results and ("ours", n) in results:
            times = results["vcrpy", n][figure] / results["ours", n][figure]
            yield Goal(name.format(n), times, least=least)


RIVALRY = (  # how many times as much vcrpy has to cost: figure, length, times
    ("vcrpy : ours, a request of {:,}", "mean", 300, 20),
    ("vcrpy : ours, a request at the end of {:,}", "last", 5_000, 400),
    # of 70 ours takes about a millisecond, and the same code came out at 14 to 30 times
    *(("vcrpy's YAML : ours, load of {:,}", "load", n, 10 if n == 70 else 20) for n in ROUNDS),
)


if __name__ == "__main__":
    sys.exit(main())
