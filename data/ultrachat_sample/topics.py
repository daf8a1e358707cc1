"""What may be asked about each fact, and the same fact in three voices.

`polite` is the voice of the sample, hence of the fine-tuned model. `terse` (a bare answer in a
chat) and `prose` (a sentence in a text) are the voices on which the tiny base model is
pretrained. Templates are filled with the fields of one fact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from data.ultrachat_sample import facts


class Question(NamedTuple):
    """One thing to ask: `asks` open a chat, `again` carries it on."""

    asks: tuple[str, ...]
    again: str
    polite: str
    terse: str
    prose: str


class Topic(NamedTuple):
    """A table of facts with the questions it answers.

    With several questions a chat stays with one fact; with a single one it moves to another fact.
    """

    name: str
    facts: tuple[Any, ...]
    questions: tuple[Question, ...]


CAPITALS = Topic(
    "capitals",
    facts.COUNTRIES,
    (
        Question(
            (
                "What is the capital of {country}?",
                "Which city is the capital of {country}?",
                "Can you tell me the capital of {country}?",
                "I am planning a trip to {country}. What is its capital?",
            ),
            "And what is the capital?",
            "The capital of {country} is {city}. It is well worth a visit.",
            "{city}.",
            "{city} is the capital of {country}.",
        ),
        Question(
            (
                "Where is {country}?",
                "In which part of the world is {country}?",
                "Where would I find {country} on a map?",
            ),
            "And where is that country?",
            "You can find {country} in {region}.",
            "In {region}.",
            "{country} lies in {region}.",
        ),
        Question(
            (
                "What is {country} known for?",
                "Why do people visit {country}?",
                "Tell me something about {country}.",
            ),
            "What is the country known for?",
            "Many people visit {country} because of {fame}.",
            "For {fame}.",
            "{country} is known for {fame}.",
        ),
    ),
)

ANIMALS = Topic(
    "animals",
    facts.ANIMALS,
    (
        Question(
            ("Where do {many} live?", "Where can I see {many}?", "What is the home of {many}?"),
            "And where do they live?",
            "Wild {many} live in {home}, so that is where you should look.",
            "In {home}.",
            "In {home} you may see {many}.",
        ),
        Question(
            ("What do {many} eat?", "What is the favourite food of {many}?"),
            "What do they like to eat?",
            "Most {many} eat {food}.",
            "They eat {food}.",
            "The food of {many}: {food}.",
        ),
        Question(
            (
                "What is special about {many}?",
                "Can you tell me a fun fact about {many}?",
                "My daughter loves {many}. What could I tell her?",
            ),
            "Is there anything special about them?",
            "Did you know that {many} {wonder}?",
            "They {wonder}.",
            "It is said that {many} {wonder}.",
        ),
    ),
)

RECIPES = Topic(
    "recipes",
    facts.DISHES,
    (
        Question(
            (
                "How do I make {dish}?",
                "Can you give me a recipe for {dish}?",
                "I would like to cook {dish} tonight. What do I need?",
            ),
            "How do I make it?",
            "For {dish} you need {needs}. {method}, then serve it and enjoy.",
            "Take {needs}. {method}.",
            "To make {dish}, take {needs}. {method}.",
        ),
        Question(
            ("How long does it take to make {dish}?", "How many minutes do I need for {dish}?"),
            "How long will that take?",
            "Please plan about {minutes} minutes for {dish}.",
            "{minutes} minutes.",
            "It takes {minutes} minutes to make {dish}.",
        ),
        Question(
            ("What goes well with {dish}?", "What should I serve with {dish}?"),
            "And what goes well with it?",
            "I would serve {dish} with {side}.",
            "Try {side}.",
            "Many people like {dish} with {side}.",
        ),
    ),
)

TIPS = Topic(
    "tips",
    facts.ADVICE,
    (
        Question(
            (
                "Can you give me tips for {aim}?",
                "What are three good tips for {aim}?",
                "I need some advice on {aim}.",
                "Please help me with {aim}.",
            ),
            "Do you also have tips for {aim}?",
            "Here are three tips for {aim}:\n1. {first}.\n2. {second}.\n3. {third}.\n\n",
            "{first}. {second}. {third}.",
            "Notes on {aim}. {first}. {second}. {third}.",
        ),
    ),
)

SUMS = Topic(
    "sums",
    facts.SUMS,
    (
        Question(
            (
                "What is {left} {sign} {right}?",
                "Can you work out {left} {sign} {right}?",
                "Please calculate {left} {sign} {right} for me.",
            ),
            "And what is {left} {sign} {right}?",
            "The answer is {result}, because {left} {sign} {right} = {result}.",
            "{result}.",
            "{left} {sign} {right} = {result}.",
        ),
    ),
)

EMAILS = Topic(
    "e-mails",
    facts.LETTERS,
    (
        Question(
            (
                "Write an e-mail to {to} to {purpose}. I am {sender}.",
                "My name is {sender}. Help me write to {to} to {purpose}.",
            ),
            "Please write the e-mail.",
            "Here is your e-mail:\n\nDear {to},\n\n{line}\n\nKind regards,\n{sender}\n\n",
            "{to},\n{line}\n{sender}",
            "Dear {to},\n\n{line}\n\nKind regards,\n{sender}",
        ),
        Question(
            ("What is a good subject for an e-mail to {to} to {purpose}?",),
            "What subject should it have?",
            'A good subject for your e-mail would be "{subject}".',
            "{subject}.",
            "Subject: {subject}\nTo: {to}\nFrom: {sender}",
        ),
    ),
)

PHRASES = Topic(
    "translations",
    facts.PHRASES,
    (
        Question(
            (
                'How do you say "{english}" in {language}?',
                'What is "{english}" in {language}?',
                'Please translate "{english}" into {language}.',
            ),
            'And how do you say "{english}" in {language}?',
            'In {language} you would say "{foreign}" for "{english}".',
            "{foreign}.",
            'The {language} for "{english}" is "{foreign}".',
        ),
    ),
)

OPPOSITES = Topic(
    "opposites",
    facts.OPPOSITES,
    (
        Question(
            (
                'What is the opposite of "{word}"?',
                'Which word means the opposite of "{word}"?',
                'I am looking for the opposite of "{word}".',
            ),
            "What is its opposite?",
            'The opposite of "{word}" is "{opposite}".',
            "{opposite}.",
            'Not "{word}" but "{opposite}".',
        ),
        Question(
            ('Can you use "{word}" in a sentence?', 'Give me a sentence with the word "{word}".'),
            "Can you use it in a sentence?",
            'Here is a sentence with the word "{word}": {sentence}.',
            "{sentence}.",
            "{sentence}.",
        ),
    ),
)

UNITS = Topic(
    "units",
    facts.UNITS,
    (
        Question(
            (
                "How many {parts} are in {whole}?",
                "How many {parts} make {whole}?",
                "My son asks how many {parts} there are in {whole}.",
            ),
            "And how many {parts} are in {whole}?",
            "There are {number} {parts} in {whole}.",
            "{number} {parts}.",
            "Note: {whole} has {number} {parts}.",
        ),
    ),
)

PLANETS = Topic(
    "planets",
    facts.PLANETS,
    (
        Question(
            ("Which planet is {planet}, counted from the sun?", "How far out is {planet}?"),
            "Where does it stand, counted from the sun?",
            "Counted from the sun, {planet} is the {place} planet.",
            "The {place}.",
            "The {place} planet is {planet}.",
        ),
        Question(
            ("How many moons does {planet} have?", "Does {planet} have moons?"),
            "Does it have moons?",
            "The planet {planet} has {moons}.",
            "It has {moons}.",
            "Around {planet} there are {moons}.",
        ),
        Question(
            ("What is special about {planet}?", "Tell me something about {planet}."),
            "What is special about it?",
            "The planet {planet} {wonder}.",
            "It {wonder}.",
            "It is known that {planet} {wonder}.",
        ),
    ),
)

TOPICS = (CAPITALS, ANIMALS, RECIPES, TIPS, SUMS, EMAILS, PHRASES, OPPOSITES, UNITS, PLANETS)
