"""Is this an answer? HTTP 200 does not say so: the containers swallow exceptions."""

from __future__ import annotations

import json
from typing import Any

from harness.errors import AnswerError

NEXT = (
    "Next: az ml online-deployment get-logs shows the exception that the container swallowed; "
    "compare sample_score.json with the shape its image expects"
)


def judged(raw: str, prompt: list[dict[str, str]]) -> tuple[str, str]:
    """The text of an acceptable answer, and the shape it came in.

    Accepted are the three shapes of the real images: `{"output": text}` (foundation-model),
    `[{"0": text}]` and `[text]` (no-code MLflow). Raises AnswerError for everything else: `{}`,
    null, an error inside a 200, an empty text, an echo of the prompt.
    """
    try:
        body = json.loads(raw)
    except ValueError:
        raise AnswerError(f"the answer is not JSON: {raw[:200]!r}. {NEXT}") from None
    if isinstance(body, dict) and body.get("error"):
        raise AnswerError(f"the answer is an error inside a 200: {body['error']!r}. {NEXT}")
    text, shape = _text(body)
    if text is None:
        raise AnswerError(f"the answer has none of the known shapes: {raw[:200]!r}. {NEXT}")
    if not text.strip():
        raise AnswerError(f"the answer is an empty text in the shape {shape}. {NEXT}")
    if text.strip() in {message["content"].strip() for message in prompt}:
        raise AnswerError(f"the answer only echoes the prompt: {text[:200]!r}. {NEXT}")
    return text, shape


def _text(body: Any) -> tuple[str | None, str]:
    match body:
        case {"output": str(text)}:
            return text, '{"output": text}'
        case [{"0": str(text)}]:
            return text, '[{"0": text}]'
        case [str(text)]:
            return text, "[text]"
    return None, "unknown"
