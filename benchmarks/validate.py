"""What it costs to look at every row: against cat, pandas, datasets, polars, duckdb and pyarrow.

    make bench                                             # about two minutes
    .venv-bench/bin/python benchmarks/validate.py --quick  # under a minute, 60 MB, one round
    .venv-bench/bin/python benchmarks/validate.py --megabytes 3000 --engines cat ours --rounds 1

Engines take turns in one run, each in a process of its own with one thread, on the same generated
file of ultrachat_200k's row sizes. Counted are CPU seconds, the interpreter's start included. All
have to find the rows that were broken on purpose; which other breaks each of them accepts is the
last table. MB/s depend on the machine; the ratios are what is claimed, on a quiet machine.
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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.validating import chats  # noqa: E402  # found once the root is on the path
from benchmarks.validating.engines import ENGINES, ONE_THREAD  # noqa: E402  # found once the root is on the path

ALL = ("cat", *ENGINES)
QUIET = 3.0  # load average above which nothing is claimed
PACKAGES = ("msgspec", "duckdb", "polars", "pyarrow", "pandas", "datasets")

Told = dict[str, float]


def main() -> None:
    """Generate, measure by turns, print tables, goals and conditions."""
    given = _arguments()
    megabytes = 60 if given.quick else given.megabytes
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="validate-", dir=given.scratch) as name:
        folder = Path(name)
        path = folder / "chats.jsonl"
        rows = chats.write(path, megabytes * 1_000_000)
        size = path.stat().st_size / 1e6
        print(f"{size:,.0f} MB, {rows:,} rows of {size * 1e6 / rows:,.0f} bytes", flush=True)
        results = _results(given.engines, 1 if given.quick else given.rounds, path, rows)
        loads.append(os.getloadavg()[0])
        print("\n".join([*_conditions(loads), *_table(results, size)]))
        print("\n".join(_strictness(given.engines, chats.planted(folder))), flush=True)
    print("\n".join(_goals(results, size, max(loads) > QUIET)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what it costs to look at every row")
    add = parser.add_argument
    add("--quick", action="store_true", help="60 MB, one round")
    add("--megabytes", type=int, default=300)
    add("--rounds", type=int, default=3)
    add("--engines", nargs="+", choices=ALL, default=list(ALL))
    add("--scratch", type=Path, help="where the file is made (default: the temporary folder)")
    return parser.parse_args()


def _results(engines: Sequence[str], rounds: int, path: Path, rows: int) -> dict[str, Told]:
    """Medians of each engine's figures; engines take turns."""
    runs: dict[str, list[Told]] = {engine: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            told, error = _run(engine, path)
            found = (told.get("rows"), told.get("bad"))
            if error or (engine != "cat" and found != (rows, chats.BAD)):
                raise SystemExit(f"{engine} found {found} of {(rows, chats.BAD)}: {error}")
            runs[engine].append(told)
    return {
        engine: {name: median(one[name] for one in told) for name in told[0]}
        for engine, told in runs.items()
    }


def _run(engine: str, path: Path) -> tuple[Told, str]:
    """One process: CPU and wall seconds, what it told; else its error."""
    out = path.with_name("out.jsonl")
    command = [sys.executable, "-m", "benchmarks.validating.engines", engine, str(path), str(out)]
    if engine == "cat":
        command = ["cat", str(path)]
    with (
        (path.parent / "stdout").open("wb+") as said,
        (path.parent / "stderr").open("wb+") as error,
    ):
        sink = subprocess.DEVNULL if engine == "cat" else said
        environment = os.environ | ONE_THREAD
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=error)
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        error.seek(0)
        said.seek(0)
        told = json.loads(said.read().splitlines()[-1]) if sink is said and not status else {}
        words = error.read().decode(errors="replace").strip().splitlines()
    told["cpu"] = usage.ru_utime + usage.ru_stime
    return told, (words or ["it says nothing"])[-1] if status else ""


def _conditions(loads: Sequence[float]) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, load {' / '.join(f'{load:.1f}' for load in loads)}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {packages}"


def _table(results: dict[str, Told], size: float) -> Iterator[str]:
    yield f"\n  {'engine':14} {'CPU s':>7} {'MB/s/core':>10} {'peak MB':>8}  {'ours is':>8}"
    ours = results.get("ours", {"cpu": float("nan")})["cpu"]
    for engine, told in sorted(results.items(), key=lambda item: item[1]["cpu"]):
        times = f"{told['cpu'] / ours:7.1f}x"
        rate = size / told["cpu"]
        peak = f"{told['rss']:8.0f}" if "rss" in told else f"{'':8}"
        yield f"  {engine:14} {told['cpu']:7.2f} {rate:10.0f} {peak}  {times}"


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


def _goals(results: dict[str, Told], size: float, busy: bool) -> Iterator[str]:
    """Each goal, the figure, whether it was met; nobody can tell speeds on a busy machine."""
    if "ours" not in results:
        return
    yield f"\ngoals{f' (load above {QUIET:.0f}: cannot tell speeds)' if busy else ''}"
    ours = results["ours"]
    judged = [("validated MB/s a core", size / ours["cpu"], 400.0, busy)]
    if "datasets" in results:
        judged.append(("datasets : ours, CPU", results["datasets"]["cpu"] / ours["cpu"], 4.5, busy))
    for name, value, least, unsure in judged:
        verdict = "cannot tell" if unsure else "met" if value >= least else "MISSED"
        yield f"  {name:24} {value:8.1f}  at least {least:<6g} {verdict}"
    verdict = "met" if ours["rss"] <= 48 else "MISSED"
    yield f"  {'peak of memory, MB':24} {ours['rss']:8.1f}  at most 48     {verdict}"


if __name__ == "__main__":
    main()
