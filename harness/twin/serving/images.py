"""What a chat is answered with by Azure's three scoring images.

Shapes from the images' public scoring scripts (no-code MLflow with azureml-evaluate-mlflow,
llm-optimized-inference, foundation-model-serve).
"""

from __future__ import annotations

import json
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.twin.serving.generation import Message, Model


def mlflow(model: Model, raw: str) -> Any:
    """`[{"0": text}]` for nested or one-message input, `[text]` for a flat list of several.

    Raises AssertionError on a conversation the chat template's rules forbid: the container's
    answer is then 500.
    """
    messages, parameters = _asked(raw)
    if not messages:
        raise ValueError("input_string is empty")
    if isinstance(messages[0], list):
        return [{"0": _checked(model, chat, parameters)} for chat in messages]
    text = _checked(model, messages, parameters)
    return [{"0": text}] if len(messages) == 1 else [text]


def inference(model: Model, raw: str) -> Any:
    """`{"output": text}`; `{}` with 200 whatever goes wrong."""
    try:
        messages, parameters = _asked(raw)
        chat = messages[0] if isinstance(messages[0], list) else messages
        return {"output": model.chat(chat, _as_vllm(parameters)).text}
    except Exception:
        traceback.print_exc()
        return {}


def serve(model: Model, raw: str) -> Any:
    """OpenAI-like fields around `output`; an error is one of them, with 200."""
    try:
        messages, parameters = _asked(raw)
        if not all(isinstance(message, dict) for message in messages):
            raise TypeError("messages must be objects with role and content")
        said = model.chat(messages, _as_vllm(parameters))
    except Exception as error:
        traceback.print_exc()
        body = {"object": "error", "message": str(error), "type": "BadRequestError", "code": 400}
        return {"output": None, "error": {"status_code": 400, "body": body}}
    total = said.prompt_tokens + said.new_tokens
    return {
        "output": said.text,
        "message": {"role": "assistant", "content": said.text},
        "finish_reason": said.finish_reason,
        "usage": {
            "prompt_tokens": said.prompt_tokens,
            "completion_tokens": said.new_tokens,
            "total_tokens": total,
        },
        "model": model.name,
        "id": f"chatcmpl-{uuid.uuid4().hex}",
    }


IMAGES: Mapping[str, Callable[[Model, str], Any]] = {
    "mlflow": mlflow,
    "foundation-model-inference": inference,
    "foundation-model-serve": serve,
}


def _asked(raw: str) -> tuple[list[Any], dict[str, Any]]:
    """The conversation and the parameters of a request body. Raises KeyError, ValueError."""
    data = json.loads(raw)["input_data"]
    return data["input_string"], dict(data.get("parameters") or {})


def _checked(model: Model, chat: Sequence[Message], parameters: Mapping[str, Any]) -> str:
    _check_turns(chat)
    return model.chat(chat, parameters).text


def _check_turns(chat: Sequence[Message]) -> None:
    """System only first, then user and assistant in turn, and the user last."""
    roles = [message["role"] for message in chat]
    turns = roles[1:] if roles[0] == "system" else roles
    wanted = ["user", "assistant"] * len(turns)
    assert roles[-1] == "user", "Last message must be from user"  # noqa: S101  # as the image does
    assert turns == wanted[: len(turns)], (  # noqa: S101  # likewise
        "Conversation roles must alternate user/assistant/user/assistant/..."
    )


def _as_vllm(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """vLLM samples unless told not to."""
    return {"do_sample": True, **parameters}
