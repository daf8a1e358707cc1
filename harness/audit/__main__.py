"""`python -m harness cassettes audit [FOLDER ...]`: no secret stands in a cassette.

Exit code 0: nothing found; 1: something was; 2: a file could not be read, so nobody knows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.audit import ours, scanner
from harness.audit.texts import Text, texts_of
from harness.errors import CassetteError
from harness.wire.sockets import blocked

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"
COLUMNS = ("file", "entry", "JSON path", "kind", "begins")


@dataclass(frozen=True)
class Find:
    """Where something stands that nobody may see; of it, the first four characters only."""

    file: str
    entry: str
    path: str
    kind: str
    begins: str


@dataclass
class Audit:
    """What was looked at, what was found, and which files could not be read and why."""

    files: int = 0
    texts: int = 0
    finds: list[Find] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code."""
        return 2 if self.unread else 1 if self.finds else 0


def main(arguments: list[str] | None = None) -> int:
    """Audit the folders given, or the cassettes that ship, and print what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m harness cassettes audit", description="look for secrets in cassettes"
    )
    parser.add_argument("folders", nargs="*", type=Path, help=f"default: {CASSETTES.name}")
    folders = parser.parse_args(arguments).folders or [CASSETTES]
    with blocked():  # some plugins could ask a service whether a key is valid: never with ours
        audit = audited(folders)
    sys.stdout.write("".join(f"{line}\n" for line in _told(audit)))
    sys.stderr.write("".join(f"{why}\n" for why in audit.unread))
    return audit.code


def audited(folders: Sequence[Path]) -> Audit:
    """Every file below the folders (or the file itself) under all rules, ours and the scanner's."""
    audit = Audit()
    for path in (path for folder in folders for path in _files(folder)):
        try:
            texts = list(texts_of(path))
            audit.finds += _finds(path, texts)
        except CassetteError as error:
            audit.unread.append(str(error))
            continue
        audit.files, audit.texts = audit.files + 1, audit.texts + len(texts)
    if not audit.files and not audit.unread:
        places = ", ".join(map(str, folders))
        audit.unread.append(f"no file in {places}. Next: name the folder of the cassettes")
    return audit


def _files(folder: Path) -> Iterator[Path]:
    """Whatever lies there, hidden or not: a leftover of a recording is as public as the rest."""
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if not path.is_dir())
    else:
        yield folder


def _finds(path: Path, texts: Sequence[Text]) -> list[Find]:
    found: dict[Text, dict[str, str]] = {}
    for text in texts:
        for kind, begins in (*ours.hits(text), *scanner.hits(ours.referring(text))):
            found.setdefault(text, {}).setdefault(kind, begins)
    hidden = [text.value for text in found if len(text.value) > 4]
    return [
        Find(
            file=f"{path.parent.name}/{path.name}",
            entry=_cut(text.entry, hidden),
            path=_cut(text.path, hidden),
            kind=", ".join(kinds),
            begins=f"{next(iter(kinds.values()))[:4]}...",
        )
        for text, kinds in found.items()
    ]


def _cut(shown: str, hidden: Sequence[str]) -> str:
    """The name of a place without what must not be shown, should it stand in a name."""
    for value in hidden:
        shown = shown.replace(value, f"{value[:4]}...")
    return shown


def _told(audit: Audit) -> Iterator[str]:
    rows = [COLUMNS, *((f.file, f.entry, f.path, f.kind, f.begins) for f in audit.finds)]
    if audit.finds:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = zip(row, widths, strict=True)
            yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()
    yield f"{audit.files} files, {audit.texts} texts, {len(audit.finds) or 'no'} finds"
    if audit.finds:
        yield (
            "Next: make each secret worthless where it is valid, add a rule to "
            "harness/wire/scrub.py, record again.\nA false alarm of the scanner goes into "
            "FALSE_ALARMS of harness/audit/scanner.py with its reason"
        )


if __name__ == "__main__":
    sys.exit(main())
