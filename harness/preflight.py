"""`python -m harness preflight`: every check that needs no job, in seconds; nothing is created."""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.catalogue import CHECKS
from harness.checks.finding import SEVERITIES
from harness.errors import HarnessError, RefusedError, StepError
from harness.own_process import check_process
from harness.plan import TARGETS, Plan
from harness.plan_file import read_plan
from harness.targets.typed import on_twin, shown_again
from harness.wire.cassette import provenance_of

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.report.run_record import Finding
    from harness.run import Run

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = "finetune_chat"
WIDTH = 100
_SHOWN = ("error", "cannot tell", "warning")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when nothing stands in the way, 1 for an error, 2 when it could not look."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    try:
        check_process()
        plan = _plan(options)
        findings, looked, day, broken = _look(plan, options)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    where = f"twin (era {plan.twin.era})" if plan.target == "twin" else plan.target
    sys.stdout.write(f"preflight on target {where}, as of {day}\n\n")
    sys.stdout.write(table(findings, everything=options.all))
    if broken:
        sys.stdout.write(f"{broken}\n\n")
    sys.stdout.write(tally(findings, looked) + "\n")
    sys.stdout.write(f"{verdict(findings, looked, broken)}; {time.monotonic() - began:.1f} s\n")
    return 1 if broken or any(each.severity == "error" for each in findings) else 0


def table(findings: Sequence[Finding], *, everything: bool = False) -> str:
    """The findings, worst first: severity, check, who can mend it, what, and the next command."""
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return "".join(
        _entry(finding, everything)
        for finding in ordered
        if everything or finding.severity in _SHOWN
    )


def tally(findings: Sequence[Finding], looked: Collection[str]) -> str:
    """A line for each group of checks that was run: how many they are, and what they found."""
    rows = ""
    for group in dict.fromkeys(looked):
        checks = sum(check.group == group for check in CHECKS)
        count: Counter[str] = Counter(
            each.severity for each in findings if each.check.startswith(f"{group}.")
        )
        said = ", ".join(_counted(count[each], each) for each in _SHOWN if count[each])
        rows += f"{group:12} {checks} check{'s' if checks > 1 else ' '}  {said or 'fine'}\n"
    return rows


def verdict(findings: Sequence[Finding], looked: Collection[str], broken: str | None) -> str:
    """The last line: whether a run would get as far as its job. `looked`: groups that were run."""
    count: Counter[str] = Counter(finding.severity for finding in findings)
    checks = len([check for check in CHECKS if check.group in looked])
    ready = "not ready" if broken or count["error"] else "ready"
    words = [f"{checks} checks", *(_counted(count[each], each) for each in _SHOWN if count[each])]
    return f"{ready}: {', '.join(words)}" + ("; it could not look further" if broken else "")


def _counted(count: int, severity: str) -> str:
    return f"{count} {severity}{'s' if count > 1 and severity != 'cannot tell' else ''}"


def _entry(finding: Finding, everything: bool) -> str:
    head = f"{finding.severity:12} {finding.check}  (who can mend it: {finding.blame})\n"
    lines = finding.what.splitlines()
    lines += f"seen: {finding.evidence}".splitlines() if finding.evidence else []
    lines += [f"next: {finding.next}"] if finding.next else []
    wrap = textwrap.TextWrapper(
        WIDTH,
        initial_indent=" " * 13,
        subsequent_indent=" " * 15,
        max_lines=None if everything else 4,
        placeholder=" ...",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return head + "".join(wrap.fill(line) + "\n" for line in lines if line) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness preflight", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, default="cassette", help="who answers")
    parser.add_argument("--plan", type=Path, default=ROOT / "scenarios" / SCENARIO / "plan.toml")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="earlier runs")
    parser.add_argument("--cassettes", type=Path, default=ROOT / "cassettes")
    parser.add_argument("--all", action="store_true", help="show what is merely worth knowing too")
    return parser


def _plan(asked: argparse.Namespace) -> Plan:
    told = provenance_of(asked.cassettes / SCENARIO) if asked.target == "cassette" else None
    like = str(told["target"]) if told else None
    return read_plan(asked.plan, asked.target, asked.set, like)


def _look(
    plan: Plan, asked: argparse.Namespace
) -> tuple[list[Finding], list[str], str, str | None]:
    """The findings, the groups of checks that were run, the day it is, and the error that ended
    the looking, if one did."""
    from harness.checks.seen import last_seen
    from harness.run import open_run

    with (
        tempfile.TemporaryDirectory() as folder,
        open_run(SCENARIO, plan, Path(folder), cassettes=asked.cassettes, whole=False) as run,
    ):
        run.stops = False
        if plan.target == "twin":  # this one's folder goes
            run.target = replace(
                run.target, typed=partial(on_twin, shown_again(plan.twin.era, None), None)
            )
        run.earlier = last_seen(asked.reports / "newest", plan, run.target.name, SCENARIO)
        looked, broken = list[str](), None

        def judge(group: str, /, **facts: Any) -> None:
            looked.append(group)
            run.check(group, **facts)

        try:
            _steps(run, judge)
        except StepError as error:
            broken = str(error)
        return run.findings, looked, str(run.day), broken


def _steps(run: Run, judge: Judge) -> None:
    """Steps 1 and 2, and of step 3 what comes before the first create."""
    from harness.recipe.base_model import find_base_model
    from harness.recipe.compute import look_around
    from harness.recipe.connect import connect
    from harness.recipe.environment import SDK, modules_of, read_packages

    with run.step(1, "connection", "Connect"):
        packages = read_packages(modules_of(run.plan))
        judge("environment", packages=packages)
        if packages.imports[SDK]:
            raise RefusedError(f"without {SDK} nobody can be asked. Next: mend what is said above")
        connection = connect(run.plan, timestamp=run.timestamp, config=run.target.config)
    with run.step(2, "base_model", "Base model"):
        model = find_base_model(connection, run.plan, judge)
    with run.step(3, "cluster", "Compute"):
        look_around(connection, run.plan, model, judge)
    run.steps.pop()  # looked at, not done
