"""Chats of ultrachat_200k's shape and size, out of nothing: rows of about 6 KB, as to_json writes.

Rows have 2 to 14 messages, questions of some 200 bytes and answers of some 1,500, with the escapes
of English prose: a line end in a hundred letters, quotes, apostrophes as \\u2019, slashes as \\/.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
ESCAPES = ["\\n", "\\n\\n", ' \\"', '\\" ', "\\u2019s ", "\\/"]
PUNCTUATION = [" "] * 60 + [", "] * 5 + [". "] * 4 + ESCAPES
BAD = 20  # rows that every engine has to find
COUNTS = (2, 4, 4, 6, 6, 6, 8, 8, 10, 14)  # messages of a row


def write(path: Path, size: int, bad: int = BAD) -> int:
    """A file of `size` bytes, `bad` rows of it with swapped roles or an empty answer; its rows."""
    rows = 0
    due = [round(size * (at + 0.5) / bad) for at in range(bad)]
    with path.open("wb", buffering=1 << 20) as file:
        for rows, line in enumerate(lines(), start=1):
            if due and file.tell() >= due[0]:
                due.pop(0)
                line = _broken(line, rows)
            file.write(line)
            if file.tell() >= size and not due:
                break
    return rows


def lines(seed: int = 5) -> Iterator[bytes]:
    """Good rows without end; each says its number, so that no two are alike."""
    draw = random.Random(seed)
    prose = _prose(draw, 1 << 20)
    number = 0
    while True:
        number += 1
        said = []
        for turn in range(draw.choice(COUNTS)):
            length = draw.randrange(80, 320) if turn % 2 == 0 else draw.randrange(600, 2400)
            start = draw.randrange(len(prose) - 4096)
            role = b"assistant" if turn % 2 else b"user"
            text = b"Row %d turn %d: %b" % (number, turn, _whole(prose[start : start + length]))
            said.append((text, role))
        messages = b",".join(b'{"content":"%b","role":"%b"}' % one for one in said)
        yield b'{"prompt":"%b","prompt_id":"%064x","messages":[%b]}\n' % (
            said[0][0],
            number * 0x9E3779B97F4A7C15 % (1 << 255),
            messages,
        )


def _prose(draw: random.Random, size: int) -> bytes:
    words = ["".join(draw.choices(LETTERS[:18], k=draw.randrange(1, 10))) for _ in range(4000)]
    pairs = size // 5  # letters and punctuation of a word, about
    parts = zip(draw.choices(words, k=pairs), draw.choices(PUNCTUATION, k=pairs), strict=True)
    return "".join(word + after for word, after in parts).encode()


def _whole(text: bytes) -> bytes:
    """Without half an escape at either end."""
    return text[text.find(b" ") + 1 : text.rfind(b" ")]


def _broken(line: bytes, number: int) -> bytes:
    if number % 2:
        return line.replace(b'"role":"user"', b'"role":"assistant"', 1)
    head, _, tail = line.partition(b'"messages":[{"content":"')
    return head + b'"messages":[{"content":"' + tail[tail.index(b'","role"') :]


def planted(folder: Path) -> dict[str, Path]:
    """Files of 300 good rows with one broken row each, by what is broken."""
    found = lines(seed=6)
    good = [next(found) for _ in range(300)]
    row = good[200]
    first = b'"messages":[{"content":"Row 201'
    ways = {
        "nothing": row,
        "number as prompt": row.replace(b'"prompt":"Row 201', b'"prompt":7,"was":"Row 201', 1),
        "number as content": b'{"prompt":"a","prompt_id":"b","messages":['
        b'{"content":7,"role":"user"},{"content":"c","role":"assistant"}]}\n',
        "not UTF-8": row.replace(first, first + b"\xff", 1),
        "field twice": row.replace(b'"role":"user"', b'"role":"assistant","role":"user"', 1),
        "half a surrogate": row.replace(first, first + b"\\ud800", 1),
        "not a number": row.replace(b'"messages"', b'"score":NaN,"messages"', 1),
        "two rows a line": row[:-1] + row,
        "row on two lines": row.replace(b',"messages"', b',\n"messages"', 1),
        "row twice": row + row,
        "wrong order": row.replace(b'"role":"user"', b'"role":"assistant"', 1),
        "white space only": row[: row.index(b'"messages"')]
        + b'"messages":[{"content":" \\n","role":"user"},{"content":"c","role":"assistant"}]}\n',
    }
    files = {}
    for name, line in ways.items():
        files[name] = folder / f"{name.replace(' ', '-')}.jsonl"
        files[name].write_bytes(b"".join([*good[:200], line, *good[201:]]))
    files["cut at the end"] = folder / "cut.jsonl"
    files["cut at the end"].write_bytes(b"".join(good)[:-40])
    return files
