"""What a row of the table is: surroundings of a run, and what each command must say in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

CommandName = Literal["replay", "twin", "preflight"]
COMMANDS: tuple[CommandName, ...] = ("replay", "twin", "preflight")


@dataclass(frozen=True)
class Place:
    """The folders of one cell. `folder` is its own, and holds all but a checkout that is shared."""

    folder: Path
    home: Path
    reports: Path
    checkout: Path

    def names(self) -> dict[str, str]:
        """What `{folder}`, `{home}`, `{reports}` and `{checkout}` stand for in a row."""
        return {name: str(path) for name, path in vars(self).items()}


@dataclass(frozen=True)
class Green:
    """The run passes, and its record and page are there."""


@dataclass(frozen=True)
class NamedError:
    """One error, in which all of these words stand, and that exit code."""

    words: tuple[str, ...]
    code: int


Expectation = Green | NamedError
GREEN = Green()


@dataclass(frozen=True)
class Need:
    """What a machine must have for a row to be tried; `missing` says why it has not, else ""."""

    name: str
    missing: Callable[[], str]


@dataclass(frozen=True)
class Environment:
    """A row: what differs from a plain shell, and what the three commands do then.

    A plain shell has HOME, PATH and LANG=C.UTF-8. `script` is for bash, with the command as "$@";
    in it, in values and in options, `{folder}` and the other names of a Place are filled in.
    """

    name: str
    variables: Mapping[str, str | None] = field(default_factory=dict)  # None: not set at all
    script: str = 'exec "$@"'
    namespaces: tuple[str, ...] = ()  # options of unshare
    options: Mapping[CommandName, tuple[str, ...]] = field(default_factory=dict)
    preparation: Callable[[Place], None] | None = None  # of its folders
    checkout: Literal["shared", "copy"] = "shared"
    directory: str = "{checkout}"  # in which the command is typed
    default_reports: bool = False  # no --reports on the command line
    scenario: str = "scenarios"
    needs: tuple[Need, ...] = ()
    shows_output: bool = True  # False: its stdout goes nowhere
    replay: Expectation = GREEN
    twin: Expectation = GREEN
    preflight: Expectation = GREEN
    sample: tuple[CommandName, ...] = ()  # tried by `make test` as well

    def expectation(self, command: CommandName) -> Expectation:
        """What that command must do."""
        return {"replay": self.replay, "twin": self.twin, "preflight": self.preflight}[command]


def proxies(address: str) -> dict[str, str]:
    """A proxy for everything, in both spellings."""
    names = ("http_proxy", "https_proxy", "all_proxy")
    return {spelling: address for name in names for spelling in (name, name.upper())}
