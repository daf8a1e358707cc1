"""Reading a plan: a TOML file, what a target lays over it, and what the command line sets.

A file that begins with `over = FILE` is laid over that one, section by section; its `[claim]` says
what must then be seen, and is for tests.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from harness.errors import PlanError
from harness.plan import FREE_SECTIONS, SECTIONS, TARGETS, Plan, Scalar, TargetName


def read_plan(
    path: Path, target: TargetName, settings: Sequence[str] = (), like: str | None = None
) -> Plan:
    """The plan of that file for that target, with `section.key=value` settings on top.

    `like` is the target whose `[on.<target>]` holds: a replay does what was recorded elsewhere.
    Raises PlanError naming every problem at once.
    """
    problems: list[str] = []
    tables = _tables(path, like or target, problems)
    for setting in settings:
        _set(tables, setting, problems)
    parts: dict[str, Any] = {
        name: _section(name, tables.get(name, {}), problems) for name in SECTIONS
    }
    for name in FREE_SECTIONS:
        parts[name] = _parameters(name, tables.get(name, {}), problems)
    unknown = sorted(set(tables) - set(parts))
    problems += [
        f"[{name}] is not a section{_meant(name, parts)}; there are {_listed(_sections())}"
        for name in unknown
    ]
    if problems:
        given = f" with {' '.join(f'--set {setting}' for setting in settings)}" if settings else ""
        raise PlanError(problems, source=f"{path}{given}")
    return Plan(target=target, **parts)


def _tables(path: Path, target: str, problems: list[str]) -> dict[str, dict[str, Any]]:
    """The file's sections with those of `[on.<target>]`, laid over those of the file it is over."""
    tables = _parsed(path)
    below = tables.pop("over", None)
    if below is None:
        return _of_target(tables, target, problems)
    tables.pop("claim", None)
    under = _parsed(path.parent / str(below))
    return _laid(
        _of_target(under, target, problems),
        _of_target(tables, target, problems),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(["no such file; give one with --plan FILE"], source=str(path)) from None
    except OSError as error:
        raise PlanError([f"cannot be read: {error.strerror}"], source=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError([f"not TOML: {error}"], source=str(path)) from error


def _of_target(
    tables: dict[str, Any], target: str, problems: list[str]
) -> dict[str, dict[str, Any]]:
    overlays = _only_tables({"on": tables.pop("on", {})}, problems).get("on", {})
    for name in sorted(set(overlays) - set(TARGETS)):
        problems.append(f"[on.{name}]: no such target; there are {_listed(TARGETS)}")
    over = _only_tables(_only_tables(overlays, problems, "on.").get(target, {}), problems)
    return _laid(_only_tables(tables, problems), over)


def _laid(
    under: dict[str, dict[str, Any]], over: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    return {name: {**under.get(name, {}), **over.get(name, {})} for name in [*under, *over]}


def _only_tables(
    found: Mapping[str, Any], problems: list[str], prefix: str = ""
) -> dict[str, dict[str, Any]]:
    """Those values that are tables; the others are problems."""
    problems += [
        f"{prefix}{name} = {_shown(value)} stands where a [section] belongs"
        for name, value in found.items()
        if not isinstance(value, dict)
    ]
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def _set(tables: dict[str, dict[str, Any]], setting: str, problems: list[str]) -> None:
    """Lay one `section.key=value` over the tables; the value is TOML, or else text.

    Where text is wanted, `7` and `2024-05-20` are text: a version need not be typed in quotes.
    """
    name, equals, text = setting.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and key):
        problems.append(f"--set {setting}: write it as section.key=value")
        return
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    wants_text = section in SECTIONS and get_type_hints(SECTIONS[section]).get(key) is str
    if wants_text and not isinstance(value, str):
        value = text
    tables.setdefault(section, {})[key] = value


def _section(name: str, table: Mapping[str, Any], problems: list[str]) -> Any:
    """One section as its dataclass; what is wrong with it goes to problems."""
    kind = SECTIONS[name]
    hints, rules = get_type_hints(kind), {f.name: f.metadata for f in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in rules:
            problems.append(
                f"{name}.{key} is unknown{_meant(key, rules)}; [{name}] has {_listed(rules)}"
            )
            continue
        value = tuple(value) if isinstance(value, list) else value
        value = float(value) if hints[key] is float and type(value) is int else value
        problem = _typed(value, hints[key]) or _ruled(value, rules[key])
        if problem:
            problems.append(f"{name}.{key} = {_shown(value)} {problem}")
        else:
            values[key] = value
    return kind(**values)


def _typed(value: Any, hint: Any) -> str | None:
    """What is wrong with the value's type, in words."""
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        ok = isinstance(value, tuple) and all(type(entry) is item for entry in value)
        return None if ok else f"must be a list of {item.__name__}"
    return None if type(value) is hint else f"must be {_TYPES[hint]}"


_TYPES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _ruled(value: Any, rule: Mapping[str, Any]) -> str | None:
    """What is wrong with a value of the right type, in words."""
    entries = value if isinstance(value, tuple) else (value,)
    if "one_of" in rule and (not entries or not set(entries) <= set(rule["one_of"])):
        if "or_else" in rule:
            problem: str | None = rule["or_else"](value)
            return problem
        return f"must be one of {_listed(rule['one_of'])}"
    if "matches" in rule and not re.fullmatch(rule["matches"], value):
        return f"must be {rule['says']}"
    if "low" in rule and not rule["low"] <= value <= rule.get("high", value):
        top = f" and at most {rule['high']}" if "high" in rule else ""
        return f"must be at least {rule['low']}{top}"
    return None


def _parameters(name: str, table: Mapping[str, Any], problems: list[str]) -> dict[str, Scalar]:
    """A table of component inputs; their names are checked against the component itself."""
    bad = [
        key
        for key, value in table.items()
        if type(value) not in (str, int, float) or (type(value) is float and not isfinite(value))
    ]
    problems += [
        f"{name}.{key} = {_shown(table[key])} must be text or a finite number"
        + (' (the component wants "true" or "false" as text)' if type(table[key]) is bool else "")
        for key in bad
    ]
    return {key: value for key, value in table.items() if key not in bad}


def _sections() -> list[str]:
    return [*SECTIONS, *FREE_SECTIONS, "on.<target>"]


def _meant(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _shown(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, default=str)
