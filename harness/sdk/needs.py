"""`python -m harness sdk needs [RELEASE ...]`: which fields of the answers a release really reads.

A release's own recording is replayed under that release with fields of the answers left out. As
long as the recipe ends green, asks the same and finds the same, it did not need them. Whole
objects are tried first, and halves of what is left: a field is looked at alone only where its
group made a difference. A group that breaks while no part of it does is a need of its own: one of
it has to be there. At the end all that is not needed is left out at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import SdkError
from harness.sdk.environments import HOME
from harness.sdk.fields import Field, fields_of, recorded
from harness.sdk.matrix import Say, matrix, tried_with
from harness.sdk.row import place
from harness.sdk.trials import TooLateError, Trials, judge, replaying
from harness.warm import warm_runs

SECONDS = 1800.0  # that one command looks, unless told otherwise


@dataclass(frozen=True)
class Need:
    """A field that a release reads: `ends` how the recipe breaks without it, or what it changes."""

    field: Field
    breaks: bool
    ends: str
    instead: tuple[Field, ...] = ()  # each of these would do in its place

    @property
    def group(self) -> tuple[Field, ...]:
        """The fields of which one has to be there; mostly just one."""
        return self.field, *self.instead


@dataclass(frozen=True)
class Needs:
    """What a release needs of the answers. `left` are fields that time did not suffice for.

    `together` is how it ends when all that is not needed is left out at once, in all operations:
    empty when as ever, None when that was not tried.
    """

    release: str
    fields: tuple[Field, ...]
    needed: tuple[Need, ...]
    trials: int
    left: tuple[Field, ...] = ()
    together: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all fields were looked at, and those that are needed make do."""
        return not self.left and self.together == ""


Trial = Callable[[Sequence[Field]], str]  # fields left out -> how it ended, empty: the same


def needs(
    release: str,
    say: Say,
    home: Path = HOME,
    seconds: float = SECONDS,
    guess: Collection[Field] = (),
) -> Needs:
    """Look for all fields that a release reads; recorded first where it is not yet.

    `guess` are those that another release reads: where it is right, few trials say so.

    Raises SdkError when the recipe does not pass under the release, or does not replay.
    """
    (row,) = matrix([release], say, home)
    if row.ran is None or row.ran.outcome != "passed":
        raise SdkError(
            f"the recipe does not pass under {release}, so nothing can be left out.\n"
            f"Next: python -m harness sdk matrix --again --releases {release}"
        )
    told = recorded(place(home, release) / "cassettes" / "finetune_chat")
    folder = place(home, release) / "needs"
    folder.mkdir(exist_ok=True)
    made = tried_with(release, home)
    with warm_runs(folder / "warm.log", made.python, replaying()) as runs:
        trials = Trials(told, folder, runs, time.monotonic() + seconds, judge(made.pins))
        trials.check(release)
        return search(release, fields_of(told), trials, say, guess)


def search(
    release: str,
    fields: Sequence[Field],
    trial: Trial,
    say: Say,
    guess: Collection[Field] = (),
) -> Needs:
    """The needed ones among the fields, operation by operation, those with few fields first."""
    needed, known = list[Need](), set[Field]()
    tried = dict[tuple[Field, ...], str]()
    together: str | None = None

    def once(dropped: Sequence[Field]) -> str:
        if tuple(dropped) not in tried:
            tried[tuple(dropped)] = trial(dropped)
        return tried[tuple(dropped)]

    sizes = Counter(field.operation for field in fields)
    operations = sorted(sizes, key=lambda name: sizes[name])
    try:
        for number, operation in enumerate(operations, start=1):
            of_it = [field for field in fields if field.operation == operation]
            found = list(_of_operation(of_it, guess, once))
            needed += found
            known |= set(of_it)
            say(
                f"[{number}/{len(operations)}] {operation}: {len(found)} of {len(of_it)} fields "
                f"are read, {len(tried)} trials so far"
            )
        together = once(_rest(fields, needed))
        for found_over in _one_of(fields, needed, once):  # of several operations
            needed.append(found_over)
        together = ""
    except TooLateError:
        say("the time is over; the same command goes on from here")
    left = tuple(field for field in fields if field not in known)
    return Needs(release, tuple(fields), tuple(needed), len(tried), left, together)


def _of_operation(of_it: Sequence[Field], guess: Collection[Field], trial: Trial) -> Iterator[Need]:
    """Those that are needed of one operation: what is guessed first, if all else may go."""
    guessed = [field for field in of_it if field in guess]
    others = [field for field in of_it if not any(field.holds(one) for one in guessed)]
    looked_at = of_it
    if guessed and (not others or not trial(_outermost(others))):
        looked_at = [field for field in of_it if field not in others]
    found = list(_needed(_outermost(looked_at), looked_at, trial))
    yield from found
    yield from _one_of(of_it, found, trial)


def _one_of(fields: Sequence[Field], needed: Sequence[Need], trial: Trial) -> Iterator[Need]:
    """Groups of which none is needed alone: from each its first is kept, until all else may go."""
    kept = list(needed)
    while rest := _rest(fields, kept):
        if not trial(rest):
            return
        few = _fewest(rest, trial)
        ended = trial(few)
        first, *instead = sorted(few, key=rest.index)
        kept.append(Need(first, _breaks(ended), ended, tuple(instead)))
        yield kept[-1]


def _rest(fields: Sequence[Field], needed: Sequence[Need]) -> list[Field]:
    """What may go: all but what is needed, what holds that, and what is held by one of several."""
    whole = [need.field for need in needed if need.instead]
    kept = [need.field for need in needed]
    return _outermost(
        [
            field
            for field in fields
            if not any(field.holds(one) for one in kept)
            and not any(one.holds(field) for one in whole)
        ]
    )


def _fewest(group: Sequence[Field], trial: Trial) -> list[Field]:
    """As few of a group that breaks as still break: the shortest beginning, again and again."""
    few = list[Field]()
    while group and not (few and trial(few)):
        low, high = 0, len(group)  # up to `low` it passes, up to `high` it breaks
        while high - low > 1:
            middle = (low + high) // 2
            if trial([*few, *group[:middle]]):
                high = middle
            else:
                low = middle
        few, group = [*few, group[high - 1]], group[: high - 1]
    return few


def _needed(group: Sequence[Field], of_it: Sequence[Field], trial: Trial) -> Iterator[Need]:
    """Those of a group without which it ends otherwise, and of what those hold."""
    if not group or not (ended := trial(group)):
        return
    if len(group) > 1:
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            yield from _needed(half, of_it, trial)
        return
    (field,) = group
    yield Need(field, _breaks(ended), ended)
    inside = [one for one in of_it if one != field and field.holds(one)]
    yield from _needed(_outermost(inside), of_it, trial)


def _breaks(ended: str) -> bool:
    return ended.startswith(("step", "red"))


def _outermost(fields: Sequence[Field]) -> list[Field]:
    """Those that none of the others holds."""
    kept = list[Field]()
    for field in fields:  # what holds others stands before them
        if not any(one.holds(field) for one in kept):
            kept.append(field)
    return kept
