"""The careful path: everything that is wrong with one line, with the field and the rule.

It goes by the standard library's json alone, so that it shares no code with the fast path; what it
finds nothing wrong with still has to be read by msgspec (judge.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.dataset.rules import ROLES, TEXT_COLUMNS, Problem, Wanted

MARKS = {
    b"\xef\xbb\xbf": "UTF-8",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class _Object(dict[str, Any]):
    """An object as json reads it, that knows which of its names stood twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(name for name, _ in pairs)
        self.repeated = sorted(name for name, count in times.items() if count > 1)


def explain(line: bytes, wanted: Wanted, *, first: bool = False) -> list[Problem]:
    """The problems of one line with its end, none when it is a good row; `first` of its file."""
    if len(line) > wanted.longest_line:
        return [Problem("line-too-long", "", f"it has more than {wanted.longest_line:,} bytes")]
    mark = next((mark for mark in MARKS if first and line.startswith(mark)), None)
    if mark is None:
        return _line(line, wanted)
    told = f"the file starts with the byte-order mark of {MARKS[mark]}"
    if MARKS[mark] == "UTF-16":
        return [Problem("not-utf8", "", told)]
    return [Problem("byte-order-mark", "", told), *_line(line[len(mark) :], wanted)]


def _line(line: bytes, wanted: Wanted) -> list[Problem]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        told = f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8"
        return [Problem("not-utf8", "", f"{told}: {error.reason}")]
    if not text.strip(" \t\r\n"):
        return [Problem("blank-line", "", "there is nothing in it")]
    try:
        row = json.loads(text, object_pairs_hook=_Object, parse_constant=_refuse)
        return list(_row(row, text, wanted))
    except RecursionError:
        return [Problem("not-json", "", "it is nested too deep")]
    except ValueError as error:
        cut = isinstance(error, json.JSONDecodeError) and not line.endswith(b"\n")
        return [Problem("truncated" if cut else "not-json", "", _words(error))]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _words(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
    return str(error)


def _row(row: Any, text: str, wanted: Wanted) -> Iterator[Problem]:
    if row is None:
        yield Problem("no-messages", "", "the row is null")
    elif not isinstance(row, dict):
        yield Problem("not-an-object", "", f"the row is {_kind(row)}")
    else:
        yield from _repeated(row, "")
        if _HALF.search(text):
            yield from _halves(row, "")
        yield from _columns(row, wanted)
        if "messages" in row:
            yield from _messages(row["messages"], wanted)
        else:
            yield Problem("no-messages", "messages", f"there is no such column, only {_names(row)}")


def _repeated(value: Any, path: str) -> Iterator[Problem]:
    """Names that stand twice in an object: `datasets` stops there, and does not say where."""
    if isinstance(value, _Object):
        for name in value.repeated:
            told = f"{name!r} stands more than once in one object"
            yield Problem("repeated-field", _join(path, name), told)
    for key, inner in _inside(value):
        yield from _repeated(inner, _join(path, key))


def _halves(value: Any, path: str) -> Iterator[Problem]:
    """Half of a surrogate pair: json lets it pass, and no file can hold it."""
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"\\u{ord(text[error.start]):04x}"
            yield Problem("not-json", path, f"{half} is half of a surrogate pair")
    for name, inner in _inside(value):
        yield from _halves(inner, _join(path, name))


def _inside(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _join(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _columns(row: dict[str, Any], wanted: Wanted) -> Iterator[Problem]:
    for name in wanted.columns:
        if name not in row and name != "messages":
            yield Problem("missing-field", name, "there is no such column")
    for name in TEXT_COLUMNS:
        if name in row and not isinstance(row[name], str):
            yield Problem("wrong-type", name, f"a text is wanted, found {_kind(row[name])}")
    tools = row.get("tools")
    if tools is not None and not (
        isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)
    ):
        yield Problem("wrong-type", "tools", "a list of objects is wanted, or null")


def _names(row: dict[str, Any]) -> str:
    """The columns that are there."""
    names = [_short(name) for name in row]
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "{}"


def _messages(messages: Any, wanted: Wanted) -> Iterator[Problem]:
    if messages in (None, "", []):
        told = "there are none" if messages is None else "it is empty"
        yield Problem("no-messages", "messages", told)
        return
    if not isinstance(messages, list):
        yield Problem("wrong-type", "messages", f"a list is wanted, found {_kind(messages)}")
        return
    problems = [found for at, one in enumerate(messages) for found in _message(one, at, wanted)]
    yield from problems
    if wanted.purpose == "training" and len(messages) < 2:
        yield Problem("too-few-messages", "messages", "there is only one")
    elif not any(found.field.endswith((".role", "]")) for found in problems):
        yield from _order([one["role"] for one in messages], wanted)


def _message(message: Any, at: int, wanted: Wanted) -> Iterator[Problem]:
    where = f"messages[{at}]"
    if not isinstance(message, dict):
        yield Problem("wrong-type", where, f"an object is wanted, found {_kind(message)}")
        return
    for name in ("role", "content"):
        if name not in message:
            yield Problem("missing-field", f"{where}.{name}", "there is no such field")
        elif not isinstance(message[name], str):
            told = f"a text is wanted, found {_kind(message[name])}"
            yield Problem("wrong-type", f"{where}.{name}", told)
    role, content = message.get("role"), message.get("content")
    if isinstance(role, str) and role not in ROLES:
        told = f"{_short(role)} is none of {', '.join(ROLES)}"
        yield Problem("unknown-role", f"{where}.role", told)
    if isinstance(content, str) and not content.strip():
        told = "there is nothing but white space" if content else "it is empty"
        yield Problem("empty-content", f"{where}.content", told)
    if isinstance(content, str) and len(content) > wanted.longest_turn:
        told = f"it has {len(content):,} characters, over {wanted.longest_turn:,}"
        yield Problem("turn-too-long", f"{where}.content", told)


def _order(roles: list[str], wanted: Wanted) -> Iterator[Problem]:
    for at, role in enumerate(roles[1:], start=1):
        if role == "system":
            again = "a second one" if "system" in roles[:at] else "it is not the first message"
            yield Problem("system-not-first", f"messages[{at}].role", again)
    talk = [(at, role) for at, role in enumerate(roles) if role != "system"]
    for turn, (at, role) in enumerate(talk):
        due = ("user", "assistant")[turn % 2]
        if role != due:
            told = f"it is the {due}'s turn, found {role!r}"
            yield Problem("wrong-order", f"messages[{at}].role", told)
            return
    if not talk:
        yield Problem("wrong-order", "messages", "no user says anything")
    elif wanted.purpose == "training" and "assistant" not in roles:
        yield Problem("no-assistant", "messages", "no assistant says anything")


def _kind(value: Any) -> str:
    """A value in JSON's own words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    for kind, name in ((str, "a text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return f"a number ({_short(value)})"


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
