"""Folding: equal polls and equal repeats become one entry, so that a replay never waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.wire.message import Message

# operations that are asked until the answer is final: the last answer is all a replay needs
POLLS = ("operation.poll", "compute.poll")
# the first answer is kept as well, so that a replay shows the way from running to ended
WATCHED = ("run.details",)
# files that grow while they are read
GROWING = ("blob.get",)
# the same question many times: the latency measurement
REPEATED = ("scoring.invoke",)


@dataclass(frozen=True)
class Folded:
    """A message that stands for `count` exchanges, which took `waited` seconds altogether."""

    message: Message
    fold: str | None = None  # polls | repeats: may be asked more or fewer times than recorded
    count: int = 1
    waited: float = 0.0


def folded(messages: Sequence[Message]) -> list[Folded]:
    """The messages in a settled order, with polls and repeats folded."""
    groups: dict[object, list[Message]] = {}
    for message in settled(messages):
        groups.setdefault(_same(message, len(groups)), []).append(message)
    return [entry for group in groups.values() for entry in _fold(group)]


def settled(messages: Sequence[Message]) -> list[Message]:
    """In the order they were sent; those on the way at one time, from threads, by what they are.

    Two recordings of one run then come out alike, however their threads were scheduled.
    """
    rows: list[list[Message]] = []
    end = float("-inf")
    for message in sorted(messages, key=lambda message: message.at):
        if message.at >= end:
            rows.append([])
        rows[-1].append(message)
        end = max(end, message.until)
    return [message for row in rows for message in sorted(row, key=_what)]


def _what(message: Message) -> tuple[str, str, str]:
    place = message.url.partition("?")[0]
    size = "" if message.operation != "blob.block" else str(message.body)
    return (place, {"HEAD": "0", "PUT": "1"}.get(message.method, "2"), size)


def _same(message: Message, alone: int) -> object:
    """What makes two messages one entry; anything unlike all others when they never are."""
    if message.operation in (*POLLS, *WATCHED, *GROWING, *REPEATED):
        place = message.url.partition("?")[0]  # signatures in the query differ at every poll
        return (message.step, message.operation, place, str(message.body))
    return ("alone", alone, id(message))


def _fold(group: list[Message]) -> list[Folded]:
    first, last = group[0], group[-1]
    waited = last.until - first.at
    if first.operation in REPEATED:
        return [Folded(first, "repeats", len(group), waited)]
    if first.operation in (*POLLS, *GROWING):
        return [Folded(last, "polls", len(group), waited)]
    if first.operation in WATCHED and len(group) > 1:
        return [Folded(first), Folded(last, "polls", len(group) - 1, waited)]
    return [Folded(first)]
