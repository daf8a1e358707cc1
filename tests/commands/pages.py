"""The commands of ours that the pages show, in blocks of code and between backquotes.

What others wrote (git, pip, az) is theirs to test, and the change log tells what was.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRAWINGS = ROOT / "ARCHITECTURE.md"  # its blocks hold no commands
PAGES = [ROOT / "README.md", DRAWINGS, *ROOT.glob("docs/*.md"), *ROOT.glob("data/**/*.md")]

BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
COMMENT = re.compile(r"\s+#\s.*")
OURS = re.compile(r"(HARNESS_\w+=\S+ )?(make|pytest|python3?|\.\.\. -m|\.venv[\w-]*/bin/\S+)( |$)")
OLD_RUN = re.compile(r"reports/\d{8}-\d{6}-[\w-]+")


def shown_commands() -> set[str]:
    """Each command of the pages, as it is to be typed."""
    return {
        command
        for page in PAGES
        for command in commands_of(page.read_text(encoding="utf-8"), blocks=page != DRAWINGS)
    }


def commands_of(text: str, *, blocks: bool = True) -> set[str]:
    """Those of one page. A word alone is a command in a block only: in a sentence it is a name."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()] * blocks
    spans = [span for span in INLINE.findall(BLOCK.sub("", text)) if " " in span]
    candidates = (_plain(piece) for piece in [*lines, *spans])
    return {command for command in candidates if OURS.match(command)}


def _plain(piece: str) -> str:
    """Without prompt and comment, on one line."""
    line = COMMENT.sub("", " ".join(piece.split())).removeprefix("$ ")
    return OLD_RUN.sub("reports/RUN", line)
