"""`python -m harness sdk news newest newest-pre`: one text of all that newer releases change.

Of each: the diff against the pinned release, and what the searches answer to the worst of it; or,
where there is nothing to compare, the package that stands in the way. The scheduled workflow keeps
it as one issue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.sdk import releases
from harness.sdk.bisect import bisect
from harness.sdk.bisect import told as told_search
from harness.sdk.diff import claims, diff
from harness.sdk.diff import told as told_diff
from harness.sdk.environments import HOME
from harness.sdk.look import Question
from harness.sdk.matrix import Say, matrix
from harness.sdk.table import table

_SEARCHES = 3  # the worst changes; a search runs the recipe a few times
_DIFF, _ANSWER = 16_000, 4_000  # characters at most: an issue holds 65,536, of two releases


@dataclass(frozen=True)
class News:
    """What one release changes. `code` is that of `sdk diff`: 0, 1, or 2 if nothing is compared."""

    release: str
    code: int
    text: str


def news(words: Sequence[str], say: Say, home: Path = HOME) -> list[News]:
    """Of each release that these words name today, each once; the pinned one is no news."""
    pinned = releases.named("pinned")
    named = dict.fromkeys(map(releases.named, words))
    return [_of(pinned, release, say, home) for release in named if release != pinned]


def page(found: Sequence[News]) -> str:
    """The text of the issue, in Markdown."""
    if not found:
        return "No release is newer than the pinned one.\n"
    parts = (f"## {each.release}: {_MEANS[each.code]}\n\n```\n{each.text}\n```\n" for each in found)
    return "\n".join(parts)


_MEANS = (
    "nothing above harmless",
    "asks or does something otherwise than the pinned release",
    "nothing was compared",
)


def _of(pinned: str, release: str, say: Say, home: Path) -> News:
    try:
        found = diff(pinned, release, say, home)
    except HarnessError as error:
        return News(release, 2, _cut(f"{error}\n\n{_in_the_way(release, say, home)}", _DIFF))
    code = int(found.worst in ("breaking", "risky"))
    asked = [Question(pinned, release, claim) for claim in claims(found)[:_SEARCHES]]
    parts = [_cut("\n".join(told_diff(found)), _DIFF)]
    parts += [_cut("\n".join(_answer(one, say, home)), _ANSWER) for one in asked]
    return News(release, code, "\n".join(parts))


def _in_the_way(release: str, say: Say, home: Path) -> str:
    try:
        return table(matrix([release], say, home, why=True))
    except HarnessError as error:  # the news of the other releases are none the worse for it
        return f"what stands in the way was not found: {error}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n... cut; `sdk diff` tells all"


def _answer(asked: Question, say: Say, home: Path) -> Iterator[str]:
    yield f"\n== which release changed {asked.claim}"
    try:
        yield from told_search(bisect(asked, say, home))
    except HarnessError as error:  # one that finds nothing takes nothing from the others
        yield f"not found: {error}"
