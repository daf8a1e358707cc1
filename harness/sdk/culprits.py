"""Which version of which package, of those an SDK brings along, made importing it fail.

The release itself did not change; its environment did. So the versions of its own day are taken for
good, today's for bad: first the package is found, then the versions next to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.errors import SdkError
from harness.sdk import packages, releases
from harness.sdk.environments import HOME, Environment, Imported, imported

_BREAKS = 4  # more than that at once is no environment worth repairing


@dataclass(frozen=True)
class Culprit:
    """A package, the newest version with which the SDK imports, the oldest with which it fails.

    `works` and `breaks` are empty where the package is only missing.
    """

    package: str
    error: str
    works: str = ""
    breaks: str = ""

    @property
    def pin(self) -> str:
        """What to install beside the SDK."""
        return f"{self.package}<{self.breaks}" if self.breaks else self.package

    def __str__(self) -> str:
        if not self.breaks:
            return f"{self.package} is used and not declared ({self.error})"
        return f"{self.package} {self.works} works, {self.breaks} does not ({self.error})"


def culprits(made: Environment, version: str, home: Path = HOME) -> tuple[Culprit, ...]:
    """Everything that keeps this release from importing in its environment, one after the other.

    Raises SdkError when no single package explains it.
    """
    found, over = list[Culprit](), list[Path]()
    for _ in range(_BREAKS):
        now = imported(made.python, over=over)
        if not now.error:
            return tuple(found)
        if now.missing:
            culprit = Culprit(releases.distribution_of(now.module), now.error)
            pin = culprit.package
        else:
            culprit = _changed(made, version, now, over, home)
            pin = f"{culprit.package}=={culprit.works}"
        found.append(culprit)
        over.insert(0, packages.lay_over(_folder(home, pin), pin))
    raise SdkError(
        f"{version} does not import after {_BREAKS} repairs: {now.error}{_next(version)}"
    )


def first_bad(versions: Sequence[str], bad: Callable[[str], bool]) -> tuple[str, str]:
    """The last good and the first bad of versions in order, of which the last is bad.

    The first is taken for good. Asks for about log2 of them. Raises SdkError for fewer than two.
    """
    if len(versions) < 2:
        between_what = " and ".join(versions) or "no versions"
        raise SdkError(
            f"there is nothing between {between_what}.\n"
            "Next: python -m harness sdk bisect with another --good or --bad"
        )
    low, high = 0, len(versions) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if bad(versions[middle]) else (middle, high)
    return versions[low], versions[high]


def between(package: str, good: str, bad: str) -> list[str]:
    """The published versions from one to the other, in order, both included."""
    from packaging.version import Version

    low, high = sorted((Version(good), Version(bad)))
    found = [v for v in packages.versions(package) if low <= Version(v) <= high]
    ordered = sorted({*found, good, bad}, key=Version)
    return ordered if Version(good) <= Version(bad) else ordered[::-1]


def _changed(
    made: Environment, version: str, now: Imported, over: Sequence[Path], home: Path
) -> Culprit:
    """The package whose version of the release's day mends this error, and where it came."""
    today, then = _versions(made.pins), _of_its_day(version)

    def fails(package: str, one: str) -> bool:
        pin = f"{package}=={one}"
        laid = packages.lay_over(_folder(home, pin), pin)
        return imported(made.python, over=[laid, *over]).error == now.error

    for package in _suspects(now, version, today, then):
        if not fails(package, then[package]):
            versions = between(package, then[package], today[package])
            works, breaks = first_bad(versions, partial(fails, package))
            return Culprit(package, now.error, works, breaks)
    raise SdkError(
        f"no single package explains why {version} does not import: {now.error}{_next(version)}"
    )


def _suspects(
    now: Imported, version: str, today: Mapping[str, str], then: Mapping[str, str]
) -> Iterator[str]:
    """Those that the error leads through, then what moved most since the release's day."""
    moved = [name for name in today if name in then and today[name] != then[name]]
    lead = [name for name in now.packages if name in moved]
    yield from lead
    far = [n for n in moved if today[n].split(".")[0] != then[n].split(".")[0]]
    yield from (name for name in dict.fromkeys([*far, *moved]) if name not in lead)


def _of_its_day(version: str) -> dict[str, str]:
    day = packages.published(releases.package(), releases.bare(version))
    if day is None:
        raise SdkError(
            f"the index does not say when {version} was published.\n"
            "Next: with UV_DEFAULT_INDEX naming one that does, "
            f"python -m harness sdk matrix --why --releases {version}"
        )
    return _versions(packages.resolved(releases.fresh(version), before=day))


def _next(version: str) -> str:
    return f"\nNext: python -m harness sdk matrix --its-day --releases {version}"


def _versions(pins: Sequence[str]) -> dict[str, str]:
    return dict(pin.split("==", 1) for pin in pins)


def _folder(home: Path, pin: str) -> Path:
    return home / "over" / pin.replace("==", "-")
