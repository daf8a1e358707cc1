"""What it costs to look at every row: against cat, pandas, datasets, polars, duckdb and pyarrow.

    make bench                                             # about two minutes
    .venv-bench/bin/python benchmarks/validate.py --quick  # seconds, 6 MB, one round, no verdict
    .venv-bench/bin/python benchmarks/validate.py --megabytes 3000 --engines cat ours --rounds 1

Engines take turns in one run, ours right behind each of the others, each in a process of its own
with one thread, on the same generated file of ultrachat_200k's row sizes. Counted are CPU seconds;
`start` is what an engine takes for a file of 16 rows, and the rates and ratios are printed with and
without it; the goals are judged with it. A ratio is the median of the rounds', with the least and
the greatest. All have to find the rows that were broken on purpose; which other breaks each of them
accepts is the last table. MB/s depend on the machine; the ratios are what is claimed, on a quiet
machine.
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
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.goals import Goal, current_load, print_goals  # noqa: E402  # once the root is there
from benchmarks.validating import chats  # noqa: E402  # once the root is there
from benchmarks.validating.engines import ENGINES, ONE_THREAD  # noqa: E402  # once the root is there

ALL = ("cat", *ENGINES)
QUICK = ("cat", "ours", "json")  # which need nothing that the light environment lacks
PACKAGES = ("msgspec", "duckdb", "polars", "pyarrow", "pandas", "datasets")

LEAST = {"json": 2.0, "datasets": 3.5}  # times the CPU of ours; why these: docs/benchmarks.md
FEW = 100_000  # bytes of a file that takes no time: what it takes is the start

Told = dict[str, float]
Results = dict[str, list[Told]]


def main() -> int:
    """Generate, measure by turns, print tables, goals and conditions; 1 when a goal is missed."""
    options = _options()
    loads = [current_load()]
    with tempfile.TemporaryDirectory(prefix="validate-", dir=options.scratch) as name:
        folder = Path(name)
        path = folder / "chats.jsonl"
        rows = chats.write(path, options.megabytes * 1_000_000)
        size = path.stat().st_size / 1e6
        print(f"{size:,.0f} MB, {rows:,} rows of {size * 1e6 / rows:,.0f} bytes", flush=True)
        results = _results(options.engines, options.rounds, path, rows)
        loads.append(current_load())
        print("\n".join([*_conditions(loads, options.engines), *_table(results, size)]))
        print("\n".join(_strictness(options.engines, chats.planted(folder))), flush=True)
    return print_goals(list(_goals(results)), loads, quick=options.quick)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what it costs to look at every row")
    add = parser.add_argument
    add("--quick", action="store_true", help="6 MB, one round, cat, ours and json, no verdict")
    add("--megabytes", type=int, help="of the file (default: 300)")
    add("--rounds", type=int, help="default: 3")
    add("--engines", nargs="+", choices=ALL, help="which (default: all)")
    add("--scratch", type=Path, help="where the file is made (default: the temporary folder)")
    options = parser.parse_args()
    megabytes, rounds, engines = (6, 1, QUICK) if options.quick else (300, 3, ALL)
    options.megabytes = options.megabytes or megabytes
    options.rounds = options.rounds or rounds
    options.engines = options.engines or engines
    return options


def _results(engines: Sequence[str], rounds: int, path: Path, rows: int) -> Results:
    """Every engine's figures, round by round; engines take turns, every second round backwards.

    Ours runs right behind each of the others: what disturbs one of a pair disturbs both.
    """
    runs: Results = {engine: [] for engine in engines}
    some = path.with_name("some.jsonl")
    few = chats.write(some, FEW, bad=0)

    def looked(engine: str) -> Told:
        begun = _checked(engine, some, few, 0)
        return _checked(engine, path, rows, chats.BAD) | {"start": begun["cpu"]}

    for turn in range(rounds):
        for engine in engines[:: -1 if turn % 2 else 1]:
            told = looked(engine)
            if engine != "ours" and "ours" in engines:
                ours = looked("ours")
                runs["ours"].append(ours)
                told |= {"ours": ours["cpu"], "ours start": ours["start"]}
            runs[engine].append(told)
    return runs


def _checked(engine: str, path: Path, rows: int, bad: int) -> Told:
    """One run, whose rows and bad rows must be these."""
    told, error = _run(engine, path)
    found = (told.get("rows"), told.get("bad"))
    if error or (engine != "cat" and found != (rows, bad)):
        raise SystemExit(f"{engine} found {found} of {(rows, bad)}: {error}")
    return told


def _run(engine: str, path: Path) -> tuple[Told, str]:
    """One process: CPU and wall seconds, what it told; else its error."""
    out, report = path.with_name("out.jsonl"), path.with_name("report.json")
    command = [sys.executable, "-m", "benchmarks.validating.engines", engine]
    command += map(str, (path, out, report))
    if engine == "cat":
        command = ["cat", str(path)]
    report.write_text("{}", encoding="utf-8")
    with (path.parent / "stderr").open("wb+") as error:
        environment = os.environ | ONE_THREAD
        begun = perf_counter()
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=error
        )
        _, status, usage = os.wait4(running.pid, 0)
        wall = perf_counter() - begun
        running.returncode = os.waitstatus_to_exitcode(status)
        error.seek(0)
        told: Told = json.loads(report.read_text(encoding="utf-8"))
        words = error.read().decode(errors="replace").strip().splitlines()
    told |= {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall}
    return told, (words or ["it says nothing"])[-1] if status else ""


def _conditions(loads: Sequence[float], engines: Sequence[str]) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, load {' / '.join(f'{load:.1f}' for load in loads)}"
    names = [name for name in PACKAGES if name not in ENGINES or name in engines]
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    yield f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {packages}"


def _table(results: Results, size: float) -> Iterator[str]:
    yield (
        f"\n  {'engine':14}{'CPU s':>7}{'start':>7}{'wall s':>7}{'MB/s a core':>13}"
        f"{'no start':>9}{'peak MB':>8}   ours is (rounds), without start"
    )
    for engine, told in sorted(results.items(), key=lambda item: _middle(item[1], "cpu")):
        cpu, start = _middle(told, "cpu"), _middle(told, "start")
        peak = f"{_middle(told, 'rss'):8.0f}" if "rss" in told[0] else f"{'':8}"
        yield (
            f"  {engine:14}{cpu:7.2f}{start:7.2f}{_middle(told, 'wall'):7.2f}{size / cpu:13,.0f}"
            f"{size / (cpu - start):9,.0f}{peak}   {_times(results, engine)}"
        )


def _middle(told: Sequence[Told], name: str) -> float:
    return median(one[name] for one in told)


def _ratios(results: Results, engine: str, *, start: bool = True) -> list[float]:
    """How many times the CPU time of ours right behind it an engine took, in each round."""
    return [
        (one["cpu"] - (0 if start else one["start"]))
        / (one["ours"] - (0 if start else one["ours start"]))
        for one in results[engine]
    ]


def _times(results: Results, engine: str) -> str:
    if engine == "ours" or "ours" not in results:
        return ""
    whole, bare = _ratios(results, engine), _ratios(results, engine, start=False)
    spread = f"({min(whole):.2f} to {max(whole):.2f})"
    return f"{median(whole):5.2f}x {spread:>16}  {median(bare):5.2f}x"


def _strictness(engines: Sequence[str], files: dict[str, Path]) -> Iterator[str]:
    """Whether each engine accepts a file of 300 rows with one broken one."""
    judging = [engine for engine in engines if engine != "cat"]
    yield "\none broken row among 300: what is ACCEPTED"
    yield f"  {'':18}" + "".join(f"{engine:>14}" for engine in judging)
    for name, path in files.items():
        verdicts = []
        for engine in judging:
            told, error = _run(engine, path)
            accepted = not error and not told["bad"]
            verdicts.append("ACCEPTED" if accepted else "-")
        yield f"  {name:18}" + "".join(f"{verdict:>14}" for verdict in verdicts)


def _goals(results: Results) -> Iterator[Goal]:
    """Ratios to what runs beside it, and memory: MB/s say more about the host than of the code."""
    if "ours" not in results:
        return
    for engine, least in LEAST.items():
        if engine in results:
            times = median(_ratios(results, engine))
            yield Goal(f"{engine} : ours, CPU, with start", times, least=least)
    peak = max(one["rss"] for one in results["ours"])
    yield Goal("peak of memory, MB", peak, most=48.0, timed=False)


if __name__ == "__main__":
    sys.exit(main())
