"""9. Delete: nothing that costs money is left, and that is proven."""

from __future__ import annotations

from harness.janitor.delete import Cleanup
from harness.run import Run


def test_nothing_is_left(run: Run, cleanup: Cleanup) -> None:
    """Everything the ledger named answers 404 and is in no list."""
    assert cleanup.leftovers == ()
    assert run.ledger.open_entries() == []
