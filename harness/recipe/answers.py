"""A body of `/score`, judged: its text, or an AnswerError that says why it is no answer."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks.answer import text_of
from harness.checks.catalogue import judged as findings_of
from harness.checks.catalogue import stop
from harness.checks.facts import Reply


def judged(raw: str, prompt: Sequence[dict[str, str]], limit: int) -> tuple[str, str]:
    """The text of an acceptable answer of at most `limit` tokens, and the shape it came in.

    Raises AnswerError for everything else, see `harness/checks/answer.py`.
    """
    stop("answer", findings_of("answer", {"reply": reply_of(raw, prompt, limit)}))
    text, shape = text_of(raw)
    return text or "", shape


def reply_of(
    raw: str,
    prompt: Sequence[dict[str, str]],
    limit: int,
    *,
    leaked: str = "",
    deployment: str = "",
    log: str = "",
) -> Reply:
    """The facts that are judged."""
    said = tuple(message["content"] for message in prompt)
    return Reply(raw, said, limit, leaked=leaked, deployment=deployment, log=log)
