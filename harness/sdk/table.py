"""The matrix as a table in Markdown: docs/sdk-matrix.md is made by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.sdk.html import matrix_page
from harness.sdk.releases import package, unset
from harness.sdk.row import Import, Row

Changes = Mapping[str, Sequence[str]]  # of two releases; see harness/sdk/changed.py
_HEAD = (
    "release",
    "published",
    "today it",
    "as of its day",
    "with",
    "recipe",
    "requests",
    "warnings",
)
_COMMAND = "python -m harness sdk matrix --why --its-day --page docs/sdk-matrix.md"
_NONE: Changes = {}
_SHORT = 110  # characters of an error in a cell


def table(rows: Sequence[Row]) -> str:
    """One line a release, and below it what is too long for a cell."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD)), *(_line(_cells(row)) for row in rows)]
    notes = list(_notes(rows))
    return "\n".join([*lines, *([""] if notes else []), *notes])


def html(rows: Sequence[Row], changes: Changes = _NONE) -> str:
    """The same as a page to look at, with what each release changes."""
    notes = [note.removeprefix("- ") for note in _notes(rows)]
    told = [f"{pair}: {each}" for pair, lines in changes.items() for each in lines]
    return matrix_page(_HEAD, [[*_cells(row)] for row in rows], [*notes, *told])


def page(rows: Sequence[Row], day: str, changes: Changes = _NONE) -> str:
    """The page docs/sdk-matrix.md, with what each release changes against the one before it."""
    return f"""# Releases of {package()}

Made on {day} by `{_COMMAND}`, Python 3.11.
Target: **the twin**. It proves how each release fits this recipe and this harness, and nothing
about Azure.

- *today it*: the release alone, as the index resolves it today, imported in its own process.
- *as of its day*: the same with what had been published by the day of the release.
- *with*: installed beside it for the run (`data/sdk/releases.json`), since it does not import
  without.
- *recipe*: the nine steps and their tests; *requests* counts polls. Seconds are of a busy machine.
{_states(rows)}
{table(rows)}
{_changes(changes)}"""


def _states(rows: Sequence[Row]) -> str:
    """What to know of rows that were not all tried with the same recipe, twin and probes."""
    if len({row.recipe for row in rows}) < 2:
        return ""
    return """
**Rows come from more than one state of the recipe: seconds and requests of two rows cannot be
compared.** `--again` tries all of them with the present one.
"""


def _changes(told: Changes) -> str:
    if not told:
        return ""
    parts = ("\n".join([f"**{pair}**\n", *(f"- {e}" for e in told[pair])]) for pair in told)
    every = "\n\n".join(parts)
    return f"""
## What each release asks and does otherwise

Each against the one before it in the table, from recordings and probes. What is harmless is left
out; `python -m harness sdk diff A B` tells it, with the reasons.

{every}
"""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _cells(row: Row) -> Iterator[str]:
    yield row.version
    yield row.published
    yield _import(row.today)
    yield _import(row.its_day) if row.its_day else "not tried"
    without = [f"without `{name}`" for name in unset(row.version)]
    yield ", ".join([*(f"`{pin}`" for pin in row.pins), *without]) or "nothing"
    if row.ran is None:
        yield from ("not run", "", "")
        return
    yield f"{row.ran.outcome}, {row.ran.seconds:.0f} s"
    yield str(row.ran.requests)
    yield str(len(row.ran.warnings))


def _import(found: Import) -> str:
    if found.installs:
        return "does not install"
    conflicts = f", {len(found.conflicts)} conflicts" if found.conflicts else ""
    if found.error:
        return f"**does not import**: {found.error[:_SHORT]}{conflicts}"
    return f"imports, {found.seconds:.1f} s{conflicts}"


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """What stands in the way of each import, and the first error of each run."""
    for row in rows:
        told = [
            *([f"does not install: {row.today.installs}"] if row.today.installs else []),
            *row.today.culprits,
            *row.today.conflicts,
        ]
        if row.ran and row.ran.error:
            at = f" (harness: {row.ran.where})" if row.ran.where else ""
            told.append(f"run: {row.ran.error}{at}")
        yield from (f"- {row.version}: {text}" for text in told)
