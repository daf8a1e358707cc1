"""What was found in a file: in words, line by line, and as a small picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.dataset.look import typed
from harness.dataset.rules import BY_NAME, Problem
from harness.dataset.whole import otherwise

CONTEXT = 16  # KiB: about the 4,096 tokens Phi-3-mini takes, at 4 bytes a token


@dataclass(frozen=True)
class Told:
    """One file: `rows` and `bytes` kept, the first problems, and counts by rule.

    `refused`: problems nobody allowed; `dropped`: rows left out, by rule; `allowed`: problems of
    rows that stay. `turns`: rows by number of messages; `kibibytes`: rows by KiB of their line.
    """

    name: str
    rows: int
    bytes: int
    problems: tuple[Problem, ...]
    refused: Mapping[str, int]
    dropped: Mapping[str, int]
    allowed: Mapping[str, int]
    turns: Mapping[int, int]
    kibibytes: Mapping[int, int]

    def complaint(self) -> str:
        """All that is refused: the first problems line by line, counts by rule, what to do."""
        total = sum(self.refused.values())
        if other := otherwise(Path(self.name)):
            shown = [self._where(problem) for problem in self.problems[:1]]
            return "\n  ".join([f"{self.name} {other[0]}:", *shown]) + f"\nNext: {other[1]}"
        lines = [f"{self.name} has {total:,} problem(s):"]
        lines += [f"  {self._where(problem)}" for problem in self.problems]
        if total > len(self.problems):
            lines.append(f"  ... and {total - len(self.problems):,} more")
        lines.append(f"by rule: {counted(self.refused)}")
        lines += self.notes()
        lines.append(f"Next: {self._next()}")
        return "\n".join(lines)

    def notes(self) -> list[str]:
        """What was left out, and what stays although a rule is broken."""
        notes = []
        if self.dropped:
            notes.append(f"{self.name}: left out, as the component would: {counted(self.dropped)}")
        if self.allowed:
            notes.append(f"{self.name}: kept although a rule is broken: {counted(self.allowed)}")
        return notes

    def _where(self, problem: Problem) -> str:
        place = f"{self.name}:{problem.line}" if problem.line else self.name
        field = f"{problem.field}: " if problem.field else ""
        return f"{place}: {field}{problem.rule}: {problem.detail}"

    def _next(self) -> str:
        """The command that helps, as far as one can."""
        rules = [BY_NAME[name] for name in self.refused]
        hints = [self._look()]
        drops = [rule.name for rule in rules if rule.component == "drops"]
        takes = [rule.name for rule in rules if rule.component == "takes" and not rule.always]
        if drops and self.rows:  # else none would be left
            hints.append(f"--drop leaves out {', '.join(drops)}, as the component does")
        if takes:
            hints.append(f"keep them all the same with --allow {' --allow '.join(takes)}")
        return "; or ".join(hints)

    def _look(self) -> str:
        """How to see the first line that is wrong."""
        path = Path(self.name)
        if not path.is_file():  # rows of the hub are in no file yet
            return "correct what is told above"
        if not path.stat().st_size:
            return f"the file is empty: write it again, or name another (ls -l {typed(path)})"
        if set(self.refused) == {"too-few-rows"}:
            return f"put more rows into {path}"
        if not self.rows and all(_nameless(problem) for problem in self.problems if problem.line):
            return (
                "name the column that holds the chats messages, a list of objects with role "
                f"(system, user or assistant) and content (head -n 1 {typed(path)} shows a row)"
            )
        line = next((problem.line for problem in self.problems if problem.line), 1)
        return f"correct what is told above (sed -n {line}p {typed(path)} shows the first line)"


def _nameless(problem: Problem) -> bool:
    return problem.rule == "no-messages" and problem.detail.startswith("there is no such column")


def counted(counts: Mapping[str, int]) -> str:
    """`rule 3, rule 1`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def picture(told: Told, width: int = 40) -> str:
    """How many messages rows have, and how long they are; one bar a line."""
    lines = [f"{told.name}: {told.rows:,} rows, {told.bytes / 1e6:,.1f} MB"]
    lines += _bars("messages", {str(turns): rows for turns, rows in told.turns.items()}, width)
    lines += _bars("KiB a row", _doubling(told.kibibytes), width)
    over = sum(rows for size, rows in told.kibibytes.items() if size >= CONTEXT)
    share = over / told.rows if told.rows else 0.0
    lines.append(
        f"  {share:.1%} of the rows have {CONTEXT} KiB or more, about the 4,096 tokens that"
    )
    lines.append("  Phi-3-mini takes: what is beyond is cut in training")
    return "\n".join(lines)


def _doubling(sizes: Mapping[int, int]) -> dict[str, int]:
    """Rows under 1 KiB, 1-2, 2-4, 4-8 and so on."""
    found: dict[int, int] = {}
    for size, rows in sizes.items():
        found[size.bit_length()] = found.get(size.bit_length(), 0) + rows
    return {f"{1 << at >> 1}-{1 << at}": found[at] for at in sorted(found)}


def _bars(title: str, counts: Mapping[str, int], width: int, most: int = 12) -> list[str]:
    shown = dict(list(counts.items())[:most])
    if len(counts) > most:
        shown["more"] = sum(counts.values()) - sum(shown.values())
    top = max(shown.values(), default=1)
    return [f"  {title:>10}"] + [
        f"  {name:>10} {'█' * -(-rows * width // top)} {rows:,}" for name, rows in shown.items()
    ]
