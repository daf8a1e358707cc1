"""The fast path: is this line a good row, beyond doubt?

A file is written by one program, in one style: the same columns in the same order, the same white
space. The style is read off a good row. From then on msgspec takes a line apart into its values as
they are written, and they are put together again in that style, with roles that take turns. When
the result is the line, byte by byte, there is nothing in the line that was not looked at: no second
field of a name, no other role, no order but the right one. What is left is to see that texts are
texts and say something. A line that differs is not wrong: it is for the careful path (explain.py).
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import msgspec

from harness.dataset.rules import TEXT_COLUMNS, Wanted

QUOTE = ord('"')
NESTED = b"{["
NUMBER = 20  # characters; json refuses very long ones
# a text that starts with one of these says something; what starts otherwise is decoded to see
VISIBLE = bytes(32 < code < 127 and chr(code) not in '"\\' for code in range(256))
SEPARATORS = ((",", ":"), (", ", ": "))  # to_json of datasets and pandas; json.dumps
MOST = 1000  # messages of a row; more are for the careful path

_PLAIN_NAME = re.compile(r"[\w .:/-]+")  # msgspec refuses to rename to others

Seen = tuple[int, int, int | None]  # messages, hash of what they say, hash of prompt_id


class Message(msgspec.Struct, gc=False):
    """One message; the content is as written, with its quotes and escapes."""

    role: Literal["system", "user", "assistant"]
    content: msgspec.Raw


class Row(msgspec.Struct, gc=False):
    """What every good row has, in whatever style."""

    messages: list[Message]
    prompt_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Style:
    """How one file writes its rows: columns and fields in order, white space, line end."""

    def __init__(
        self, row: dict[str, Any], separators: tuple[str, str], end: bytes, wanted: Wanted
    ) -> None:
        self._columns = list(row)
        self._fields = list(row["messages"][0])
        self._separators, self._end = separators, end
        self._fewest = 2 if wanted.purpose == "training" else 1
        self._longest = wanted.longest_turn
        self._at = self._columns.index("messages")
        self._texts = [self._columns.index(name) for name in TEXT_COLUMNS if name in row]
        self._others = [
            at for at, name in enumerate(row) if at != self._at and name not in TEXT_COLUMNS
        ]
        self._id = self._columns.index("prompt_id") if "prompt_id" in row else None
        self._decode = msgspec.json.Decoder(_row_type(self._columns)).decode
        self._templates: dict[tuple[int, bool], bytes] = {}

    def good(self, line: bytes) -> Seen | None:
        """What is seen of a good row; None when it may be no such.

        Raises what msgspec raises for what is not JSON of this shape.
        """
        values = msgspec.structs.astuple(self._decode(line))
        messages = values[self._at]
        contents = tuple([bytes(message.content) for message in messages])
        system = bool(messages) and messages[0].role == "system"
        template = self._templates.get((len(contents), system)) or self._template(contents, system)
        if template % (*values[: self._at], *contents, *values[self._at + 1 :]) != line:
            return None
        doubtful = [text for text in contents if text[0] != QUOTE or not VISIBLE[text[1]]]
        if doubtful and not all(text[0] == QUOTE and _says(text) for text in doubtful):
            return None
        if len(line) > self._longest and any(len(text) > self._longest for text in contents):
            return None
        if not self._columns_are_plain(values):
            return None
        name = None if self._id is None else hash(bytes(values[self._id]))
        return len(contents), hash(contents) ^ system, name

    def _columns_are_plain(self, values: tuple[Any, ...]) -> bool:
        """Texts where texts belong; what is nested could repeat a field, and is for json."""
        for at in self._texts:
            if bytes(values[at])[0] != QUOTE:
                return False
        for at in self._others:
            value = bytes(values[at])
            if value[0] != QUOTE and (value[0] in NESTED or len(value) > NUMBER):
                return False
        return True

    def _template(self, contents: tuple[bytes, ...], system: bool) -> bytes:
        """A row of as many messages, to be filled in; no line is like that of a refused shape."""
        count = len(contents)
        talk = count - system
        if talk < self._fewest or count > MOST:
            return b"\n" + b"%b" * (count + len(self._columns) - 1)
        roles = ["system"] * system + ["user", "assistant"] * (talk // 2 + 1)
        template = self._written(roles[:count])
        self._templates[count, system] = template
        return template

    def _written(self, roles: list[str]) -> bytes:
        comma, _ = self._separators
        messages = comma.join(
            self._object({"role": f'"{role}"', "content": "%b"}, self._fields) for role in roles
        )
        values = dict.fromkeys(self._columns, "%b") | {"messages": f"[{messages}]"}
        return self._object(values, self._columns).encode() + self._end

    def _object(self, values: dict[str, str], order: list[str]) -> str:
        comma, colon = self._separators
        names = {name: f'"{name}"' for name in order}
        return "{" + comma.join(f"{names[name]}{colon}{values[name]}" for name in order) + "}"


def style_of(line: bytes, wanted: Wanted) -> Style | None:
    """The style of a good row, None when it is one of its own."""
    row = json.loads(line)
    fields = [list(message) for message in row["messages"]]
    if "tools" in row or sorted(fields[0]) != ["content", "role"]:
        return None
    if not all(_PLAIN_NAME.fullmatch(name) for name in row):
        return None
    end = line[len(line.rstrip(b"\r\n")) :]
    for separators in SEPARATORS:
        style = Style(row, separators, end, wanted)
        if style.good(line) is not None:
            return style
    return None


def seen(line: bytes) -> Seen:
    """What is seen of a good row of any style. Raises what msgspec raises."""
    row = _read(line)
    contents = tuple([bytes(message.content) for message in row.messages])
    system = bool(row.messages) and row.messages[0].role == "system"
    name = hash(bytes(row.prompt_id)) if isinstance(row.prompt_id, msgspec.Raw) else None
    return len(contents), hash(contents) ^ system, name


_read = msgspec.json.Decoder(Row).decode


def _row_type(columns: list[str]) -> type[msgspec.Struct]:
    """A row with these columns; `messages` apart, each is kept as written."""
    fields = [
        (f"column_{at}", list[Message] if name == "messages" else msgspec.Raw)
        for at, name in enumerate(columns)
    ]
    names = {f"column_{at}": name for at, name in enumerate(columns)}
    return msgspec.defstruct("Columns", fields, rename=names, gc=False)


def _says(text: bytes) -> bool:
    """Whether a text as written has anything but white space."""
    return bool(str(msgspec.json.decode(text)).strip())
