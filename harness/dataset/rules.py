"""The one list of rules a row of chat data must keep, and what the component does with the rest.

Source of the component's side: azureml-acft-contrib-hf-nlp 0.0.91 (chat completion), and `datasets`
5.2, which reads the file for it. Phi-3's chat template knows user and assistant, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Purpose = Literal["training", "asking"]
Component = Literal["fails", "drops", "takes"]

ROLES = ("system", "user", "assistant")
TEXT_COLUMNS = ("prompt", "prompt_id")


@dataclass(frozen=True)
class Rule:
    """What a good row has, and what becomes of a job whose rows have it not.

    `always`: the row cannot be kept or left out, whatever was asked for. `training`: does not
    apply to rows that are only asked (the `_gen` splits).
    """

    name: str
    says: str
    component: Component
    always: bool = False
    training: bool = False


RULES: tuple[Rule, ...] = (
    Rule("not-utf8", "a line is UTF-8", "takes", always=True),
    Rule("byte-order-mark", "a file starts with its first row", "takes", always=True),
    Rule("line-too-long", "a line is at most as long as --longest-line", "takes", always=True),
    Rule("truncated", "the last line is complete", "fails", always=True),
    Rule("not-json", "a line is JSON (RFC 8259; NaN is not)", "fails", always=True),
    Rule("not-an-object", "a row is an object", "fails", always=True),
    Rule("blank-line", "there is a row in every line", "drops"),
    Rule("repeated-field", "a field stands once in its object", "fails"),
    Rule("missing-field", "the columns asked for, and role and content, are there", "fails"),
    Rule("wrong-type", "texts are texts, messages a list of objects, tools too", "fails"),
    Rule("no-messages", "the row has messages", "drops"),
    Rule("too-few-messages", "there are at least 2 messages", "drops", training=True),
    Rule("no-assistant", "an assistant says something to train on", "drops", training=True),
    Rule("unknown-role", "a role is system, user or assistant", "takes"),
    Rule("system-not-first", "there is one system message at most, and it is the first", "fails"),
    Rule("wrong-order", "after it user and assistant take turns, the user first", "fails"),
    Rule("empty-content", "a message says something", "takes"),
    Rule("turn-too-long", "a message is at most as long as --longest-turn", "takes"),
    Rule("same-id", "a prompt_id stands once in a file", "takes"),
    Rule("same-messages", "no two rows have the same messages, letter by letter", "takes"),
    Rule("too-few-rows", "there are at least 10 rows to train on, 1 to ask", "fails", always=True),
)
BY_NAME = {rule.name: rule for rule in RULES}
TAKEN = frozenset(rule.name for rule in RULES if rule.component != "fails" and not rule.always)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a file.

    `columns` have to be in every row. `allow` names rules whose breach is only counted; `drop`
    leaves out what the component would leave out. Lengths are bytes of a line and characters of a
    message: the defaults are 64 times Phi-3-mini's 4,096 tokens, and no sensible row has them.
    """

    purpose: Purpose = "training"
    columns: tuple[str, ...] = ("messages",)
    drop: bool = False
    allow: frozenset[str] = field(default_factory=frozenset)
    longest_line: int = 1 << 20
    longest_turn: int = 1 << 18
    shown: int = 20  # problems told one by one; the rest is counted

    @property
    def fewest_rows(self) -> int:
        """The component refuses to train on fewer than ten."""
        return 10 if self.purpose == "training" else 1


@dataclass(frozen=True)
class Problem:
    """One rule broken: in which line (from 1; 0 is the file), in which field, and how."""

    rule: str
    field: str
    detail: str
    line: int = 0

    def at(self, line: int) -> Problem:
        """The same, with its line."""
        return Problem(self.rule, self.field, self.detail, line)
