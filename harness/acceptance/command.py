"""`python -m harness reference`: gather a reference from green runs, or judge a run by one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.acceptance.gates import ALPHA, GATES, accept
from harness.acceptance.record import FILE, gather, kept
from harness.acceptance.reference import FOLDER, find, write
from harness.acceptance.verdict import REJECTED, Verdict, chance, overall
from harness.errors import HarnessError


def main(arguments: list[str]) -> int:
    """0 accepted or written, 1 rejected or not gathered, 2 cannot tell."""
    given = _arguments(arguments)
    try:
        return int(given.act(given))
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return int(given.unread)


def _gather(given: argparse.Namespace) -> int:
    command = f"python -m harness reference gather --target {given.target}"
    found, skipped = gather(given.target, [_folder(path) for path in given.runs], command)
    path = given.out or FOLDER / f"{found.name}.json"
    write(path, found)
    for line in skipped:
        sys.stdout.write(f"left out {line}\n")
    seeds = ", ".join(map(str, sorted(found.seeds)))
    sys.stdout.write(f"{path}: {len(found.runs)} runs, seeds {seeds}\n")
    return 0


def _check(given: argparse.Namespace) -> int:
    run, kind = kept(_folder(given.run) / FILE)
    target, profile = kind.of.get("target", "azure"), kind.of.get("profile", "")
    verdicts = accept(run, find(target, profile), kind, target, given.alpha)
    sys.stdout.write(table(verdicts) + "\n")
    outcome = overall(verdicts)
    return 1 if outcome in REJECTED else 0 if outcome == "accepted" else 2


def table(verdicts: tuple[Verdict, ...]) -> str:
    """The verdicts, one a line: outcome, gate, p where there is one, the sentence."""
    lines = []
    for verdict in verdicts:
        p = "" if verdict.p is None else f"p {chance(verdict.p)}, alpha {verdict.alpha:.2g}: "
        line = f"{verdict.outcome:<12} {verdict.gate:<16} {p}{verdict.what}"
        lines.append(line + (f"\n{'':30}Next: {verdict.next}" if verdict.next else ""))
    return "\n".join([*lines, f"-> {overall(verdicts)}"])


def _folder(path: Path) -> Path:
    """The folder of a run, or the one its file is in; what is not there is said by its own name."""
    return path.parent if path.is_file() or path.suffix == ".json" else path


def _alpha(text: str) -> float:
    try:
        if 0 < float(text) < 1:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m harness reference",
        description=f"Training acceptance; gates: {', '.join(GATES)}. See docs/training.md.",
    )
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("gather", help="write a reference from green runs")
    making.add_argument("--target", required=True, choices=("azure", "twin"))
    making.add_argument("--out", type=Path, help="default: in data/reference")
    making.add_argument("runs", nargs="+", type=Path, help="run.json files, or their folders")
    making.set_defaults(act=_gather, unread=1)
    judging = commands.add_parser("check", help="judge a run; exit code 2: cannot tell")
    judging.add_argument("run", type=Path, help="a run.json, or its folder")
    judging.add_argument("--alpha", type=_alpha, default=ALPHA, help="default: %(default)s")
    judging.set_defaults(act=_check, unread=2)
    return parser.parse_args(arguments)
