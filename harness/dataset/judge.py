"""One file, row by row: what is kept, and every problem with its line, field and rule."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from harness.dataset.explain import explain
from harness.dataset.lines import blocks
from harness.dataset.repeated import Repeated
from harness.dataset.rules import BY_NAME, Problem, Wanted
from harness.dataset.style import Seen, Style, seen, style_of
from harness.dataset.told import Told

NOT_OF_THIS_SHAPE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Judge:
    """Hears one file line by line, and tells at the end what it found."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self._name, self._wanted = name, wanted
        self._style: Style | None = None  # that of the last row that had one
        self._styles = 100  # how often to look for another; some files have none
        self._ids, self._messages = Repeated(), Repeated()
        self._problems: list[Problem] = []
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._allowed: Counter[str] = Counter()
        self._turns: Counter[int] = Counter()
        self._sizes: Counter[int] = Counter()
        self._bytes = self._faulty = self._useless = 0

    def kept(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines of a file that stay, as they are; problems are remembered."""
        return chain.from_iterable(self._blocks(lines))

    def _blocks(self, lines: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
        number = 1
        for block in blocks(lines):
            yield self._kept(number, block)
            number += len(block)

    def _kept(self, number: int, block: Sequence[bytes]) -> Sequence[bytes]:
        """Those that stay, the first of that number; halved until all of a part are good."""
        if good := self._good(block):
            self._count(number, good)
            return block
        if len(block) == 1:
            return block if self._may_stay(number, block[0]) else ()
        half = len(block) // 2
        return [*self._kept(number, block[:half]), *self._kept(number + half, block[half:])]

    def _good(self, block: Sequence[bytes]) -> Seen | None:
        try:
            return self._style.good(block) if self._style else None
        except NOT_OF_THIS_SHAPE:
            return None

    def told(self) -> Told:
        """Everything, after the last line; to be asked once."""
        for name, repeated in (("same-id", self._ids), ("same-messages", self._messages)):
            self._tell_repeated(name, repeated)
            repeated.close()
        rows = self._sizes.total()
        useful = rows + self._faulty - self._useless
        if useful < self._wanted.fewest_rows:
            hoped = ", the wrong ones counted as corrected" if useful > rows else ""
            told = f"{useful} row(s) are left{hoped}, {self._wanted.fewest_rows} are needed"
            self._refuse([Problem("too-few-rows", "", told)])
        problems = sorted(self._problems, key=lambda problem: problem.line or 1 << 62)
        return Told(
            name=self._name,
            rows=rows,
            bytes=self._bytes,
            problems=tuple(problems[: self._wanted.shown]),
            refused=dict(self._refused),
            dropped=dict(self._dropped),
            allowed=dict(self._allowed),
            turns=dict(sorted(self._turns.items())),
            kibibytes=dict(sorted(self._sizes.items())),
        )

    def _count(self, number: int, good: Seen) -> None:
        """Rows that stay, the first in that line."""
        self._bytes += sum(good.sizes)
        self._sizes.update([size >> 10 for size in good.sizes])
        self._turns.update(good.turns)
        self._messages.add(good.said, number)
        self._ids.add(good.names, number)

    def _may_stay(self, number: int, line: bytes) -> bool:
        """The careful path: refuse, leave out, or keep after all."""
        found = explain(line, self._wanted, first=number == 1)
        left = [one.at(number) for one in found if one.rule not in self._wanted.allow]
        if self._wanted.drop and (dropped := _left_out(left)):
            self._dropped[dropped] += 1
            return False
        if left:
            self._refuse(left)
            self._faulty += _left_out(left) is None  # a row all the same, once it is corrected
            return False
        return self._stays(number, line, found)

    def _stays(self, number: int, line: bytes, allowed: list[Problem]) -> bool:
        good = Seen([len(line)], [], [], [])
        try:
            good = seen(line)
            if not allowed and self._styles:
                self._styles -= 1
                self._style = style_of(line, self._wanted) or self._style
        except NOT_OF_THIS_SHAPE as error:
            if not allowed:  # msgspec is stricter than json
                self._refuse([Problem("not-json", "", str(error), number)])
                return False
        self._allowed.update(one.rule for one in allowed)
        self._useless += _left_out(allowed) is not None
        self._count(number, good)
        return True

    def _refuse(self, problems: list[Problem]) -> None:
        self._refused.update(problem.rule for problem in problems)
        room = self._wanted.shown - len(self._problems)
        self._problems += problems[: max(room, 0)]

    def _tell_repeated(self, name: str, repeated: Repeated) -> None:
        """Rows that stood before, as problems or, where that is allowed, as a count."""
        counts = self._allowed if name in self._wanted.allow else self._refused
        counts.update({name: 0})

        def counted() -> Iterator[tuple[int, int]]:
            for found in repeated.found():
                counts[name] += 1
                yield found

        first = heapq.nsmallest(self._wanted.shown, counted())
        if not counts[name]:
            del counts[name]
        if counts is self._refused:
            field = "prompt_id" if name == "same-id" else "messages"
            self._problems += [
                Problem(name, field, f"the same as in line {before}", line)
                for line, before in first
            ]


def _left_out(problems: list[Problem]) -> str | None:
    """The rule by which the component leaves a row out; it fails before that at what is worse."""
    does = {problem.rule: BY_NAME[problem.rule] for problem in problems}
    if any(rule.component == "fails" or rule.always for rule in does.values()):
        return None
    return next((name for name, rule in does.items() if rule.component == "drops"), None)
