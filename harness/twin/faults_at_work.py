"""The faults of a running twin: which of them strike, and how often they have."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import WireError
from harness.twin.faults import FAULT, Ends, Fault, Lags, parse, written


class Faults:
    """The faults of one twin; counts how often each has struck.

    Those of `file`, one a line, come on top, and count from nought whenever it has changed.
    """

    def __init__(self, faults: Iterable[Fault] = (), file: Path | None = None) -> None:
        self._started_with = self._faults = tuple(faults)
        self._file, self._seen = file, (0, 0)
        self._struck: Counter[int] = Counter()
        self._told: Counter[str] = Counter()  # as `written`
        if file:  # of a twin that had this folder before
            file.with_suffix(".struck").unlink(missing_ok=True)
        self._lock = threading.Lock()
        self.cut: Callable[[int], None] | None = None  # the connection from this local port

    def ends(self, name: str) -> Ends | None:
        """The state that what this operation begins is to end in, or None. Counts as once."""
        return self.take(Ends, name)

    def take(self, kind: type[FAULT], name: str | None, target: str = "") -> FAULT | None:
        """The first fault of this kind for the operation that has strikes left; uses one up.

        `target` is the path and query that were asked. That it has struck is told at once, but for
        what shows later only (`shown`).
        """
        with self._lock:
            self._look()
            for number, fault in enumerate(self._faults):
                times = getattr(fault, "times", None)
                spent = times is not None and self._struck[number] >= times
                meant = fault.operation == name and getattr(fault, "at", "") in target
                if isinstance(fault, kind) and meant and not spent:
                    self._struck[number] += 1
                    if not isinstance(fault, Lags):
                        self._tell(written(fault))
                    return fault
        return None

    def shown(self, fault: str) -> None:
        """Somebody has met what this fault, as `written` and taken before, did."""
        with self._lock:
            self._tell(fault)

    def _tell(self, fault: str) -> None:
        """Say how often each has struck: `faults.struck` beside the file, whole or not at all."""
        self._told[fault] += 1
        if self._file is None:
            return
        lines = [f"{count} {fault}\n" for fault, count in self._told.items()]
        draft = self._file.with_suffix(".draft")
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(self._file.with_suffix(".struck"))

    def _look(self) -> None:
        """Take over what the file says, when it has changed; a misspelt one changes nothing."""
        try:
            stat = self._file.stat() if self._file else None
        except FileNotFoundError:
            stat = None
        seen = (stat.st_mtime_ns, stat.st_ino) if stat else (0, 0)
        if self._file is None or seen == self._seen:
            return
        self._seen = seen
        try:
            told = parse(self._file.read_text(encoding="utf-8").splitlines()) if stat else ()
        except (OSError, WireError) as error:
            sys.stderr.write(f"{self._file}: {error}; the faults stay as they were\n")
            return
        self._faults, self._struck = (*self._started_with, *told), Counter()
        if told:  # else a run has taken its own away, and may want to know
            self._file.with_suffix(".struck").unlink(missing_ok=True)
            self._told.clear()
