"""Good files of chats, and ways to break them, each with the line and the rule to be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

Rows = list[dict[str, Any]]
Draw = Callable[[st.SearchStrategy[Any]], Any]

WHITE = [" ", "\t", "\u00a0", "\u3000", "\u2028", "\n", "\r", " \n ", "\x1f", "\u2003\u2003"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
BREAKS: dict[str, Callable[..., Broken]] = {}
BREAKS_RULE: dict[str, str] = {}
NOT_TEXT = st.sampled_from([None, 7, 1.5, True, [], {}, ["a"], {"a": "b"}])


@dataclass(frozen=True)
class Way:
    """How a program writes its rows."""

    separators: tuple[str, str] = (",", ":")
    ascii: bool = True
    end: str = "\n"
    ended: bool = True

    def line(self, value: Any) -> bytes:
        """One row without its end."""
        text = json.dumps(value, ensure_ascii=self.ascii, separators=self.separators)
        return text.encode("utf-8")

    def file(self, lines: list[bytes]) -> bytes:
        """Lines as a file."""
        end = self.end.encode()
        return end.join(lines) + (end if self.ended else b"")


WAYS = st.builds(
    Way,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
    ascii=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    ended=st.booleans(),
)


@dataclass(frozen=True)
class Broken:
    """A file with something wrong: `rule` must be told of `line`, of others nothing.

    `also`: lines and rules that may be told besides. `limits`: what is asked of the file.
    """

    data: bytes
    line: int
    rule: str
    also: frozenset[int] = frozenset()
    rules: frozenset[str] = frozenset()
    limits: dict[str, Any] = field(default_factory=dict)


@st.composite
def good_rows(draw: Draw, fewest: int = 11, most: int = 14) -> Rows:
    """Rows that keep every rule; no two of them are alike."""
    texts = draw(st.lists(TEXT, min_size=1, max_size=4))
    shapes = draw(st.lists(st.integers(2, 7), min_size=fewest, max_size=most))
    system_first = draw(st.booleans())
    content_first = draw(st.booleans())
    extra = draw(st.sampled_from([{}, {"source": "a"}, {"score": 1.5}, {"tags": ["a", {"b": 1}]}]))
    named = draw(st.booleans())
    rows: Rows = []
    for number, count in enumerate(shapes):
        roles = ["system"] * (system_first and count > 2) + ["user", "assistant"] * 4
        said = [f"{texts[(number + turn) % len(texts)]}{number}.{turn}" for turn in range(count)]
        messages = [_message(*one, content_first) for one in zip(roles, said, strict=False)]
        row: dict[str, Any] = {"prompt": said[0], "prompt_id": f"{number:064x}"} if named else {}
        rows.append(row | {"messages": messages} | extra)
    return rows


def _message(role: str, content: str, content_first: bool) -> dict[str, Any]:
    if content_first:
        return {"content": content, "role": role}
    return {"role": role, "content": content}


@st.composite
def broken_files(draw: Draw, how: str) -> Broken:
    """One good file, broken in one way."""
    rows, way = draw(good_rows()), draw(WAYS)
    at = draw(st.integers(0, len(rows) - 1))
    return BREAKS[how](draw, rows, way, at)


def _told(way: Way, lines: list[bytes], at: int, rule: str, **more: Any) -> Broken:
    return Broken(way.file(lines), at + 1, rule, **more)


# --- what a row says -----------------------------------------------------------------------------


def in_row(rule: str) -> Callable[[Callable[[Draw, Any], Any]], Callable[..., Broken]]:
    """A break of one row; the function changes it in place, or gives another."""

    def made(change: Callable[[Draw, Any], Any]) -> Callable[..., Broken]:
        def breaks(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
            row = json.loads(json.dumps(rows[at]))
            other = change(draw, row)
            lines = [way.line(one) for one in rows]
            lines[at] = way.line(row if other is None else other[0])
            return _told(way, lines, at, rule)

        BREAKS[change.__name__], BREAKS_RULE[change.__name__] = breaks, rule
        return breaks

    return made


def _one(draw: Draw, row: Any) -> Any:
    return draw(st.sampled_from(row["messages"]))


@in_row("no-messages")
def without_messages(draw: Draw, row: Any) -> Any:
    """Gone, null, empty, or the whole row is null."""
    kind = draw(st.sampled_from(["gone", "row", None, "", []]))
    if kind == "row":
        return [None]
    row["messages"] = kind
    return [{k: v for k, v in row.items() if k != "messages"}] if kind == "gone" else None


@in_row("wrong-type")
def messages_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """A text, a number, an object."""
    row["messages"] = draw(st.sampled_from(["hello", 7, True, {"role": "user"}]))


@in_row("wrong-type")
def a_message_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """One of them is no object."""
    at = draw(st.integers(0, len(row["messages"]) - 1))
    row["messages"][at] = draw(st.sampled_from([None, "user", 1, [], ["role", "content"]]))


@in_row("wrong-type")
def a_field_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """Role or content is no text."""
    _one(draw, row)[draw(st.sampled_from(["role", "content"]))] = draw(NOT_TEXT)


@in_row("wrong-type")
def a_column_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """prompt or prompt_id is no text."""
    row[draw(st.sampled_from(["prompt", "prompt_id"]))] = draw(NOT_TEXT)


@in_row("wrong-type")
def tools_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """Tools are a list of objects."""
    row["tools"] = draw(st.sampled_from(["a", 7, {}, [1], ["a"], [None]]))


@in_row("missing-field")
def a_field_is_missing(draw: Draw, row: Any) -> None:
    """Role or content."""
    del _one(draw, row)[draw(st.sampled_from(["role", "content"]))]


@in_row("unknown-role")
def an_unknown_role(draw: Draw, row: Any) -> None:
    """Roles are spelt exactly."""
    _one(draw, row)["role"] = draw(
        st.sampled_from(
            ["User", "user ", "", "bot", "human", "gpt", "tool", "ASSISTANT", "\u00fcser"]
        )
    )


@in_row("empty-content")
def an_empty_content(draw: Draw, row: Any) -> None:
    """Nothing, or white space of any kind."""
    _one(draw, row)["content"] = "".join(draw(st.lists(st.sampled_from(WHITE), max_size=4)))


@in_row("wrong-order")
def roles_swapped(draw: Draw, row: Any) -> None:
    """The assistant begins."""
    other = {"user": "assistant", "assistant": "user"}
    for message in row["messages"]:
        message["role"] = other.get(message["role"], message["role"])


@in_row("wrong-order")
def a_turn_twice(draw: Draw, row: Any) -> None:
    """The same role speaks twice in a row."""
    talk = [one for one in row["messages"] if one["role"] != "system"]
    at = row["messages"].index(draw(st.sampled_from(talk)))
    row["messages"].insert(at, row["messages"][at] | {"content": "again"})


@in_row("wrong-order")
def a_turn_left_out(draw: Draw, row: Any) -> None:
    """One of the turns but the last is gone."""
    talk = [one for one in row["messages"] if one["role"] != "system"]
    talk += [] if len(talk) > 2 else [{"role": "user", "content": "more"}]
    first = draw(st.integers(0, len(talk) - 2))
    row["messages"] = [*talk[:first], *talk[first + 1 :]]
    if len(row["messages"]) < 2:
        row["messages"] = [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]


@in_row("system-not-first")
def a_system_later(draw: Draw, row: Any) -> None:
    """In the middle, at the end, or a second one."""
    at = draw(st.integers(1, len(row["messages"])))
    row["messages"].insert(at, {"role": "system", "content": "Be kind."})


@in_row("wrong-order")
def nobody_asks(draw: Draw, row: Any) -> None:
    """System and assistant alone."""
    row["messages"] = [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Yes."},
    ]


@in_row("too-few-messages")
def one_message(draw: Draw, row: Any) -> None:
    """Nothing to learn from."""
    row["messages"] = [_one(draw, row)]


@in_row("no-assistant")
def nobody_answers(draw: Draw, row: Any) -> None:
    """System and user alone."""
    row["messages"] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]


@in_row("not-an-object")
def no_object(draw: Draw, row: Any) -> Any:
    """The row is something else."""
    return [draw(st.sampled_from([[], [row], "row", 7, True, 1.5, ""]))]


@in_row("not-json")
def no_number(draw: Draw, row: Any) -> Any:
    """What Python calls a number and JSON does not."""
    row["score"] = float(draw(st.sampled_from(["nan", "inf", "-inf"])))


@in_row("turn-too-long")
def a_turn_too_long(draw: Draw, row: Any) -> None:
    """With the limit as it is."""
    _one(draw, row)["content"] = "x" * ((1 << 18) + draw(st.integers(1, 9)))


@in_row("line-too-long")
def a_line_too_long(draw: Draw, row: Any) -> None:
    """With the limit as it is."""
    row["extra"] = "x" * ((1 << 20) + draw(st.integers(0, 9)))


# --- how a line is written -----------------------------------------------------------------------


def in_line(*rules: str) -> Callable[[Callable[[Draw, bytes], bytes]], Callable[..., Broken]]:
    """A break of one line's bytes; one of the rules must be told."""

    def made(change: Callable[[Draw, bytes], bytes]) -> Callable[..., Broken]:
        def breaks(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
            lines = [way.line(one) for one in rows]
            lines[at] = change(draw, lines[at])
            rule, *others = rules
            also = frozenset({at + 2}) if b"\n" in lines[at] else frozenset()
            return _told(way, lines, at, rule, rules=frozenset([*others, "truncated"]), also=also)

        BREAKS[change.__name__], BREAKS_RULE[change.__name__] = breaks, rules[0]
        return breaks

    return made


def _inside_a_text(draw: Draw, line: bytes, put: bytes) -> bytes:
    """Before the end of some content."""
    places = [at for at in range(len(line)) if line[at : at + 2] == b'."'] or []
    ends = [line.index(b".", place) for place in places] or [line.rindex(b".")]
    at = draw(st.sampled_from(ends))
    return line[:at] + put + line[at:]


@in_line("not-utf8")
def bytes_that_are_not_utf8(draw: Draw, line: bytes) -> bytes:
    """Latin-1, an overlong form, half a character, a surrogate, a code point beyond the last."""
    wrong = [
        b"\xe9",
        b"\xff",
        b"\xc0\x80",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x80",
    ]
    return _inside_a_text(draw, line, draw(st.sampled_from(wrong)))


@in_line("not-json")
def a_control_character(draw: Draw, line: bytes) -> bytes:
    """Not escaped, inside a text."""
    return _inside_a_text(draw, line, bytes([draw(st.sampled_from([0, 1, 8, 9, 13, 31]))]))


@in_line("not-json")
def a_bad_escape(draw: Draw, line: bytes) -> bytes:
    """No such escape, or half of a surrogate pair."""
    wrong = [
        rb"\q",
        rb"\u12G4",
        rb"\ud800",
        rb"\udc00",
        rb"\ud800A",
        rb"\x41",
        rb"\ud83d\ud83d",
        rb"\u",
    ]
    return _inside_a_text(draw, line, draw(st.sampled_from(wrong)))


@in_line("not-json", "not-utf8")
def a_line_cut(draw: Draw, line: bytes) -> bytes:
    """Its end is missing, its line end is not."""
    return line[: draw(st.integers(1, len(line) - 1))]


@in_line("not-json", "not-utf8")
def a_beginning_lost(draw: Draw, line: bytes) -> bytes:
    """The other way round."""
    return line[draw(st.integers(1, len(line) - 1)) :]


@in_line("not-json", "not-utf8")
def a_line_in_two(draw: Draw, line: bytes) -> bytes:
    """A line end in the middle: both halves are told."""
    at = draw(st.integers(1, len(line) - 1))
    return line[:at] + b"\n" + line[at:]


@in_line("not-json")
def two_rows_in_a_line(draw: Draw, line: bytes) -> bytes:
    """JSON, but not one value a line."""
    return line + draw(st.sampled_from([b"", b" ", b","])) + line


@in_line("not-json")
def more_after_the_row(draw: Draw, line: bytes) -> bytes:
    """A comma, a comment, a bracket; a white space that JSON does not know."""
    wrong = [b",", b" // row", b"}", b"]", b"\x00", b"\x0b", b"\xc2\xa0", b'"', b"#", b" null"]
    return line + draw(st.sampled_from(wrong))


@in_line("not-json")
def python_instead_of_json(draw: Draw, line: bytes) -> bytes:
    """Quotes, a trailing comma, True."""
    kind = draw(st.sampled_from(["quotes", "comma", "name"]))
    if kind == "quotes":
        return line.replace(b'"', b"'")
    return line[:-1] + (b",}" if kind == "comma" else b', "new": True}')


@in_line("not-json")
def nested_without_end(draw: Draw, line: bytes) -> bytes:
    """Deeper than anybody reads."""
    deep = draw(st.sampled_from([2_000, 100_000]))
    return line[:-1] + b', "deep": ' + b"[" * deep + b"]" * deep + b"}"


@in_line("repeated-field")
def a_field_twice(draw: Draw, line: bytes) -> bytes:
    """The same name again, in a message or in the row; spelt otherwise, too."""
    again = draw(
        st.sampled_from(
            [
                b'"role":"user",',
                b'"role": "assistant", ',
                b'"content":"x",',
                b'"r\\u006fle":"user",',
            ]
        )
    )
    if draw(st.booleans()):
        places = [at for at in range(1, len(line)) if line[at : at + 1] == b"{" and at > 0]
        inside = [at for at in places if _opens_a_message(line, at)]
        at = draw(st.sampled_from(inside)) + 1
        return line[:at] + again + line[at:]
    return b'{"messages":[{"role":"user","content":"old"}],' + line[1:]


def _opens_a_message(line: bytes, at: int) -> bool:
    rest = line[at + 1 :].lstrip()
    return rest.startswith((b'"role"', b'"content"')) and line[:at].rstrip()[-1:] in (b"[", b",")


# --- the file as a whole -------------------------------------------------------------------------


def in_file(rule: str) -> Callable[[Callable[..., Broken]], Callable[..., Broken]]:
    """A break that is not one line's."""

    def made(breaks: Callable[..., Broken]) -> Callable[..., Broken]:
        BREAKS[breaks.__name__], BREAKS_RULE[breaks.__name__] = breaks, rule
        return breaks

    return made


@in_file("byte-order-mark")
def a_byte_order_mark(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """UTF-8's, before the first row."""
    data = b"\xef\xbb\xbf" + way.file([way.line(one) for one in rows])
    return Broken(data, 1, "byte-order-mark")


@in_file("not-utf8")
def another_encoding(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """UTF-16 as Windows writes it: every line is wrong, the first is told as such."""
    text = way.file([way.line(one) for one in rows]).decode()
    data = text.encode("utf-16")
    every = frozenset(range(1, data.count(b"\n") + 2))
    return Broken(data, 1, "not-utf8", also=every, rules=frozenset({"not-json", "truncated"}))


@in_file("truncated")
def the_end_is_missing(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """A download that broke off."""
    whole = replace(way, ended=False).file([way.line(one) for one in rows])
    last = way.line(rows[-1])
    cut = whole[: len(whole) - draw(st.integers(1, len(last) - 1))]
    return Broken(cut, len(rows), "truncated", rules=frozenset({"not-utf8"}))


@in_file("too-few-rows")
def too_few_rows(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """Nine, or none at all."""
    left = rows[: min(at, 9)]
    ended = replace(way, ended=True)
    data = ended.file([way.line(one) for one in left]) if left else b""
    return Broken(data, 0, "too-few-rows")


@in_file("same-messages")
def a_row_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """The same row again, anywhere later."""
    lines = [way.line(one) for one in rows]
    later = draw(st.integers(at + 1, len(rows)))
    lines.insert(later, lines[at])
    return _told(way, lines, later, "same-messages", rules=frozenset({"same-id"}))


@in_file("same-id")
def an_id_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """Another row of the same prompt_id."""
    named = [row | {"prompt_id": f"id {number}"} for number, row in enumerate(rows)]
    later = draw(st.integers(at, len(rows) - 1))
    if later == at:
        later, at = (at + 1, at) if at + 1 < len(rows) else (at, at - 1)
    named[later]["prompt_id"] = named[at]["prompt_id"]
    return _told(way, [way.line(one) for one in named], later, "same-id")


@in_file("same-messages")
def messages_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """The same conversation under another id."""
    again = rows[at] | {"prompt_id": "another"}
    later = draw(st.integers(at + 1, len(rows)))
    lines = [way.line(one) for one in rows]
    lines.insert(later, way.line(again))
    return _told(way, lines, later, "same-messages")


@in_file("missing-field")
def a_column_missing(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """A column that every row has to have."""
    name = draw(st.sampled_from(["prompt", "prompt_id"]))
    full = [row | {"prompt": "p", "prompt_id": f"{number}"} for number, row in enumerate(rows)]
    del full[at][name]
    limits = {"columns": ("prompt", "prompt_id", "messages")}
    return _told(way, [way.line(one) for one in full], at, "missing-field", limits=limits)


@in_file("blank-line")
def a_blank_line(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """White space that JSON knows, or nothing, instead of a row; its line end makes it a line."""
    lines = [way.line(one) for one in rows]
    lines[at] = draw(st.sampled_from([b"", b" ", b"\t", b"  \t ", b"\r"]))
    return _told(replace(way, ended=True), lines, at, "blank-line")
