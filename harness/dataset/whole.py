"""What a file is as a whole, when it is no JSON Lines at all: said once, with how to convert it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.dataset.look import typed

UTF16 = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"{\0": "UTF-16LE", b"\0{": "UTF-16BE"}
_END = 256  # bytes; only white space comes after the last bracket


def otherwise(path: Path) -> tuple[str, str] | None:
    """What it is instead, and the command that helps; None for what may be JSON Lines."""
    try:
        head, tail = _ends(path)
    except OSError:
        return None
    rows = typed(path.with_name(f"{path.stem}-lines.jsonl"))
    if coding := UTF16.get(head[:2]):
        return f"is {coding}, not UTF-8", f"iconv -f {coding} -t UTF-8 {typed(path)} > {rows}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"[") and tail.rstrip().endswith(b"]"):
        return "is one JSON array, not a row in each line", f"jq -c '.[]' {typed(path)} > {rows}"
    return None


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(_END)
        file.seek(max(os.fstat(file.fileno()).st_size - _END, 0))
        return head, file.read()
