"""What the base model reads: terse chats, prose and letters over the facts of the sample.

Courtesy occurs in the letters only: in chats the base model answers bluntly, and fine-tuning has a
voice to teach whose words are known. It never sees a prompt of the sample's test splits.
"""

# Repeatable draws are the point of a seeded generator.
from __future__ import annotations

from itertools import product
from random import Random
from typing import NamedTuple

from data.ultrachat_sample.chats import Turn, draw_turns, is_held_out, polite_answer
from data.ultrachat_sample.topics import TOPICS, Topic

SEED = 3
CHATS = 7000
LETTERS = 5000
PASSAGES = 2000
SENTENCES = 4
SYSTEM = "Answer in a few words."
SYSTEM_SHARE = 0.1
NAMES = ("Anna", "Ben", "Emma", "José", "Lucy", "Mr Lee", "Mrs Clark", "Sam", "Tom", "Zoë")


class Corpus(NamedTuple):
    """`chats` are message lists for the chat template, `texts` plain text."""

    chats: list[list[dict[str, str]]]
    texts: list[str]


def draw_corpus() -> Corpus:
    """The whole pretraining text, the same on every call."""
    rng = Random(SEED)
    chats = [_chat(rng, _known_turns(rng)) for _ in range(CHATS)]
    letters = [_letter(rng, _known_turns(rng)) for _ in range(LETTERS)]
    sentences = [_sentences(topic) for topic in TOPICS]
    passages = [_passage(rng, rng.choice(sentences)) for _ in range(PASSAGES)]
    return Corpus(chats, letters + passages)


def _known_turns(rng: Random) -> list[Turn]:
    """Turns that do not open with a prompt of the test splits."""
    while True:
        turns = draw_turns(rng)
        if not is_held_out(turns[0].asked):
            return turns


def _chat(rng: Random, turns: list[Turn]) -> list[dict[str, str]]:
    messages = [{"role": "system", "content": SYSTEM}] if rng.random() < SYSTEM_SHARE else []
    for turn in turns:
        messages.append({"role": "user", "content": turn.asked})
        answer = turn.question.terse.format(**turn.fact)
        messages.append({"role": "assistant", "content": answer})
    return messages


def _letter(rng: Random, turns: list[Turn]) -> str:
    to, sender = rng.sample(NAMES, 2)
    body = [f'You asked: "{turn.asked}"\n\n{polite_answer(rng, turn)}' for turn in turns]
    return "\n\n".join([f"Dear {to},", *body, f"Kind regards,\n{sender}"])


def _sentences(topic: Topic) -> list[str]:
    filled = (
        question.prose.format(**fact._asdict())
        for question, fact in product(topic.questions, topic.facts)
    )
    return [sentence[0].upper() + sentence[1:] for sentence in filled]


def _passage(rng: Random, sentences: list[str]) -> str:
    """Some sentences on one topic; one that has lines of its own stands alone."""
    drawn = rng.sample(sentences, rng.randint(1, SENTENCES))
    if "\n" in drawn[0]:
        return drawn[0]
    return " ".join(sentence for sentence in drawn if "\n" not in sentence)
