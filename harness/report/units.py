"""Numbers as a person reads them: `1 min 12 s`, `18.4 ms`, `1,204`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """`40 ms`, `0.31 s`, `7.3 s`, `48 s`, `1 min 12 s`, `3 h 05 min`."""
    if 0 < seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"
    if seconds < 9.95:
        return f"{seconds:.2g} s" if seconds < 0.95 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def milliseconds(ms: float) -> str:
    """Three digits that matter: `3.42 ms`, `18.4 ms`, `1,204 ms`."""
    return f"{short(ms)} ms"


def short(value: float | None) -> str:
    """Three digits that matter, thousands separated; very small values with an exponent."""
    if value is None or not math.isfinite(value):
        return "not finite"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    if size >= 0.01:
        return f"{value:.{2 - math.floor(math.log10(size))}f}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """`0.182` as `18.2 %`."""
    return f"{share * 100:.1f} %"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 test`, `2 tests`, `1,204 exchanges`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(started: str) -> str:
    """`Wednesday 22 July 2026, 06:00 UTC`; a text that is no time comes back as it is."""
    try:
        when = datetime.fromisoformat(started).astimezone(UTC)
    except ValueError:
        return started
    return f"{when:%A} {when.day} {when:%B %Y, %H:%M} UTC"


def first_line(text: str, width: int = 240) -> str:
    """The line of an error that says what happened: the last of a traceback, else the first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["(no message)"]
    line = lines[-1] if lines[0].startswith("Traceback (most recent call last)") else lines[0]
    return line if len(line) <= width else line[: width - 1] + "…"


def gist(text: str, width: int = 480) -> str:
    """What an error says first and last, in one line; without its next command.

    A first line that ends in a colon says nothing yet: then the one below it as well. What is
    quoted below a rule (`---`) is left out.
    """
    said, lines = text.partition("Next: ")[0], list[str]()
    for line in filter(re.compile(r"[\w-]").search, said.splitlines()):
        if lines and line.strip().startswith("---"):
            break
        lines.append(line.strip())
    first, rest = first_line("\n".join(lines), width), lines[-1:]
    if lines and first == lines[0] and first.endswith(":"):
        rest = list(dict.fromkeys([*lines[1:2], *rest]))
    others = "; ".join(line.rstrip(".:") for line in rest if line != first)
    whole = f"{first.rstrip('.:')}: {others}" if others else first.rstrip(":")
    return first_line(whole, width)
