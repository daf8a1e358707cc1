"""One file, row by row: what is kept, and every problem with its line, field and rule."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import compress

import msgspec

from harness.dataset.explain import explain
from harness.dataset.repeated import Repeated
from harness.dataset.rules import BY_NAME, Problem, Wanted
from harness.dataset.style import Seen, seen, style_of
from harness.dataset.told import Told

AT_ONCE = 1024  # rows counted together
NOT_OF_THIS_SHAPE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Judge:
    """Hears one file line by line, and tells at the end what it found."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self._name, self._wanted = name, wanted
        self._good: Callable[[bytes], Seen | None] = lambda line: None  # until there is a style
        self._styles = 100  # how often to look for another; some files have none
        self._seen: list[tuple[int, int, Seen]] = []  # line, its bytes; counted many at once
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
        longest, remember = self._wanted.longest_line, self._seen.append
        for number, line in enumerate(lines, start=1):
            try:
                good = self._good(line)
            except NOT_OF_THIS_SHAPE:
                good = None
            if good and len(line) <= longest and (line.isascii() or _is_utf8(line)):
                remember((number, len(line), good))
                yield line
            elif self._may_stay(number, line):
                yield line
            if len(self._seen) >= AT_ONCE:
                self._count()

    def told(self) -> Told:
        """Everything, after the last line; to be asked once."""
        self._count()
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

    def _count(self) -> None:
        """The rows seen since the last time; counted one by one they take longer."""
        if not self._seen:
            return
        lines, sizes, good = zip(*self._seen, strict=True)
        messages, said, names = zip(*good, strict=True)
        self._seen.clear()
        self._bytes += sum(sizes)
        self._sizes.update([size >> 10 for size in sizes])
        self._turns.update(messages)
        self._messages.add(said, lines)
        if not all(names):  # all is quick, and in most files all have one
            has_one = [name is not None for name in names]
            names, lines = tuple(compress(names, has_one)), tuple(compress(lines, has_one))
        self._ids.add(names, lines)

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
        good = None
        try:
            good = seen(line)
            if not allowed and self._styles:
                self._styles -= 1
                style = style_of(line, self._wanted)
                self._good = style.good if style else self._good
        except NOT_OF_THIS_SHAPE as error:
            if not allowed:  # msgspec is stricter than json
                self._refuse([Problem("not-json", "", str(error), number)])
                return False
        self._allowed.update(one.rule for one in allowed)
        self._useless += _left_out(allowed) is not None
        if good:
            self._seen.append((number, len(line), good))
        else:
            self._bytes += len(line)
            self._sizes[len(line) >> 10] += 1
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


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
