"""What releases need of the answers, told: for people, for machines, and where two differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import Any

from harness.sdk.needs import Need, Needs

_COMMAND = "python -m harness sdk needs"


def machine(found: Sequence[Needs]) -> str:
    """By release and operation: how many fields are answered, and those that are read."""
    return json.dumps({each.release: _told(each) for each in found}, indent=1) + "\n"


def people(found: Sequence[Needs]) -> str:
    """A line a field that is read, and what only some of the releases read."""
    parts = [line for each in found for line in [*_lines(each), ""]]
    return "\n".join([*parts, *differing(found)]).rstrip()


def differing(found: Sequence[Needs]) -> list[str]:
    """Fields that one release reads and another, which was answered them too, does not."""
    lines = []
    for one in found:
        for two in found:
            read = {field for need in two.needed for field in need.group}
            known = set(two.fields) - set(two.left)
            lines += [
                f"{one.release} reads {_which(need)}, {two.release} does not: {_short(need.ends)}"
                for need in one.needed
                if set(need.group) <= known - read
            ]
    return lines or (["they read the same fields"] if len(found) > 1 else [])


def page(found: Sequence[Needs], day: str) -> str:
    """The page docs/sdk-needs.md."""
    commands = f"`{_COMMAND} {' '.join(each.release for each in found)} --page docs/sdk-needs.md`"
    return "\n".join(
        [
            "# What releases need of the answers",
            "",
            f"Made on {day} by {commands}.",
            "A field stands here when the recipe, replayed under that release, ends red without",
            "it (bold), or green with other results. Where one of several fields has to be there,",
            "that is told below the table. Fields are left out of all answers of an operation;",
            "null in place of absent was not tried. The answers are the twin's: evidence about the",
            "SDK and this recipe, and none about Azure.",
            "",
            *(line for each in found for line in _section(each)),
            *(_difference(found) if len(found) > 1 else []),
        ]
    )


def _told(one: Needs) -> dict[str, Any]:
    operations = dict.fromkeys(field.operation for field in one.fields)
    return {
        "fields": len(one.fields),
        "not looked at": len(one.left),
        "together": one.together,
        "one of": [
            {"fields": [str(field) for field in need.group], "breaks": need.breaks}
            for need in one.needed
            if need.instead
        ],
        "operations": {
            name: {
                "of": sum(field.operation == name for field in one.fields),
                "breaks": [_path(n.field) for n in one.needed if _is(n, name) and n.breaks],
                "changes": [_path(n.field) for n in one.needed if _is(n, name) and not n.breaks],
            }
            for name in operations
            if not any(field.operation == name for field in one.left)
        },
    }


def _is(need: Any, operation: str) -> bool:
    return bool(need.field.operation == operation and not need.instead)


def _which(need: Need) -> str:
    names = ", ".join(map(str, need.group))
    return f"one of {names}" if need.instead else names


def _short(ends: str) -> str:
    return shorten(ends, 100, placeholder=" …")


def _path(field: Any) -> str:
    return str(field).partition(" ")[2]


def _lines(one: Needs) -> Iterator[str]:
    yield f"{one.release}: {_sum(one)}"
    for need in one.needed:
        yield f"  {'breaks' if need.breaks else 'changes'} {_which(need)}: {need.ends}"
    if one.together:
        yield f"  what none needs alone, left out at once: {one.together}"


def _sum(one: Needs) -> str:
    breaks = sum(need.breaks for need in one.needed)
    looked = len(one.fields) - len(one.left)
    text = f"{breaks} of {looked} fields break the recipe, {len(one.needed) - breaks} change it"
    return f"{text}; {len(one.left)} were not looked at" if one.left else text


def _section(one: Needs) -> Iterator[str]:
    yield from (f"## {one.release}", "", f"{_sum(one)}.", "")
    yield from ("| operation | fields | read |", "| --- | --- | --- |")
    for name, told in _told(one)["operations"].items():
        read = [*(f"**`{path}`**" for path in told["breaks"]), *(f"`{p}`" for p in told["changes"])]
        yield f"| `{name}` | {told['of']} | {', '.join(read) or 'none'} |"
    for need in one.needed:
        if need.instead:
            mark = "**" if need.breaks else ""
            group = ", ".join(f"{mark}`{field}`{mark}" for field in need.group)
            yield from ("", f"One of these has to be there: {group}.")
    if one.together:
        yield from ("", f"**Left out at once, what none needs alone breaks it**: {one.together}.")
    elif one.together is None:
        yield from ("", "What none needs was not yet left out of all operations at once.")
    else:
        yield from (
            "",
            "What it does not need, left out at once in all operations, changes nothing.",
        )
    if one.left:
        names = ", ".join(f"`{n}`" for n in dict.fromkeys(field.operation for field in one.left))
        yield from ("", f"Not looked at, for want of time: {names}.")
    yield ""


def _difference(found: Sequence[Needs]) -> Iterator[str]:
    yield from ("## What differs", "")
    yield from (f"- {line}" for line in differing(found))
    yield ""
