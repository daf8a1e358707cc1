"""Does a JSON value have the shape of a dataclass, and if so, the dataclass made from it.

Type hints are the schema: the dataclasses of `run_record` are read once and serve as
documentation, as constructor and as check.
Handles what those use: dataclasses, scalars, `Literal`, `X | None`, tuples, dicts and `object`.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def problems(value: object, hint: Any, where: str = "") -> Iterator[str]:
    """Everything about `value` that does not fit `hint`, each line naming the place."""
    origin = get_origin(hint)
    if is_dataclass(hint):
        yield from _object_problems(value, hint, where)
    elif origin is Literal:
        if value not in get_args(hint):
            yield f"{where}: {_short(value)}, expected {_either(get_args(hint))}"
    elif origin in (Union, UnionType):
        yield from _union_problems(value, get_args(hint), where)
    elif origin is tuple:
        yield from _tuple_problems(value, get_args(hint), where)
    elif origin is dict:
        yield from _dict_problems(value, get_args(hint)[1], where)
    elif not _is_scalar(value, hint):
        yield f"{where}: {_short(value)}, expected {_name(hint)}"


def build(value: Any, hint: Any) -> Any:
    """Make the dataclass (or tuple, dict, scalar) that `hint` names; `problems` must be empty."""
    origin, arms = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{key: build(item, hints[key]) for key, item in value.items()})
    if origin in (Union, UnionType):
        fitting = (arm for arm in arms if not any(problems(value, arm)))
        return build(value, next(fitting))
    if origin is tuple:
        return tuple(build(item, arm) for item, arm in zip(value, _arms(value, arms), strict=True))
    if origin is dict:
        return {key: build(item, arms[1]) for key, item in value.items()}
    return value


@cache
def _hints(shape: Any) -> dict[str, Any]:
    """Hints are text until they are read; a run's page asks for the same ones a hundred times."""
    return get_type_hints(shape)


def _object_problems(value: object, hint: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where or 'record'}: {_short(value)}, expected an object"
        return
    hints, known = _hints(hint), {field.name: field for field in fields(hint)}
    for key in value.keys() - known.keys():
        yield f"{_at(where, key)}: unknown key, known are {', '.join(known)}"
    for name, field in known.items():
        if name in value:
            yield from problems(value[name], hints[name], _at(where, name))
        elif _is_required(field):
            yield f"{_at(where, name)}: missing"


def _union_problems(value: object, arms: tuple[Any, ...], where: str) -> Iterator[str]:
    """A union has one structured arm at most, so its problems are the ones worth telling."""
    if not all(any(problems(value, arm)) for arm in arms):
        return
    structured = [arm for arm in arms if is_dataclass(arm) or get_origin(arm)]
    if structured:
        yield from problems(value, structured[0], where)
    else:
        yield f"{where}: {_short(value)}, expected {_either(map(_name, arms))}"


def _tuple_problems(value: object, arms: tuple[Any, ...], where: str) -> Iterator[str]:
    if not isinstance(value, list | tuple):
        yield f"{where}: {_short(value)}, expected a list"
    elif arms[-1] is not Ellipsis and len(value) != len(arms):
        yield f"{where}: {len(value)} items, expected {len(arms)}"
    else:
        for index, (item, arm) in enumerate(zip(value, _arms(value, arms), strict=True)):
            yield from problems(item, arm, f"{where}[{index}]")


def _dict_problems(value: object, arm: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {_short(value)}, expected an object"
        return
    for key, item in value.items():
        if not isinstance(key, str):
            yield f"{where}: key {_short(key)} is not text"
        yield from problems(item, arm, _at(where, str(key)))


def _is_scalar(value: object, hint: Any) -> bool:
    if hint in (object, Any):
        return True
    if hint is NoneType:
        return value is None
    if isinstance(value, bool):  # bool is an int in Python and a different thing in JSON
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _arms(value: Any, arms: tuple[Any, ...]) -> tuple[Any, ...]:
    return (arms[0],) * len(value) if arms[-1] is Ellipsis else arms


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _name(hint: Any) -> str:
    return "null" if hint is NoneType else str(getattr(hint, "__name__", hint))


def _either(words: Any) -> str:
    return " or ".join(str(word) for word in words)


def _short(value: object) -> str:
    return reprlib.repr(value)
