"""The rules once more, as plainly as can be: slow, and by the standard library alone."""

from __future__ import annotations

import json
from typing import Any


def bad_lines(data: bytes) -> set[int]:
    """The lines of a training file, from 1, that are no good row."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return {number for number, line in enumerate(lines, start=1) if not is_good(line)}


def is_good(line: bytes) -> bool:
    """Whether a line is one row to train on."""
    try:
        row = json.loads(
            line.decode("utf-8", errors="strict"), object_pairs_hook=_once, parse_constant=_never
        )
        json.dumps(row, ensure_ascii=False).encode("utf-8")
        return _is_chat(row)
    except (ValueError, RecursionError, KeyError, TypeError):
        return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _never(name: str) -> None:
    raise ValueError


def _is_chat(row: Any) -> bool:
    messages = row["messages"]
    roles = [message["role"] for message in messages]
    texts = [message["content"] for message in messages]
    texts += [row[name] for name in ("prompt", "prompt_id") if name in row]
    said = [message["content"] for message in messages]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    return (
        isinstance(row, dict)
        and isinstance(messages, list)
        and all(isinstance(message, dict) for message in messages)
        and all(isinstance(text, str) for text in texts)
        and all(text.strip() for text in said)
        and len(talk) >= 2
        and talk == (["user", "assistant"] * len(talk))[: len(talk)]
        and row.get("tools") in (None, [])
    )
