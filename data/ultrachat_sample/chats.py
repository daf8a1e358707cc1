"""Short chats over the facts: who asks what, and how the answer is dressed."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any, NamedTuple

from data.ultrachat_sample.topics import TOPICS, Question, Topic

POLITE_OPENERS = ("Certainly!", "Of course!", "Happy to help!", "Sure, I can help with that.")
CLOSERS = (
    "I hope this helps!",
    "Please let me know if you need anything else.",
    "Do ask if you would like to know more.",
)
THANKS = ("", "", "Thank you! ", "Great, thanks. ")
GREETINGS = ("", "", "Hello! ", "Good morning. ")
LENGTHS = (1, 1, 1, 2, 2, 3)
"""Turns in a chat; each is drawn equally often."""


class Turn(NamedTuple):
    """One question with the fact and the template that answer it."""

    asked: str
    question: Question
    fact: dict[str, Any]


def draw_turns(rng: Random, topics: tuple[Topic, ...] = TOPICS) -> list[Turn]:
    """One to three turns on one topic; the questions differ, or else the facts do."""
    topic = rng.choice(topics)
    rounds = rng.choice(LENGTHS)
    if len(topic.questions) == 1:
        pairs = [(topic.questions[0], fact) for fact in rng.sample(topic.facts, rounds)]
    else:
        fact = rng.choice(topic.facts)
        questions = rng.sample(topic.questions, min(rounds, len(topic.questions)))
        pairs = [(question, fact) for question in questions]
    return [_turn(rng, question, fact, n) for n, (question, fact) in enumerate(pairs)]


def _turn(rng: Random, question: Question, fact: Any, number: int) -> Turn:
    fields = fact._asdict()
    if number == 0:
        asked = rng.choice(GREETINGS) + rng.choice(question.asks).format(**fields)
    else:
        asked = rng.choice(THANKS) + question.again.format(**fields)
    return Turn(asked, question, fields)


def polite_answer(rng: Random, turn: Turn) -> str:
    """The answer as the sample gives it: opener, fact, closer."""
    body = turn.question.polite.format(**turn.fact)
    gap = "" if body.endswith("\n") else " "
    return f"{rng.choice(POLITE_OPENERS)} {body}{gap}{rng.choice(CLOSERS)}"


def prompt_id(prompt: str) -> str:
    """SHA-256 of the prompt as 64 hexadecimal digits."""
    return hashlib.sha256(prompt.encode()).hexdigest()


def is_held_out(prompt: str) -> bool:
    """True when the prompt belongs to the test splits: its own hash decides, one in four.

    So no prompt moves between train and test when a table of facts grows, and the base model's
    pretraining can leave the held-out prompts out.
    """
    return int(prompt_id(prompt), 16) % 4 == 0
