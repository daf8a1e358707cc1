"""The fast path: is this line a good row, beyond doubt?

A file is written by one program, in one style: the same columns, the same white space. The style is
read off a good row. From then on msgspec takes a line apart into its values as they are written,
and what lies between them is reckoned from the style. JSON without white space cannot be written
shorter: when a line is as long as its values and the style's names and brackets, there is nothing
in it that was not looked at, no second field of a name and no other column. A style with white
space could hide some; there the row is written again and compared byte by byte. What is left is to
see that roles take turns, that texts are texts and say something. A line that differs is not wrong:
it is for the careful path (explain.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec.structs import astuple
from xxhash import xxh3_64_intdigest as hashed

from harness.dataset.rules import TEXT_COLUMNS, Wanted

QUOTE = ord('"')
NESTED = b"{["
NUMBER = 20  # characters; json refuses very long ones
# a text that starts with one of these says something; what starts otherwise is decoded to see
VISIBLE = tuple(32 < code < 127 and chr(code) not in '"\\' for code in range(256))
# What has one of these as its second character is such a text: no list, object, true, false, null
# or number has (E is left out for 1E5; behind a number of one digit good() sees what comes next).
SURE = tuple(code in b"ABCDFGHIJKLMNOPQRSTUVWXYZ" for code in range(256))
SHORTEST = (",", ":")  # to_json of datasets and pandas
SEPARATORS = (SHORTEST, (", ", ": "))  # json.dumps
ENDS = (b"\n", b"\r\n", b"")  # in what one is shorter than another no field has room
MOST = 200  # messages of a row; more are for the careful path

_PLAIN_NAME = re.compile(r"[\w .:/-]+")  # msgspec refuses to rename to others

Seen = tuple[int, int, int | None]  # messages, hash of what they say, hash of prompt_id
Roles = tuple[str, ...]


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
        texts = [name for name in TEXT_COLUMNS if name in row]
        others = [name for name in row if name not in (*texts, "messages")]
        order = ["messages", *texts, *others]  # of values
        self._texts = slice(1, 1 + len(texts))
        self._others = slice(1 + len(texts), None) if others else None
        self._places = [order.index(name) for name in row]
        self._id = order.index("prompt_id") if "prompt_id" in row else 0
        self._decode = msgspec.json.Decoder(_row_type(order)).decode
        self._templates: dict[Roles, bytes] = {}
        self._between: dict[Roles, int] = {}  # bytes of a row that are not its values'

    def good(self, line: bytes) -> Seen | None:
        """What is seen of a good row; None when it may be no such.

        Raises what msgspec raises for what is not JSON of this shape.
        """
        values = astuple(self._decode(line))
        messages = values[0]
        contents = [message.content for message in messages]
        said = b"".join((*contents, b","))
        at = 1
        for content in contents:
            if not SURE[said[at]] and not _says(content):  # for most one look is enough
                return None
            at += len(content)
        roles = tuple([message.role for message in messages])
        size = (self._between.get(roles) or self._measured(roles)) + at
        for value in values:
            size += len(value)
        if size != len(line):
            return None
        for text in values[self._texts]:
            if bytes(text)[0] != QUOTE:
                return None
        if self._separators is not SHORTEST and self._again(roles, values, contents) != line:
            return None
        if self._others and not self._are_plain(values[self._others]):
            return None
        if len(line) > self._longest and any(len(text) > self._longest for text in contents):
            return None
        name = hashed(values[self._id]) if self._id else None
        return len(contents), hashed(said, roles[0] == "system"), name

    @staticmethod
    def _are_plain(values: Iterable[msgspec.Raw]) -> bool:
        """Of other columns what is nested could repeat a field, and is for json."""
        for value in map(bytes, values):
            if value[0] != QUOTE and (value[0] in NESTED or len(value) > NUMBER):
                return False
        return True

    def _measured(self, roles: Roles) -> int:
        """How long a row of these roles is without its values; no line is so of wrong roles."""
        talk = roles[1:] if roles[:1] == ("system",) else roles
        turns = ("user", "assistant") * (len(talk) // 2 + 1)
        if talk != turns[: len(talk)] or not self._fewest <= len(talk) <= MOST:
            return -1 << 60
        self._templates[roles] = self._written(roles)
        values = len(roles) + len(self._columns) - 1
        besides = len(roles) + 1  # what good() adds up too: how many messages, and where it begins
        self._between[roles] = len(self._templates[roles]) - values * len(b"%b") - besides
        return self._between[roles]

    def _again(self, roles: Roles, values: tuple[Any, ...], contents: list[msgspec.Raw]) -> bytes:
        """The row as this style writes it."""
        written = [values[place] for place in self._places]
        before, after = written[: self._at], written[self._at + 1 :]
        return self._templates[roles] % (*before, *contents, *after)

    def _written(self, roles: Roles) -> bytes:
        """A row of these roles, to be filled in with values."""
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
    if end not in ENDS:
        return None
    for separators in SEPARATORS:
        style = Style(row, separators, end, wanted)
        if style.good(line) is not None:
            return style
    return None


def seen(line: bytes) -> Seen:
    """What is seen of a good row of any style. Raises what msgspec raises."""
    row = _read(line)
    said = b"".join((*(message.content for message in row.messages), b","))
    system = bool(row.messages) and row.messages[0].role == "system"
    name = hashed(row.prompt_id) if isinstance(row.prompt_id, msgspec.Raw) else None
    return len(row.messages), hashed(said, system), name


_read = msgspec.json.Decoder(Row).decode


def _row_type(columns: list[str]) -> type[msgspec.Struct]:
    """A row with these columns, `messages` first; the others are kept as written."""
    fields = [(f"column_{at}", msgspec.Raw if at else list[Message]) for at in range(len(columns))]
    names = {f"column_{at}": name for at, name in enumerate(columns)}
    return msgspec.defstruct("Columns", fields, rename=names, gc=False)


def _says(content: msgspec.Raw) -> bool:
    """Whether a text as written is one, and has anything but white space."""
    text = bytes(content)
    return text[0] == QUOTE and (VISIBLE[text[1]] or bool(str(msgspec.json.decode(text)).strip()))
