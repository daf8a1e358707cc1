"""From the messages of a recording to the entries of cassettes: folded, scrubbed, checked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import CassetteError
from harness.wire.canonical import Blocks, styled
from harness.wire.fold import Folded, folded
from harness.wire.measured import Measured
from harness.wire.message import Body, Message, Upload
from harness.wire.scrub import KEPT_REQUEST_HEADERS, KEPT_RESPONSE_HEADERS, Scrubber
from harness.wire.suspicious import Suspect, suspects

Entry = dict[str, Any]


@dataclass
class Draft:
    """One step's cassette before it is written: entries, and what differs at every recording."""

    entries: list[Entry] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
    folds: dict[str, Any] = field(default_factory=dict)  # "<index> <operation>" -> count, seconds


def drafted(messages: Sequence[Message], scrubber: Scrubber) -> dict[int, Draft]:
    """One draft a step. References are numbered through all steps, in the order of first sight.

    Raises CassetteError when something is left that looks like a secret, naming each place.
    """
    blocks, drafts = Blocks(), {}
    for step in sorted({message.step for message in messages}):
        of_step = [message for message in messages if message.step == step]
        drafts[step] = _draft(folded(of_step), scrubber, blocks)
    found = [(step, s) for step, d in drafts.items() for e in d.entries for s in suspects(e)]
    if found:
        raise CassetteError(_refusal(found))
    return drafts


def _draft(entries: list[Folded], scrubber: Scrubber, blocks: Blocks) -> Draft:
    draft, measured = Draft(), Measured()
    for entry in entries:
        draft.entries.append(_entry(entry, scrubber, blocks, measured))
        if entry.fold:
            label = f"{len(draft.entries)} {entry.message.operation}"
            draft.folds[label] = {"count": entry.count, "seconds": round(entry.waited, 3)}
    draft.measured = measured.values
    _say_once(draft.entries)
    return draft


def _say_once(entries: list[Entry]) -> None:
    """A JSON answer that stood in an earlier entry of the file is named by that entry's number."""
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        body = entry["response"]["body"]
        if "json" not in body:
            continue
        text = json.dumps(body)
        if text in seen:
            entry["response"]["body"] = {"same_as": seen[text]}
        else:
            seen[text] = number


def _entry(folded_: Folded, scrubber: Scrubber, blocks: Blocks, measured: Measured) -> Entry:
    message = folded_.message
    url, body = blocks.named(message.operation, message.url, message.body)
    uri = scrubber.scrub(url, of_client=True)
    sent, style = _sent(body, scrubber)
    entry: Entry = {
        "operation": message.operation or "undeclared",
        "request": {
            "method": message.method,
            "uri": uri,
            "headers": scrubber.headers(dict(message.headers), KEPT_REQUEST_HEADERS),
            "body": sent,
        },
        "response": _response(message, scrubber, measured),
    }
    marks = {
        "request_style": style,
        "fold": folded_.fold,
        "asked_by": None if message.in_step else "test",
    }
    return entry | {name: mark for name, mark in marks.items() if mark}


def _sent(body: Body, scrubber: Scrubber) -> tuple[Any, str | None]:
    """A request body for the file, and its JSON style where that is not the SDK's usual one."""
    if body is None:
        return None, None
    if isinstance(body, Upload):
        return {"sha256": body.sha256, "bytes": body.size}, None
    text = scrubber.scrub(body, of_client=True)
    found = styled(text)
    if found is None:
        return text, None
    value, style = found
    return value, None if style == "spaced" else style


def _response(message: Message, scrubber: Scrubber, measured: Measured) -> dict[str, Any]:
    headers = scrubber.headers(dict(message.answer_headers), KEPT_RESPONSE_HEADERS)
    return {
        "status": {"code": message.status, "message": message.reason},
        "headers": {name: [value] for name, value in headers.items()},
        "body": _answer(message, scrubber, measured),
    }


def _answer(message: Message, scrubber: Scrubber, measured: Measured) -> Mapping[str, Any]:
    """A response body for the file: JSON as JSON, text as lines, binary as base64."""
    try:
        text = message.answer.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(message.answer).decode()}
    text = measured.taken_out(message.operation, scrubber.scrub(text))
    if found := styled(text):
        value, style = found
        return {"json": value} if style == "compact" else {"json": value, "style": style}
    if "\n" in text:
        return {"lines": text.split("\n")}
    return {"string": text}


def _refusal(found: Sequence[tuple[int, Suspect]]) -> str:
    lines = [
        f"  step {step}, {s.operation}, {s.field}: looks like {s.looks_like} ({s.shown})"
        for step, s in found[:20]
    ]
    return (
        f"nothing was recorded: {len(found)} value(s) look like a secret that no rule knows:\n"
        + "\n".join(lines)
        + "\nNext: add the field's name to GUARDED_NAMES or a rule to harness/wire/scrub.py (or, "
        "if it is no secret, its place to harness/wire/suspicious.py), and record again"
    )
