"""Target azure takes the same way as the others; the twin answers, as nobody here has Azure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

# what plan.toml holds for the twin alone; the hub is on the network
AS_ON_THE_TWIN = ("data.source=sample", "scoring.max_new_tokens=48")


def test_all_nine_steps_pass_without_a_line_of_their_own(
    tmp_path: Path, whole_runs: WholeRuns
) -> None:
    """Credential, workspace and all else come from the shell, as a nightly run finds them."""
    ended = whole_runs.as_if_it_were_azure(tmp_path, AS_ON_THE_TWIN)

    assert ended.code == 0, ended.output
    assert ended.record is not None
    assert (ended.record.target, ended.record.leftovers) == ("azure", ())
    assert [step.status for step in ended.record.steps] == ["passed"] * 9
    assert ended.record.plan["data"]["source"] == "sample"
