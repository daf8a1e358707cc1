"""How much of the base model `make regenerate` makes again."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """A few steps show that the command works, all of them that the model comes back."""
    parser.addoption("--steps", type=int, help="of the pretraining that is repeated (all)")


@pytest.fixture
def steps(request: pytest.FixtureRequest) -> int | None:
    """So many steps of the pretraining; None: all."""
    number: int | None = request.config.getoption("--steps", None)
    return number
