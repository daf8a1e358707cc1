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

# How a command of ours begins. Words that prose has as well count only before what can be a file.
_BEGINS = re.compile(
    r"""(?<![\w./-])(?:[A-Z][A-Z_]*=\S+\ )*(?:
      (?:\S*/)?python\d?\ -m\ (?:harness(?:\.\w+|(?:\ sdk)?(?:\ [a-z][a-z-]*)?)
        |pip\ (?:check|list|(?:index\ versions|install|show|uninstall)(?:\ [a-z][\w-]*)?)
        |[a-z][\w.]*)
      |pytest(?:\ scenarios|\ tests)?(?=[\s,;.:)]|$)
      |az\ (?:login|account\ [a-z]+|(?:ml|role)\ [a-z][a-z-]*(?:\ [a-z][a-z-]*)?)
      |git\ (?:checkout|diff|log|show|status)
      |make(?:\ (?:bench|clean|crash|envs|light|lint|prove-replay|regenerate|replay|run
        |test(?:-light|-twin)?|twin-env)(?![\w-]))+
      |(?:cat|df|head|kill|less|ls|mv|sed|tail|unzip)(?=\ (?:-\w|\d+\b|>|'|[^\s'"]*[/*.]\w))
      |--set(?=\ ['"]?[\w.]+\ ?=)
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"""\s((?:'[^']*'|"[^"]*"|[^\s'"])+)""")
_MARKS = re.compile(r"""['"/*=<>~\d]|\.\w|^[A-Z][A-Z_]+$""")  # no word of a sentence
_ALONE = {  # options that no value follows
    *("--again", "--all", "--all-open", "--check", "--dry-run", "--drop", "--help", "--its-day"),
    *("--preview", "--record", "--show", "--tag", "--yes", "-h", "-q", "-x"),
}


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
    if (found := _BEGINS.search(text, at)) is None:
        return None
    end, value = found.end(), found[0] == "--set"
    while word := _WORD.match(text, end):
        bare = re.sub(r"[;,:.)]+$", "", word[1])
        if not (value or _is_argument(bare)):
            break
        end = word.start(1) + len(bare)
        if bare != word[1]:
            break
        value = bare == "--" or (bare.startswith("-") and "=" not in bare and bare not in _ALONE)
    return found.start(), end


def _is_argument(word: str) -> bool:
    """Whether it goes on with the command: an option, a file, a number, or somebody's NAME."""
    return (word.startswith("-") or bool(_MARKS.search(word))) and not word.startswith(("(", "#"))
