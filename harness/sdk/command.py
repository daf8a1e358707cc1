"""`python -m harness sdk ...`: what changes between releases of the SDK."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from harness.errors import HarnessError
from harness.sdk import releases
from harness.sdk.environments import HOME

Act = Callable[[argparse.Namespace], int]  # of a command: what was typed -> exit code


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was typed; the exit code.

    matrix: 1 when a release does not run. diff, news: 1 when something is above harmless. bisect:
    0 when found. contract --check: 1 when the cassettes ask otherwise. needs: 1 when time did not
    suffice, or what it found does not make do. Any: 2 when nothing can be said, since a release
    does not install, or has no recording.
    """
    try:
        given = _parser().parse_args(arguments)
        return int(given.act(given))
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness sdk", description=__doc__)
    parts = parser.add_subparsers(
        required=True, metavar="matrix|diff|bisect|news|contract|history|needs"
    )
    _matrix_takes(parts.add_parser("matrix", help="does each release install, import, run"))
    _diff_takes(parts.add_parser("diff", help="what a release asks and does otherwise"))
    _bisect_takes(parts.add_parser("bisect", help="the first release that changes a claim"))
    _news_takes(parts.add_parser("news", help="all that newer releases change, as one text"))
    _contract_takes(parts.add_parser("contract", help="write down what the supported one asks"))
    _history_takes(parts.add_parser("history", help="write down what each asks otherwise"))
    _needs_takes(parts.add_parser("needs", help="which fields of the answers a release reads"))
    return parser


def _matrix_takes(part: argparse.ArgumentParser) -> None:
    add = part.add_argument
    add("--releases", type=_comma, default=releases.listed(), metavar="A,B,...", help="which")
    add("--again", action="store_true", help="also those that were tried before")
    add("--why", action="store_true", help="find the package that keeps a release from importing")
    add("--its-day", action="store_true", help="import it as resolved on the day it came as well")
    add("--page", type=Path, metavar="FILE", help="write the page, as Markdown or as HTML")
    _json_and_home(part, _matrix)


def _diff_takes(part: argparse.ArgumentParser) -> None:
    add = part.add_argument
    add("before", metavar="A", help="a version, `pinned`, `newest` or `newest-pre`")
    add("after", metavar="B", help="the same")
    add("--package", default="", metavar="NAME", help="A and B are versions of it, not the SDK's")
    add("--sdk", default="pinned", metavar="RELEASE", help="under which release, with --package")
    add("--page", type=Path, metavar="FILE", help="write a page to look at, in HTML")
    _json_and_home(part, _diff)


def _bisect_takes(part: argparse.ArgumentParser) -> None:
    add = part.add_argument
    add("--good", required=True, metavar="A", help="a version, or a name as in diff")
    add("--bad", required=True, metavar="B", help="the same")
    add("--package", default="", metavar="NAME", help="search its versions, not the SDK's")
    add("--sdk", default="", metavar="RELEASE", help="under which release, with --package")
    add("claim", help="`import`, an operation such as compute.create, or a probe")
    _json_and_home(part, _bisect)


def _news_takes(part: argparse.ArgumentParser) -> None:
    part.add_argument("releases", nargs="+", metavar="RELEASE", help="a name as in diff")
    _home(part, _news)


def _contract_takes(part: argparse.ArgumentParser) -> None:
    part.add_argument("--check", action="store_true", help="compare with what stands there instead")
    part.set_defaults(act=_contract)


def _history_takes(part: argparse.ArgumentParser) -> None:
    _home(part, _history)


def _needs_takes(part: argparse.ArgumentParser) -> None:
    add = part.add_argument
    add("releases", nargs="*", default=["pinned"], metavar="RELEASE", help="a name as in diff")
    add("--seconds", type=float, default=1800, help="to look for at most, each release; it goes on")
    add("--page", type=Path, metavar="FILE", help="write the page, such as docs/sdk-needs.md")
    _json_and_home(part, _needs)


def _json_and_home(part: argparse.ArgumentParser, act: Act) -> None:
    part.add_argument("--json", action="store_true", help="for machines")
    _home(part, act)


def _home(part: argparse.ArgumentParser, act: Act) -> None:
    part.add_argument("--home", type=Path, default=HOME, help="where environments are kept")
    part.set_defaults(act=act)


def _comma(text: str) -> tuple[str, ...]:
    return tuple(releases.named(word) for word in text.split(",") if word)


def _matrix(given: argparse.Namespace) -> int:
    from harness.sdk.changed import changed
    from harness.sdk.matrix import matrix
    from harness.sdk.table import html, page, table

    rows = matrix(
        given.releases,
        _say,
        given.home,
        again=given.again,
        why=given.why,
        its_day=given.its_day,
    )
    if given.page:
        day, changes = time.strftime("%Y-%m-%d"), changed(rows, given.home)
        text = html(rows, changes) if given.page.suffix == ".html" else page(rows, day, changes)
        given.page.write_text(text, encoding="utf-8")
    _print(json.dumps([asdict(row) for row in rows], indent=1) if given.json else table(rows))
    return int(any(row.ran is None or row.ran.outcome != "passed" for row in rows))


def _diff(given: argparse.Namespace) -> int:
    from harness.sdk.diff import diff, machine, told
    from harness.sdk.html import page

    one, two = (_release(given, word) for word in (given.before, given.after))
    found = diff(one, two, _say, given.home)
    if given.page:
        given.page.write_text(page(json.loads(machine(found))), encoding="utf-8")
    _print(machine(found) if given.json else "\n".join(told(found)))
    return int(found.worst in ("breaking", "risky"))


def _release(given: argparse.Namespace, word: str) -> str:
    """What is compared: a release of the SDK, or one with another package at that version."""
    if not given.package:
        return releases.named(word)
    return releases.with_package(releases.named(given.sdk), given.package, word)


def _bisect(given: argparse.Namespace) -> int:
    from harness.sdk.bisect import bisect, told
    from harness.sdk.look import Question

    good, bad = (releases.named(each, given.package) for each in (given.good, given.bad))
    sdk = given.sdk and releases.named(given.sdk)
    asked = Question(good, bad, given.claim, given.package, sdk)
    found = bisect(asked, _say, given.home)
    _print(json.dumps(asdict(found), indent=1) if given.json else "\n".join(told(found)))
    return 0


def _news(given: argparse.Namespace) -> int:
    from harness.sdk.news import news, page

    found = news(given.releases, _say, given.home)
    _print(page(found).rstrip())
    return max((each.code for each in found), default=0)


def _contract(given: argparse.Namespace) -> int:
    from harness.sdk import contract

    if given.check:
        found = contract.broken()
        _print("\n".join(found) or "the cassettes ask what the contract says")
        return int(bool(found))
    contract.FILE.write_text(contract.written(contract.contract()), encoding="utf-8")
    _print(f"written: {contract.FILE}")
    return 0


def _history(given: argparse.Namespace) -> int:
    from harness.sdk import history
    from harness.wire_diff.history import FILE

    FILE.write_text(history.written(history.history(releases.listed(), given.home)), "utf-8")
    _print(f"written: {FILE}")
    return 0


def _needs(given: argparse.Namespace) -> int:
    from harness.sdk import minimum
    from harness.sdk.needs import Needs, needs

    found = list[Needs]()
    for release in map(releases.named, given.releases):
        guess = [need.field for need in found[-1].needed] if found else []
        found.append(needs(release, _say, given.home, given.seconds, guess))
    if given.page:
        given.page.write_text(minimum.page(found, time.strftime("%Y-%m-%d")), encoding="utf-8")
    _print(minimum.machine(found).rstrip() if given.json else minimum.people(found))
    return int(not all(each.complete for each in found))


def _say(text: str) -> None:
    """Progress, kept apart from the result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
