"""`python -m harness ...`: what can be done outside of pytest. To add a command, add its line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

from harness.own_process import mend_process


@dataclass(frozen=True)
class Command:
    """Its words, what it does, and the module whose `main` takes the other arguments."""

    words: str
    says: str
    module: str  # imported only when it is called


COMMANDS = (
    Command(
        "twin", "run the embedded Azure ML in the foreground, for any client", "targets.foreground"
    ),
    Command(
        "preflight", "what would stand in the way of a run, before anything is created", "preflight"
    ),
    Command("data", "check chat data, or prepare it for the job", "dataset.command"),
    Command("sweep", "delete what a run that was killed has left", "janitor.sweep"),
    Command("report", "write the page of a run again", "report.__main__"),
    Command("reference", "what a training is compared with: gather, check", "acceptance.command"),
    Command("cassettes audit", "look for secrets in the cassettes", "audit.__main__"),
    Command(
        "cassettes diff", "what one recording asks otherwise than another", "wire_diff.__main__"
    ),
    Command("sdk", "what changes between releases of the SDK: matrix, diff, bisect", "sdk.command"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code says whether it worked, 2 that there is none of that name."""
    mend_process()
    if any(option.startswith("error") for option in sys.warnoptions):
        warnings.simplefilter("default")  # what libraries warn of ends no command of ours
    line = sys.argv[1:] if arguments is None else arguments
    for command in COMMANDS:
        words = command.words.split()
        if line[: len(words)] == words:
            code: int = import_module(f"harness.{command.module}").main(line[len(words) :])
            return code
    if line in (["-h"], ["--help"]):
        sys.stdout.write(usage())
        return 0
    family = [each for each in COMMANDS if line and each.words.startswith(f"{line[0]} ")]
    if family and line[1:] in (["-h"], ["--help"]):
        sys.stdout.write(usage(family))
        return 0
    sys.stderr.write(usage(family or COMMANDS) + _meant(line))
    return 2


def usage(commands: Sequence[Command] = COMMANDS) -> str:
    """These commands, a line each."""
    wide = max(len(command.words) for command in commands)
    lines = [f"  {command.words:{wide}}  {command.says}" for command in commands]
    head = "usage: python -m harness COMMAND [options]   (COMMAND --help says more)"
    return "\n".join([head, "", *lines, ""])


def _meant(given: list[str]) -> str:
    near = get_close_matches(" ".join(given[:2]), [command.words for command in COMMANDS], n=1)
    return (
        f"\nthere is no command {' '.join(given)!r}"
        + (f"; did you mean {near[0]!r}?\n" if near else "\n")
        if given
        else ""
    )
