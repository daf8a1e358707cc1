"""`python -m harness sdk bisect --good A --bad B -- CLAIM`: the first release that differs.

A claim is `import`, an operation (what it asks, such as `compute.create`), or a probe (what it
gives, such as `batch_endpoint_defaults`). With `--package NAME` the release stays, and the versions
of that package are searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from harness.errors import SdkError
from harness.sdk import releases
from harness.sdk.culprits import between, first_bad
from harness.sdk.environments import HOME
from harness.sdk.look import Look, Question, look, other_pins
from harness.sdk.matrix import Say


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


def bisect(question: Question, say: Say, home: Path = HOME) -> Bisected:
    """Search the versions between two for the first that changes the claim.

    Raises SdkError when the claim is none, or the two ends do not differ in it.
    """
    with ExitStack() as stack:
        return _searched(question, look(question, say, home, stack), say)


def told(found: Bisected) -> Iterator[str]:
    """What was found, for people."""
    yield f"{found.claim} changes in {found.package} {found.bad}; {found.good} is the last before"
    yield from (f"  {each}" for each in found.evidence)
    for version, text in zip((found.good, found.bad), found.pair, strict=True):
        if any(found.pair):
            yield f"\n{version}:\n{indent(text or 'no such request', '  ')}"
    yield f"\n{found.tried} versions were looked at. Again: {found.again}"


def _searched(question: Question, at: Look, say: Say) -> Bisected:
    good, bad, claim = question.good, question.bad, question.claim
    package = question.package or releases.package()
    versions = between(package, good, bad)
    seen: dict[str, Sequence[str]] = {}

    def is_bad(version: str) -> bool:
        seen[version] = at.differs(version)
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
    evidence, pair = tuple(seen[first]), at.pair(last, first)
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
