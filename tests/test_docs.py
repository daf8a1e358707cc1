"""Docs are checked: what the code has, the docs name."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from harness import errors
from harness.plan import FREE_SECTIONS, SECTIONS, TARGETS
from harness.record import STEPS
from harness.wire.operations import OPERATIONS

ROOT = Path(__file__).parents[1]
TEXT = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("*.md")))
TEXT += (ROOT / "README.md").read_text(encoding="utf-8")

NAMES = [
    *(f"`{section}.{key.name}`" for section, kind in SECTIONS.items() for key in fields(kind)),
    *(f"[{section}]" for section in [*SECTIONS, *FREE_SECTIONS]),
    *(f"`{operation.name}`" for operation in OPERATIONS),
    *(f"`{name}`" for name, _ in STEPS.values()),
    *(f"`{target}`" for target in TARGETS),
    *(f"`{name}`" for name in vars(errors) if name.endswith("Error")),
    *(
        f"`{option}"
        for option in (
            "--target",
            "--plan",
            "--set",
            "--fault",
            "--reports",
            "--record",
            "--cassettes",
        )
    ),
]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_documented(name: str) -> None:
    """Every plan key, operation, step, target, error and option appears in README or docs/."""
    assert name in TEXT


@pytest.mark.parametrize("target", ["run", "test", "lint", "bench", "clean"])
def test_make_targets_of_the_readme_exist(target: str) -> None:
    """A command the README tells to type is one that make knows."""
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"make {target}" in TEXT


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PARTS = [
    f"harness/{path.name}" + "/" * path.is_dir()
    for path in sorted((ROOT / "harness").iterdir())
    if not path.name.startswith("_")
]


@pytest.mark.parametrize("part", PARTS)
def test_the_architecture_says_where_everything_is(part: str) -> None:
    """Each package and module of the harness stands in the one page to find the place to change."""
    assert f"`{part}" in ARCHITECTURE


def test_what_the_architecture_names_is_there() -> None:
    """Every path in its table leads somewhere; `N` and `*` stand for several."""
    named = [name for name in re.findall(r"`([\w./*]+)`", ARCHITECTURE) if "/" in name]

    assert len(named) > 40
    assert [name for name in named if not [*ROOT.glob(name.replace("_N_", "_*_"))]] == []


LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/**/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there."""
    links = LINK.findall(page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
