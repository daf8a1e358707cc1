"""What the janitor needs of whoever talks to the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.janitor.ledger import Place


@dataclass(frozen=True)
class Found:
    """One thing in a workspace, as its list shows it."""

    kind: str
    name: str
    tags: Mapping[str, str]
    size: str = ""
    count: int = 0


class Hands(Protocol):
    """A way to a workspace. Any of its errors may carry the `status_code` of the answer."""

    @property
    def place(self) -> Place:
        """The workspace."""
        ...

    def present(self, kind: str, name: str) -> bool:
        """Whether a GET finds it (a job: whether it has not ended). 404 is no error."""
        ...

    def delete(self, kind: str, name: str, seconds: float) -> None:
        """Delete it (a job: cancel it) and wait until that is done, or for so long."""
        ...

    def names(self, kind: str) -> list[str]:
        """All names in the list of that kind."""
        ...

    def floor(self, name: str) -> int:
        """How many nodes that cluster keeps when nobody uses it."""
        ...

    def scale_to_zero(self, name: str, seconds: float) -> None:
        """Let that cluster keep no node, and wait until that is so, or for so long."""
        ...

    def renew(self) -> None:
        """Go on with a fresh credential."""
        ...
