"""The fast path: are these lines good rows, beyond doubt?

A file is written by one program, in one style: the same columns, the same white space. The style is
read off a good row. From then on msgspec takes lines apart into their values as they are written,
and what lies between them is reckoned from the style. JSON without white space cannot be written
shorter: when lines are together as long as their values and the style's names and brackets, there
is nothing in any that was not looked at, no second field of a name and no other column. A style
with white space could hide some; there every row is written again and compared byte by byte. What
is left is to see that roles take turns, that texts are texts and say something. A line that differs
is not wrong: it is for the careful path (explain.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from operator import attrgetter, methodcaller
from typing import Any, Literal, NamedTuple

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
SURE = b"ABCDFGHIJKLMNOPQRSTUVWXYZ"
SHORTEST = (",", ":")  # to_json of datasets and pandas
SEPARATORS = (SHORTEST, (", ", ": "))  # json.dumps
ENDS = (b"\n", b"\r\n", b"")
MOST = 200  # messages of a row; more are for the careful path

_PLAIN_NAME = re.compile(r"[\w .:/-]+")  # msgspec refuses to rename to others

Roles = tuple[str, ...]
CONTENT = attrgetter("content")
flat = chain.from_iterable


class Message(msgspec.Struct, gc=False):
    """One message; the content is as written, with its quotes and escapes."""

    role: Literal["system", "user", "assistant"]
    content: msgspec.Raw


class Row(msgspec.Struct, gc=False):
    """What every good row has, in whatever style."""

    messages: list[Message]
    prompt_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Seen(NamedTuple):
    """What is seen of good rows, one after the other."""

    sizes: list[int]  # bytes of the line
    turns: list[int]  # messages
    said: list[int]  # hash of what they say, and whether a system begins
    names: list[int]  # hash of prompt_id; nothing where rows have none


class Style:
    """How one file writes its rows: columns and fields in order, white space, line end."""

    def __init__(
        self, row: dict[str, Any], separators: tuple[str, str], end: bytes, wanted: Wanted
    ) -> None:
        self._columns = list(row)
        self._fields = list(row["messages"][0])
        self._separators, self._end = separators, end
        self._fewest = 2 if wanted.purpose == "training" else 1
        self._wanted = wanted
        self._at = self._columns.index("messages")
        texts = [name for name in TEXT_COLUMNS if name in row]
        others = [name for name in row if name not in (*texts, "messages")]
        order = ["messages", *texts, *others]  # of values
        self._texts = len(texts)
        self._places = [order.index(name) for name in row]
        self._id = texts.index("prompt_id") if "prompt_id" in texts else None
        self._decode = msgspec.json.Decoder(_row_type(order)).decode
        self._ended = methodcaller("endswith", end)
        self._templates: dict[Roles, bytes] = {}
        self._between: dict[Roles, int] = {}  # bytes of a row that are not its values'

    def good(self, lines: Sequence[bytes]) -> Seen | None:
        """What is seen of these rows when all are good, None when one of them may not be.

        Raises what msgspec raises for what is not JSON of this shape. Every step is taken for all
        rows at once, which costs less than row by row.
        """
        rows = list(map(astuple, map(self._decode, lines)))
        talks, *columns = zip(*rows, strict=True)
        contents = list(map(CONTENT, flat(talks)))
        roles = [tuple([message.role for message in talk]) for talk in talks]
        values = b"".join((*contents, *flat(columns), b","))
        seconds = list(accumulate(map(len, contents), initial=1))  # bytes of contents, in values
        sizes = list(map(len, lines))
        good = (
            self._hold_nothing_else(lines, sum(sizes) - len(values) + 1, roles)
            and (values.isascii() or all(map(_is_utf8, lines)))
            and _say_something(contents, bytes(map(values.__getitem__, seconds[:-1])))
            and _are_texts(flat(columns[: self._texts]))
            and (len(columns) == self._texts or _are_plain(flat(columns[self._texts :])))
            and (self._separators is SHORTEST or self._again(roles, rows) == b"".join(lines))
            and self._not_too_long(max(sizes), contents)
        )
        if not good:
            return None
        turns = list(map(len, talks))
        borders = [seconds[at] - 1 for at in accumulate(turns, initial=0)]
        names = list(map(hashed, columns[self._id])) if self._id is not None else []
        return Seen(sizes, turns, _said(values, borders, roles), names)

    def _hold_nothing_else(self, lines: Sequence[bytes], between: int, roles: list[Roles]) -> bool:
        """Whether there is no byte besides the values and what a style without white space has.

        No line can be shorter than that, so that none makes room in another; without its line feed
        is the last of a file alone, and in one byte no field has room.
        """
        size = sum([self._between.get(some) or self._measured(some) for some in roles])
        return size == between and (self._end == b"\n" or all(map(self._ended, lines)))

    def _not_too_long(self, longest: int, contents: Sequence[msgspec.Raw]) -> bool:
        """A content of any length needs a line that is longer."""
        most = self._wanted.longest_turn
        return longest <= self._wanted.longest_line and (
            longest <= most or max(map(len, contents)) <= most
        )

    def _measured(self, roles: Roles) -> int:
        """How long a row of these roles is without its values; no line is so of wrong roles."""
        talk = roles[1:] if roles[:1] == ("system",) else roles
        turns = ("user", "assistant") * (len(talk) // 2 + 1)
        if talk != turns[: len(talk)] or not self._fewest <= len(talk) <= MOST:
            return -1 << 60
        self._templates[roles] = self._written(roles)
        values = len(roles) + len(self._columns) - 1
        self._between[roles] = len(self._templates[roles]) - values * len(b"%b")
        return self._between[roles]

    def _again(self, roles: list[Roles], rows: list[tuple[Any, ...]]) -> bytes:
        """The rows as this style writes them."""
        return b"".join(map(self._filled, roles, rows))

    def _filled(self, roles: Roles, values: tuple[Any, ...]) -> bytes:
        written = [values[place] for place in self._places]
        before, after = written[: self._at], written[self._at + 1 :]
        contents = [message.content for message in values[0]]
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
        if style.good([line]) is not None:
            return style
    return None


def seen(line: bytes) -> Seen:
    """What is seen of a good row of any style. Raises what msgspec raises."""
    row = _read(line)
    said = b"".join([message.content for message in row.messages])
    system = bool(row.messages) and row.messages[0].role == "system"
    names = [hashed(row.prompt_id)] if isinstance(row.prompt_id, msgspec.Raw) else []
    return Seen([len(line)], [len(row.messages)], [hashed(said, system)], names)


_read = msgspec.json.Decoder(Row).decode


def _row_type(columns: list[str]) -> type[msgspec.Struct]:
    """A row with these columns, `messages` first; the others are kept as written."""
    fields = [(f"column_{at}", msgspec.Raw if at else list[Message]) for at in range(len(columns))]
    names = {f"column_{at}": name for at, name in enumerate(columns)}
    return msgspec.defstruct("Columns", fields, rename=names, gc=False)


def _said(values: bytes, borders: list[int], roles: list[Roles]) -> list[int]:
    """A hash of each row's contents, which are in `values` from one border to the next."""
    view = memoryview(values)
    return [
        hashed(view[begin:end], some[0] == "system")
        for (begin, end), some in zip(pairwise(borders), roles, strict=True)
    ]


def _say_something(contents: Sequence[msgspec.Raw], seconds: bytes) -> bool:
    """Whether all are texts with more than white space; of each `seconds` has the second byte."""
    return not seconds.translate(None, SURE) or all(map(_says, contents, seconds))


def _says(content: msgspec.Raw, second: int) -> bool:
    if second in SURE:
        return True
    text = bytes(content)
    return text[0] == QUOTE and (VISIBLE[second] or bool(str(msgspec.json.decode(text)).strip()))


def _are_texts(values: Iterable[msgspec.Raw]) -> bool:
    return all(bytes(value)[0] == QUOTE for value in values)


def _are_plain(values: Iterable[msgspec.Raw]) -> bool:
    """Of other columns what is nested could repeat a field, and is for json."""
    for value in map(bytes, values):
        if value[0] != QUOTE and (value[0] in NESTED or len(value) > NUMBER):
            return False
    return True


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
