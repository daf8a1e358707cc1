"""`python -m harness sdk bisect --good A --bad B -- CLAIM`: the first release that differs.

A claim is `import`, an operation (what it asks, such as `compute.create`), or a probe (what it
gives, such as `batch_endpoint_defaults`). With `--package NAME` the release stays, and the versions
of that package are searched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import indent
from typing import Any

from harness.errors import SdkError
from harness.sdk import packages, releases
from harness.sdk.behaviour import outcome
from harness.sdk.culprits import between, first_bad
from harness.sdk.diff import alike, behaviour, recorded
from harness.sdk.environments import HOME, environment, imported
from harness.sdk.matrix import Say, fresh_import, tried_with
from harness.sdk.probes import OF_THE_JOB, PROBES
from harness.sdk.runs import probe, twin
from harness.wire.operations import OPERATIONS
from harness.wire_diff.calls import Recording
from harness.wire_diff.change import Change
from harness.wire_diff.compare import changes


@dataclass(frozen=True)
class Question:
    """What is searched for, between which versions.

    With `package` and `sdk`, the versions of that package under this release.
    """

    good: str
    bad: str
    claim: str
    package: str = ""
    sdk: str = ""


@dataclass(frozen=True)
class Bisected:
    """The last version where the claim holds as in the good one, the first where it does not."""

    claim: str
    package: str
    good: str
    bad: str
    evidence: tuple[str, ...]  # what differs between the two, or the error
    pair: tuple[str, str]  # what the two ask or answer, whole; empty of an import
    tried: int
    again: str  # the command that repeats the last comparison


Pair = Callable[[str, str], tuple[str, str]]  # of two versions: what they ask or answer


@dataclass(frozen=True)
class Look:
    """How to look at a claim. `differs` tells of a version what differs from the good one."""

    differs: Callable[[str], Sequence[str]]
    pair: Pair = lambda _one, _two: ("", "")


def bisect(question: Question, say: Say, home: Path = HOME) -> Bisected:
    """Search the versions between two for the first that changes the claim.

    Raises SdkError when the claim is none, or the two ends do not differ in it.
    """
    with ExitStack() as stack:
        return _searched(question, _look(question, say, home, stack), say)


def told(found: Bisected) -> Iterator[str]:
    """What was found, for people."""
    yield f"{found.claim} changes in {found.package} {found.bad}; {found.good} is the last before"
    yield from (f"  {each}" for each in found.evidence)
    for version, text in zip((found.good, found.bad), found.pair, strict=True):
        if any(found.pair):
            yield f"\n{version}:\n{indent(text or 'no such request', '  ')}"
    yield f"\n{found.tried} versions were looked at. Again: {found.again}"


def _searched(question: Question, look: Look, say: Say) -> Bisected:
    good, bad, claim = question.good, question.bad, question.claim
    package = question.package or releases.package()
    versions = between(package, good, bad)
    seen: dict[str, Sequence[str]] = {}

    def is_bad(version: str) -> bool:
        seen[version] = look.differs(version)
        say(f"  {version}: {'; '.join(seen[version]) or 'as ' + good}")
        return bool(seen[version])

    if is_bad(good):
        raise SdkError(f"{good} is not good: {'; '.join(seen[good])}\nNext: name another --good")
    if not is_bad(bad):
        raise SdkError(f"{claim} does not differ between {good} and {bad}. Next: another claim")
    last, first = first_bad(versions, is_bad)
    again = f"python -m harness sdk diff {last} {first}"
    if question.package:
        again += f" --package {question.package} --sdk {question.sdk}"
    if claim == "import":
        again = _import_again(question, first)
    evidence, pair = tuple(seen[first]), look.pair(last, first)
    return Bisected(claim, package, last, first, evidence, pair, len(seen), again)


def _import_again(question: Question, first: str) -> str:
    """What shows the failure without this harness."""
    wanted = [*releases.fresh(question.sdk or first)]
    if question.package:
        others = other_pins(question.package, releases.pins(question.sdk))
        wanted += [*others, f"{question.package}=={first}"]
    packages_of = " ".join(f"'{each}'" for each in wanted)
    return (
        f"python -m venv again && again/bin/pip install {packages_of} && "
        "again/bin/python -c 'import azure.ai.ml.entities'"
    )


def _look(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    """How to look at the claim."""
    if not question.package:
        return _look_at(question, say, home, stack)
    if not question.sdk:
        raise SdkError(
            "--package needs --sdk RELEASE.\n"
            f"Next: python -m harness sdk bisect --good {question.good} --bad {question.bad} "
            f"--package {question.package} --sdk pinned -- {question.claim}"
        )
    if question.claim == "import":
        return _importing_with(question, home)
    return _look_beside(question, say, home, stack)


def _look_beside(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    """The same of a release with that package at a version."""

    def whole(version: str) -> str:
        return releases.with_package(question.sdk, question.package, version)

    asked = Question(whole(question.good), whole(question.bad), question.claim)
    look = _look_at(asked, say, home, stack)
    return Look(
        lambda version: look.differs(whole(version)),
        lambda one, two: look.pair(whole(one), whole(two)),
    )


def _look_at(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    good, claim = question.good, question.claim
    if claim == "import":
        return Look(lambda version: _why_not(fresh_import(version, home)))
    if claim in OF_THE_JOB:
        return _answering_beside_the_run(good, claim, say, home)
    if claim in PROBES:
        unset = (*releases.unset(good), *releases.unset(question.bad))
        ready = stack.enter_context(twin(home, unset))
        return _answering(good, claim, lambda one: _probed(one, claim, ready, home))
    if claim in {operation.name for operation in OPERATIONS}:
        return _asking(good, claim, say, home)
    raise SdkError(
        f"{claim!r} is no claim: `import`, an operation (docs/operations.md), or one of "
        f"{', '.join(PROBES)}.\n"
        f"Next: python -m harness sdk bisect --good {good} --bad {question.bad} -- import"
    )


def _why_not(found: object) -> Sequence[str]:
    texts = (getattr(found, "installs", ""), getattr(found, "error", ""))
    return [text for text in texts if text]


def _importing_with(question: Question, home: Path) -> Look:
    """Whether the release imports with one version of a package; all else that keeps it stays."""
    others = other_pins(question.package, releases.pins(question.sdk))
    made = environment([*releases.fresh(question.sdk), *others], home)

    def differs(version: str) -> Sequence[str]:
        pin = f"{question.package}=={version}"
        over = packages.lay_over(home / "over" / pin.replace("==", "-"), pin)
        return _why_not(imported(made.python, over=[over]))

    return Look(differs)


def other_pins(package: str, pins: Sequence[str]) -> list[str]:
    """What a release needs beside it, the package in question left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name as plain

    return [pin for pin in pins if plain(Requirement(pin).name) != plain(package)]


def _answering_beside_the_run(good: str, claim: str, say: Say, home: Path) -> Look:
    """Whether a release answers a probe otherwise that asks for what the recipe made."""

    def answers(one: str, two: str) -> list[Any]:
        return [behaviour(row, home)["probes"][claim] for row in alike(one, two, say, home)]

    def pair(one: str, two: str) -> tuple[str, str]:
        former, latter = answers(one, two)
        return _shown(former), _shown(latter)

    return Look(lambda version: _texts(outcome(claim, *answers(good, version))), pair)


def _answering(good: str, claim: str, told: Callable[[str], dict[str, Any]]) -> Look:
    """Whether a release answers a probe otherwise."""

    def answer(version: str) -> dict[str, Any]:
        found: dict[str, Any] = told(version)["probes"][claim]
        return found

    return Look(
        lambda version: _texts(outcome(claim, answer(good), answer(version))),
        lambda one, two: (_shown(answer(one)), _shown(answer(two))),
    )


def _texts(found: Iterable[Change]) -> list[str]:
    return list(dict.fromkeys(map(str, found)))


def _shown(answer: Mapping[str, Any]) -> str:
    """What a probe gave: the body that it is about, or all of it."""
    told = answer["sent"] or {key: value for key, value in answer.items() if value}
    return json.dumps(told, indent=1)


def _probed(version: str, claim: str, ready: Path, home: Path) -> dict[str, Any]:
    """What one probe gives, without the recipe; kept for the next time."""
    out = home / "probe" / f"{version}-{claim}-{releases.recipe()}.json"
    if not out.exists():
        probe(tried_with(version, home).python, ready, out, claim)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _asking(good: str, claim: str, say: Say, home: Path) -> Look:
    """Whether a release asks an operation otherwise."""

    def recordings(one: str, two: str) -> list[Recording]:
        return [recorded(row, home) for row in alike(one, two, say, home)]

    def differs(version: str) -> list[str]:
        found = changes(*recordings(good, version))
        return _texts(each for each in found if each.operation == claim)

    def pair(one: str, two: str) -> tuple[str, str]:
        former, latter = (
            [call.request for call in each.calls if call.operation == claim]
            for each in recordings(one, two)
        )
        return next(
            (pair for pair in zip_longest(former, latter, fillvalue="") if pair[0] != pair[1]),
            ("", ""),
        )

    return Look(differs, pair)
