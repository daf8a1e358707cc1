"""The maintained scanner: every plugin of bc-detect-secrets over every text, without a network.

It knows kinds of secret that no rule of ours was written for. It is installed with `make light`
(extra `dev`); the upstream detect-secrets had its last release in 2024, this fork is kept up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from harness.audit.ours import Hit
from harness.audit.texts import Text
from harness.errors import CassetteError

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin


@dataclass(frozen=True)
class FalseAlarm:
    """What a plugin takes for a secret and why it is none; all three patterns match wholly."""

    kind: str
    name: str
    value: str
    why: str


_HASH = "[0-9a-f]{16}|[0-9a-f]{64}"
FALSE_ALARMS = (
    FalseAlarm("Hex High Entropy String", "sha256|plan_hash", _HASH, "a hash of content"),
    FalseAlarm(
        "Secret Keyword", r"\w*_ft_\w+_tokens", r"\d{1,9}", "how many tokens were trained on"
    ),
    FalseAlarm("Secret Keyword", r"\w*tokenizer_(class|type)", r"[A-Z][A-Za-z]+", "a class"),
    FalseAlarm("Secret Keyword", "secretsType", "Sas|AccountKey|None", "a kind of credential"),
)


def hits(text: Text) -> Iterator[Hit]:
    """What the scanner's plugins find in one text, seen alone and beside its name."""
    for line in text.value.splitlines():
        for form in (line, f'{text.name} = "{line}"'):
            for plugin in _plugins():
                for secret in plugin.analyze_line(filename="cassette", line=form):
                    if not _false(plugin.secret_type, text):
                        yield plugin.secret_type, str(secret.secret_value)


def _false(kind: str, text: Text) -> bool:
    return any(
        kind == alarm.kind
        and re.fullmatch(alarm.name, text.name)
        and re.fullmatch(alarm.value, text.value)
        for alarm in FALSE_ALARMS
    )


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    """Every plugin with its own defaults. Raises CassetteError when they are not installed."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError as error:
        raise CassetteError(
            "the secret scanner is not installed in this environment.\nNext: make light"
        ) from error
    return tuple(plugin() for _, plugin in sorted(get_mapping_from_secret_type_to_class().items()))
