"""How a line is written, broken."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.dataset.breaking import BREAKS, BREAKS_RULE, Broken, told
from tests.dataset.files import Draw, Rows, Way


def in_line(*rules: str) -> Callable[[Callable[[Draw, bytes], bytes]], Callable[..., Broken]]:
    """A break of one line's bytes; one of the rules must be told."""

    def made(change: Callable[[Draw, bytes], bytes]) -> Callable[..., Broken]:
        def breaks(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
            lines = [way.line(one) for one in rows]
            lines[at] = change(draw, lines[at])
            rule, *others = rules
            also = frozenset({at + 2}) if b"\n" in lines[at] else frozenset()
            return told(way, lines, at, rule, rules=frozenset([*others, "truncated"]), also=also)

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
