"""The releases that are tried, and what each needs beside it: data/sdk/releases.json.

A release is a version of the SDK, or one with another package held at a version of its own:
`1.35.2+azure-core==1.36.0`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk.packages import versions

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "data" / "sdk" / "releases.json"
_RECORDED_BY = ("scenarios/finetune_chat", "harness/recipe", "harness/twin", "harness/wire")


def listed() -> tuple[str, ...]:
    """The releases of the matrix, newest first."""
    return tuple(_told()["matrix"])


def supported() -> tuple[str, str]:
    """The oldest and the newest release that the harness itself is tested with."""
    told = _told()["supported"]
    return str(told["oldest"]), str(told["newest"])


def oldest_pins() -> tuple[str, ...]:
    """All packages of an environment of the oldest supported release: data/sdk/oldest.txt."""
    text = FILE.with_name("oldest.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def package() -> str:
    """The package whose releases are compared."""
    return str(_told()["package"])


def named(word: str, of: str = "") -> str:
    """A version: itself, or what `pinned`, `oldest`, `newest` or `newest-pre` stands for today.

    Of the SDK, or of another package. Raises SdkError when it is none, or no index answers.
    """
    of = of or package()
    if of == package() and "==" in word:
        version, *beside = word.split("+")
        return "+".join([named(version), *map(_pin, beside)])
    if word == "pinned":
        return _pinned(of)
    if word == "oldest" and of == package():
        return supported()[0]
    if word in ("newest", "newest-pre"):
        return versions(of, pre=word == "newest-pre")[-1]
    return _version(word, of)


def with_package(release: str, other: str, version: str) -> str:
    """That release, with another package at this version. Raises SdkError when it is no version."""
    return f"{release}+{other}=={named(version, other)}"


def bare(release: str) -> str:
    """The SDK's own version."""
    return release.partition("+")[0]


def _pin(text: str) -> str:
    """`name==version`, as it was written."""
    name, equals, version = text.partition("==")
    if not (name and equals):
        raise SdkError(
            f"{text!r} holds no package at a version. Next: write 1.35.2+azure-core==1.36.0"
        )
    return f"{name}=={_version(version, name)}"


def _pinned(of: str) -> str:
    held = _held()
    if of not in held:
        raise SdkError(f"{of} is not pinned by us. Next: python -m pip index versions {of}")
    return held[of]


def _version(word: str, of: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        Version(word)
    except InvalidVersion as error:
        raise SdkError(
            f"{word!r} is no version of {of}, nor `pinned`, `oldest`, `newest` or `newest-pre`.\n"
            f"Next: python -m pip index versions {of}"
        ) from error
    return word


def fresh(version: str) -> tuple[str, ...]:
    """What a user types to install that release, and nothing else."""
    sdk, *held = version.split("+")
    return f"{package()}=={sdk}", *_told()["beside"], *held


def pins(version: str) -> tuple[str, ...]:
    """What has to be installed beside a release before it imports today."""
    return tuple(each["add"] for each in _of("pins", version))


def unset(version: str) -> tuple[str, ...]:
    """Variables of the twin's environment that a release stumbles over."""
    return tuple(each["variable"] for each in _of("unset", version))


def distribution_of(module: str) -> str:
    """The package to install for a module that is missing."""
    top = module.split(".")[0]
    return str(_told()["distributions"].get(top, top))


def tools(root: Path = ROOT, *, exact: bool = True) -> tuple[str, ...]:
    """What the harness needs to run the recipe beside any release; `exact`: as in our own."""
    given = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    light = given["project"]["optional-dependencies"]["light"]
    held = _held(root)
    told = _told()
    asked_for = {told["package"], *told["beside"], *told["recipe"], *told["not_needed"]}
    wanted = [name for name in light if name not in asked_for and name in held]
    return *told["recipe"], *(f"{name}=={held[name]}" if exact else name for name in wanted)


def ours(root: Path = ROOT) -> tuple[str, ...]:
    """All packages of our own environment, pinned."""
    return tuple(f"{name}=={version}" for name, version in _held(root).items())


def recipe(root: Path = ROOT) -> str:
    """A digest of the recipe, and of what answers, records and probes it.

    Two recordings are compared only if it is the same.
    """
    found = (file for folder in _RECORDED_BY for file in sorted((root / folder).rglob("*.*")))
    files = [file for file in found if file.is_file() and file.parent.name != "__pycache__"]
    files.append(root / "harness" / "sdk" / "probes.py")
    content = b"".join(file.read_bytes() for file in files if file.exists())
    return hashlib.sha256(content).hexdigest()[:12]


def _of(what: str, version: str) -> Iterator[dict[str, str]]:
    """The entries of a list whose versions hold this one."""
    from packaging.specifiers import SpecifierSet

    for each in _told()[what]:
        if SpecifierSet(each["versions"]).contains(bare(version), prereleases=True):
            yield each


def _held(root: Path = ROOT) -> dict[str, str]:
    """The versions of our own environment."""
    text = (root / "constraints" / "light.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE))


@cache
def _told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
