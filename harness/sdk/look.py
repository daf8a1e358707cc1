"""How to look at a claim: what a version does otherwise than the good one, and what both ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk import packages, releases
from harness.sdk.behaviour import outcome
from harness.sdk.diff import alike, behaviour, recorded
from harness.sdk.environments import environment, imported
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


Pair = Callable[[str, str], tuple[str, str]]  # of two versions: what they ask or answer


@dataclass(frozen=True)
class Look:
    """How to look at a claim. `differs` tells of a version what differs from the good one."""

    differs: Callable[[str], Sequence[str]]
    pair: Pair = lambda _one, _two: ("", "")


def look(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    """How to look at the claim of a question; a twin that this needs lives as long as `stack`.

    Raises SdkError when the claim is none, or a package is named without a release.
    """
    if not question.package:
        return _of_releases(question, say, home, stack)
    if not question.sdk:
        raise SdkError(
            "--package needs --sdk RELEASE.\n"
            f"Next: python -m harness sdk bisect --good {question.good} --bad {question.bad} "
            f"--package {question.package} --sdk pinned -- {question.claim}"
        )
    if question.claim == "import":
        return _importing_with(question, home)
    return _of_package(question, say, home, stack)


def _of_package(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    """The same of a release with that package at a version."""

    def whole(version: str) -> str:
        return releases.with_package(question.sdk, question.package, version)

    asked = Question(whole(question.good), whole(question.bad), question.claim)
    at = _of_releases(asked, say, home, stack)
    return Look(
        lambda version: at.differs(whole(version)),
        lambda one, two: at.pair(whole(one), whole(two)),
    )


def _of_releases(question: Question, say: Say, home: Path, stack: ExitStack) -> Look:
    good, claim = question.good, question.claim
    if claim == "import":
        return _importing(home)
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


def _importing(home: Path) -> Look:
    """Whether a release imports in a fresh environment."""

    def differs(version: str) -> Sequence[str]:
        found = fresh_import(version, home)
        return [text for text in (found.installs, found.error) if text]

    return Look(differs)


def _importing_with(question: Question, home: Path) -> Look:
    """Whether the release imports with one version of a package; all else that keeps it stays."""
    others = other_pins(question.package, releases.pins(question.sdk))
    made = environment([*releases.fresh(question.sdk), *others], home)

    def differs(version: str) -> Sequence[str]:
        pin = f"{question.package}=={version}"
        over = packages.lay_over(home / "over" / pin.replace("==", "-"), pin)
        error = imported(made.python, over=[over]).error
        return [error] if error else []

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
