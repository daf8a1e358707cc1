"""One kind of fact each; the field names are what the templates in `topics.py` fill in."""

from __future__ import annotations

from typing import NamedTuple


class Country(NamedTuple):
    """A country, its capital, where it lies and what it is known for."""

    country: str
    city: str
    region: str
    fame: str


class Animal(NamedTuple):
    """Animals in the plural; `wonder` is a verb phrase."""

    many: str
    home: str
    food: str
    wonder: str


class Dish(NamedTuple):
    """A dish with its article, if it has one; `minutes` is how long it takes."""

    dish: str
    needs: str
    method: str
    minutes: str
    side: str


class Advice(NamedTuple):
    """Three imperatives towards one aim."""

    aim: str
    first: str
    second: str
    third: str


class Letter(NamedTuple):
    """An e-mail: `line` is all it says."""

    to: str
    sender: str
    purpose: str
    subject: str
    line: str


class Sum(NamedTuple):
    """`left` `sign` `right` = `result`."""

    left: int
    sign: str
    right: int
    result: int


class Phrase(NamedTuple):
    """An English expression and its translation."""

    english: str
    language: str
    foreign: str


class Opposite(NamedTuple):
    """Two words, and a sentence with the first."""

    word: str
    opposite: str
    sentence: str


class Unit(NamedTuple):
    """`whole` has `number` `parts`."""

    whole: str
    parts: str
    number: str


class Planet(NamedTuple):
    """A planet, counted from the sun; `wonder` is a verb phrase."""

    planet: str
    place: str
    moons: str
    wonder: str
