"""Under xdist a scenario stays on one worker, since its steps share fixtures.

`--dist loadgroup` of xdist 3.8.0 silently does not group with pytest 9.2.0, so the grouping is
done here, through xdist's own hook.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any


def scope_of(nodeid: str) -> str:
    """What runs together: the tests of a scenario; of other tests, those of a file.

    Tests about whole runs share a twin and a process to fork from, which are dear to make. Those
    of environments share nothing.
    """
    path = PurePosixPath(nodeid.partition("::")[0])
    if path.parts[:2] == ("tests", "environment"):
        return nodeid
    if path.parts[:2] == ("tests", "scenarios"):
        return str(path.parent)
    return str(path.parent) if path.parts[0] == "scenarios" else str(path)


def scenario_scheduler(config: Any, log: Any) -> Any:
    """A scheduler of xdist that keeps each scope together and hands out the rest freely."""
    from xdist.scheduler import LoadScopeScheduling

    class ScenarioScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
        """xdist asks for a subclass; only the scope is ours."""

        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return ScenarioScheduling(config, log)
