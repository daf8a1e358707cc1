"""Is this an answer? HTTP 200 does not say so: the containers swallow exceptions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from shlex import quote
from typing import Any

from harness.checks.facts import Reply
from harness.checks.finding import Blame, Finding

LOOP = 8  # the same word so often in a row is no language; what has no letter may be a layout
LETTER = r"[^\W\d_]"
ENDS = re.compile(r"[.!?:;\u2026\u3002\uff01\uff1f)\]}\"'`*\u201d\u2019]\s*$")  # of finished texts


def text_of(raw: str) -> tuple[str | None, str]:
    """The text and the shape it came in; None when it has none of the known shapes.

    The shapes of the real images: `{"output": text}` (foundation-model), `[{"0": text}]` and
    `[text]` (no-code MLflow).
    """
    match _parsed(raw):
        case {"output": str(text)}:
            return text, '{"output": text}'
        case [{"0": str(text)}]:
            return text, '[{"0": text}]'
        case [str(text)]:
            return text, "[text]"
    return None, "unknown"


def shape(reply: Reply) -> Iterator[Finding]:
    """The body is JSON, no error, and has one of the three shapes of the real images."""
    body = _parsed(reply.raw)
    if body is _BROKEN:
        yield _wrong(f"the answer is not JSON: {reply.raw[:200]!r}", reply)
    elif isinstance(body, dict) and body.get("error"):
        yield _wrong(f"the answer is an error inside a 200: {body['error']!r}", reply)
    elif text_of(reply.raw)[0] is None:
        yield _wrong(f"the answer has none of the known shapes: {reply.raw[:200]!r}", reply)


def empty(reply: Reply) -> Iterator[Finding]:
    """There is a text in it."""
    text, form = text_of(reply.raw)
    if text is not None and not text.strip():
        yield _wrong(f"the answer is an empty text in the shape {form}", reply)


def echo(reply: Reply) -> Iterator[Finding]:
    """It is not the prompt again."""
    text, _ = text_of(reply.raw)
    if text and text.strip() and text.strip() in {said.strip() for said in reply.prompt}:
        yield _wrong(f"the answer only echoes the prompt: {text[:200]!r}", reply)


def repeated(reply: Reply) -> Iterator[Finding]:
    """It is not the same word over and over."""
    text, _ = text_of(reply.raw)
    words = groupby((text or "").split())
    runs = [(word, len(list(same))) for word, same in words if re.search(LETTER, word)]
    word, most = max(runs, key=lambda run: run[1], default=("", 0))
    letters = re.search(rf"({LETTER})\1{{{4 * LOOP - 1},}}", text or "")
    if most >= LOOP or letters:
        what = repr(word) if most >= LOOP else repr(letters[1] if letters else "")
        yield _wrong(f"the answer repeats {what} without end", reply, "training")


def length(reply: Reply) -> Iterator[Finding]:
    """It has no more tokens than asked for, and was not cut off at that limit."""
    text, _ = text_of(reply.raw)
    words = len((text or "").split())
    if words > reply.limit:  # a word is a token at least
        yield _wrong(
            f"the answer has {words} words, and max_new_tokens is {reply.limit}: the parameters "
            "did not reach the model",
            reply,
        )
    elif text and text.strip() and _cut_off(text, reply):
        yield Finding(
            "warning",
            f"the answer may be cut off at max_new_tokens = {reply.limit}: ...{text[-40:]!r}",
            "scoring",
            _finish(reply) or "it ends in the middle of a sentence and is long enough",
            "plan",
            "set scoring.max_new_tokens in the plan or with --set",
        )


def headers(reply: Reply) -> Iterator[Finding]:
    """No earlier call left its deployment in the headers that the SDK shares between calls."""
    if reply.leaked and reply.leaked != reply.deployment:
        yield Finding(
            "warning",
            f"an earlier invoke left the header azureml-model-deployment: {reply.leaked} in the "
            "SDK; a call that names no deployment would be answered by that one",
            "azure-ai-ml",
            "EndpointInvokeFields.DEFAULT_HEADER is one dictionary for all calls",
            "SDK environment",
            "name the deployment in every online_endpoints.invoke of this process",
        )


_BROKEN = object()


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return _BROKEN


def _cut_off(text: str, reply: Reply) -> bool:
    """What the server says; else a text of at least so many characters with an open end."""
    if told := _finish(reply):
        return "length" in told
    return len(text) >= reply.limit and not ENDS.search(text)


def _finish(reply: Reply) -> str:
    body = _parsed(reply.raw)
    said = body.get("finish_reason") if isinstance(body, dict) else None
    return f"finish_reason is {said}" if said else ""


def _wrong(what: str, reply: Reply, blame: Blame = "answer") -> Finding:
    return Finding("error", what, "scoring", reply.raw[:300], blame, _next(reply))


def _next(reply: Reply) -> str:
    """Where the exception stands that the container swallowed, if its log is kept."""
    logs = f"less {quote(reply.log)} shows the exception that the container swallowed; "
    compare = "compare sample_score.json with the shape its image expects"
    return logs + compare if reply.log else compare
