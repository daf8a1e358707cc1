"""The real service: the environment is the user's own, but for loopback and proxies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.child_environment import exempt_loopback
from harness.errors import TargetError
from harness.targets.target import Target, environment

if TYPE_CHECKING:
    from harness.plan import Plan


@contextmanager
def open_azure(plan: Plan, folder: Path) -> Iterator[Target]:
    """Azure ML, with the credential and workspace of this shell, through its proxy.

    What is on this machine (a managed identity's endpoint, prices of one's own) is never asked
    through a proxy, which would look for it on the proxy's own machine.
    Raises TargetError in a shell with a twin's exports: a green run there would be told as Azure's.
    """
    if twin := os.environ.get("HARNESS_TWIN"):
        raise TargetError(
            f"this shell has the exports of the twin in {twin}, so that twin would answer, not "
            "Azure. Next: run it in a new shell, or with --target twin"
        )
    with environment(exempt_loopback(os.environ)):
        yield Target(name="azure")
