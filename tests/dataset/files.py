"""Good files of chats, as many programs write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Rows = list[dict[str, Any]]
Draw = Callable[[st.SearchStrategy[Any]], Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


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
