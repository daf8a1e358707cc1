"""The ledger: one line on disk before anything that costs money is created.

A line says by itself what it is about, where it is, whose it is and until when, so that the file
alone is enough to delete from, on another day, by another process.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import StepError


@dataclass(frozen=True)
class Place:
    """The workspace that something is in."""

    subscription: str
    group: str
    workspace: str

    @property
    def address(self) -> str:
        """The workspace's ARM id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )

    def options(self) -> str:
        """The same as options of the az command."""
        return (
            f" --subscription {self.subscription} --resource-group {self.group}"
            f" --workspace-name {self.workspace}"
        )


@dataclass(frozen=True)
class Entry:
    """Something of ours that may exist. Two entries of one kind and name are the same thing."""

    kind: str  # compute | job | endpoint
    name: str
    place: Place | None = field(default=None, compare=False)
    run: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)
    expires: str = field(default="", compare=False)  # UTC, ISO 8601
    size: str = field(default="", compare=False)  # VM size
    count: int = field(default=0, compare=False)  # VMs, at most
    target: str = field(default="", compare=False)
    ready: str = field(default="", compare=False)  # file that says how to reach a twin
    at: float = field(default=0.0, compare=False)  # when it was expected, epoch seconds
    ended: float = field(default=0.0, compare=False)  # when it stopped costing, 0 while it does
    answered: bool = field(default=False, compare=False)  # the create was answered
    keep: bool = field(default=False, compare=False)  # it stays, at rest: a cluster without nodes


class Ledger:
    """Append-only file of what this run may have created.

    Several threads and processes may write: each line is one write under a lock, on disk when the
    call returns. Lines that cannot be read lose nothing but themselves.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._about: dict[str, Any] = {}

    def describe(
        self,
        place: Place,
        *,
        run: str = "",
        owner: str = "",
        expires: str = "",
        target: str = "",
        ready: Path | None = None,
    ) -> None:
        """What every line from now on says about where things are and whose they are."""
        self._about = {
            "subscription": place.subscription,
            "group": place.group,
            "workspace": place.workspace,
            "run": run,
            "owner": owner,
            "expires": expires,
            "target": target,
        } | ({"ready": str(ready)} if ready else {})

    def expect(
        self, kind: str, name: str, size: str = "", count: int = 0, *, keep: bool = False
    ) -> None:
        """Write down that this may exist from now on; call it before the create is sent.

        What is to be kept is not deleted in the end, only brought to rest.
        Raises StepError when the line cannot be put on disk: then nothing may be created.
        """
        line = {"event": "expect", "kind": kind, "name": name, "size": size, "count": count}
        try:
            self._append(line | ({"keep": True} if keep else {}) | self._about)
        except OSError as error:
            raise StepError(
                f"{kind} {name!r} was not created: the ledger {self.path} cannot be written "
                f"({error.strerror or error}), and what is not written down could be left behind. "
                f"Next: df -h {self.path.parent}"
            ) from error

    def answered(self, kind: str, name: str) -> None:
        """Write down that the create was answered, or that it was seen: it appears no later."""
        self._note("answered", kind, name)

    def ended(self, kind: str, name: str) -> None:
        """Write down that it costs nothing any more, proven gone or not."""
        self._note("ended", kind, name)

    def gone(self, kind: str, name: str) -> None:
        """Write down that absence was proven. Raises OSError when that cannot be written."""
        self._append({"event": "gone", "kind": kind, "name": name})

    def open_entries(self) -> list[Entry]:
        """What may still exist, newest first: the order to delete in."""
        return [entry for entry, still in self._history() if still][::-1]

    def entries(self) -> list[Entry]:
        """All that was ever expected, oldest first."""
        return [entry for entry, _ in self._history()]

    def _history(self) -> list[tuple[Entry, bool]]:
        found: dict[Entry, tuple[Entry, bool]] = {}
        for line in self._lines():
            entry = _entry(line)
            known = found.get(entry, (entry, False))[0]
            match line["event"]:
                case "expect":
                    found.pop(entry, None)  # the last word counts, and its place in the order
                    found[entry] = (entry, True)
                case "gone":
                    found[entry] = (_changed(known, line, ended=True), False)
                case "ended" if entry in found:
                    found[entry] = (_changed(known, line, ended=True), found[entry][1])
                case "answered" if entry in found:
                    found[entry] = (_changed(known, line, answered=True), found[entry][1])
        return list(found.values())

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line for line in map(_line, text.split("\n")) if line]

    def _note(self, event: str, kind: str, name: str) -> None:
        """A line that spares work and no more: what is not written is asked of the service."""
        try:
            self._append({"event": event, "kind": kind, "name": name})
        except OSError:
            return

    def _append(self, line: Mapping[str, Any]) -> None:
        """One line in one write. A line that only half fits on the disk is taken back."""
        text = json.dumps({**line, "at": round(time.time(), 3)}) + "\n"
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            before = os.fstat(handle).st_size
            torn = before > 0 and os.pread(handle, 1, before - 1) != b"\n"
            try:
                _write(handle, (("\n" if torn else "") + text).encode())
            except OSError:
                os.ftruncate(handle, before)
                raise
            if not before:
                _sync_folder(self.path.parent)
        finally:
            os.close(handle)


def _write(handle: int, data: bytes) -> None:
    if os.write(handle, data) != len(data):
        raise OSError("the disk is full")
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    """A new file is only there after a crash when its folder is on disk as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _line(text: str) -> dict[str, Any] | None:
    """A line that was written whole, else None."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    ours = isinstance(line, dict) and all(
        isinstance(line.get(key), str) for key in ("event", "kind", "name")
    )
    return line if ours else None


_TEXTS = ("run", "owner", "expires", "size", "target", "ready")


def _entry(line: Mapping[str, Any]) -> Entry:
    where = [str(line.get(key) or "") for key in ("subscription", "group", "workspace")]
    text = {key: str(line.get(key) or "") for key in _TEXTS}
    return Entry(
        kind=line["kind"],
        name=line["name"],
        place=Place(*where) if all(where) else None,
        run=text["run"],
        owner=text["owner"],
        expires=text["expires"],
        size=text["size"],
        count=int(line.get("count") or 0),
        target=text["target"],
        ready=text["ready"],
        at=float(line.get("at") or 0.0),
        keep=line.get("keep") is True,
    )


def _changed(
    entry: Entry, line: Mapping[str, Any], *, ended: bool = False, answered: bool = False
) -> Entry:
    at = entry.ended or float(line.get("at") or 0.0)
    return replace(entry, ended=at if ended else entry.ended, answered=answered or entry.answered)
