"""What to type next: the same on the terminal, on the page and in the summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.report.markup import clean
from harness.report.schema import RunRecord
from harness.report.verdict import broken, told_of
from harness.shell import typed

WATCHDOG = "watchdog.log"  # in the run's folder

_STARTS = ("--set", "az", "cat", "less", "ls", "make", "pip", "pytest", "python", "sed", "tail")
_PROSE = {  # words that no command of ours holds
    *("and", "asks", "compares", "has", "have", "keeps", "leaves", "lists", "or", "says", "shows"),
    *("tell", "tells", "then", "to", "which", "with"),
}
_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""")


def next_steps(record: RunRecord, folder: Path) -> list[str]:
    """Most urgent first; `folder` is the run's. Nothing for a run that is well.

    What is left comes before what broke the run, as its finding or its error has it. It is told
    with the one command that deletes all of it.
    """
    left = [sweep(folder)] if record.leftovers else []
    own = [(step.error or "").partition("Next: ")[2] for step in broken(record)[:1]]
    if record.leftovers and broken(record)[:1] and broken(record)[0].name == "cleanup":
        own = []  # the same command, and others for Azure one by one
    others = [each.next for each in record.findings if each.severity == "error"]
    found = [*left, *(each.next for each in told_of(record)), *own, *others]
    return list(dict.fromkeys(text.strip() for text in found if text.strip()))


def sweep(folder: Path) -> str:
    """The command that deletes what the run of that folder has left, if anything."""
    log = folder / WATCHDOG
    goes_on = f"  # a watchdog tries meanwhile, see {typed(log)}" if log.exists() else ""
    return f"python -m harness sweep {typed(folder)}{goes_on}"


def usual(record: RunRecord) -> Path:
    """Where a run's folder is, when nobody says."""
    return Path("reports") / clean(record.run)


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in parts, of each whether it is a command: from its first word to where prose is."""
    at = 0
    while found := _command(text, at):
        begin, end = found
        if text[at:begin]:
            yield False, text[at:begin]
        yield True, text[begin:end]
        at = end
    if text[at:]:
        yield False, text[at:]


def _command(text: str, at: int) -> tuple[int, int] | None:
    """Where the first command from there on begins and ends; None: there is none."""
    words = list(_WORD.finditer(text, at))
    start = next((n for n, word in enumerate(words) if word[0] in _STARTS), None)
    if start is None:
        return None
    end = words[start].end()
    for word in words[start + 1 :]:
        if word[0] in _PROSE or word[0][0] in "(#":
            break
        bare = word[0].rstrip(";,:.)")
        end = word.start() + len(bare)
        if bare != word[0]:
            break
    return words[start].start(), end
