"""Step 9: delete all that the ledger names, and prove that it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import LeftoverError
from harness.janitor.kinds import KINDS, Kind

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from harness.janitor.ledger import Entry, Ledger


@dataclass(frozen=True)
class Deleted:
    """One thing that is gone, how long that took (seconds), and what proves it."""

    kind: str
    name: str
    seconds: float
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Leftover:
    """One thing that may still be there, why, and the command that finishes the job by hand."""

    kind: str
    name: str
    why: str
    command: str


@dataclass(frozen=True)
class Cleanup:
    """The outcome: nothing is left exactly when `leftovers` is empty."""

    deleted: tuple[Deleted, ...]
    leftovers: tuple[Leftover, ...]

    def check(self) -> None:
        """Raises LeftoverError naming each thing left and the command to type."""
        if self.leftovers:
            lines = [
                f"  {left.kind} {left.name}: {left.why}\n    {left.command}"
                for left in self.leftovers
            ]
            raise LeftoverError(
                f"{len(self.leftovers)} thing(s) may still exist and cost money. "
                "Next, type:\n" + "\n".join(lines)
            )


def delete_all(
    client: MLClient, ledger: Ledger, clock: Callable[[], float] = time.monotonic
) -> Cleanup:
    """Delete what the ledger still holds open, newest first; one failure does not stop the rest."""
    deleted, leftovers = [], []
    for entry in ledger.open_entries():
        started = clock()
        try:
            proof = _delete(client, KINDS[entry.kind], entry)
        except Exception as error:  # whatever went wrong, the next entry is still to be deleted
            leftovers.append(by_hand(entry, f"{type(error).__name__}: {error}", _where(client)))
            continue
        ledger.gone(entry.kind, entry.name)
        deleted.append(Deleted(entry.kind, entry.name, clock() - started, proof))
    return Cleanup(tuple(deleted), tuple(leftovers))


def by_hand(entry: Entry, why: str, where: str = "") -> Leftover:
    """The leftover, with the command that finishes the job; `where` names the workspace."""
    command = KINDS[entry.kind].by_hand.format(name=entry.name)
    return Leftover(entry.kind, entry.name, why, command + where)


def _delete(client: MLClient, kind: Kind, entry: Entry) -> tuple[str, ...]:
    """Delete if it is there, then prove absence. Raises RuntimeError when it is still there."""
    if _present(client, kind, entry.name):
        kind.delete(client, entry.name)
        if _present(client, kind, entry.name):
            raise RuntimeError("it was deleted, and a GET still finds it")
    if kind.names is None:
        return ("it ended",)
    if entry.name in kind.names(client):
        raise RuntimeError("a GET answers 404, and the list still names it")
    return ("GET answers 404", "not in the list")


def _present(client: MLClient, kind: Kind, name: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return not kind.gone(kind.get(client, name))
    except ResourceNotFoundError:
        return False


def _where(client: MLClient) -> str:
    return (
        f" --subscription {client.subscription_id} --resource-group {client.resource_group_name}"
        f" --workspace-name {client.workspace_name}"
    )
