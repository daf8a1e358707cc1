"""Where nothing is wrong, nothing is found: the whole scenario, replayed."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.catalogue import CHECKS

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

ROOT = Path(__file__).parents[2]


def test_a_clean_run_has_no_finding_but_the_one_of_the_shipped_plan(
    tmp_path: Path, whole_runs: WholeRuns
) -> None:
    """Every check ran; the recipe's three epochs give way to the model's one, and that is all.

    The report shows the chain from data to deployment, and the next run can compare with this one.
    """
    ended = whole_runs.replayed(tmp_path)

    assert ended.code == 0, ended.output
    assert ended.record is not None
    assert ended.folder is not None
    record = ended.record
    ours = {check.name for check in CHECKS}  # a replay may add what is to be known of its cassettes
    found = [each for each in record.findings if each.check in ours]
    assert [each.check for each in found if each.severity != "info"] == ["contract.precedence"]

    facts = {name: said for step in record.steps for name, said in step.facts.items()}
    data = (ROOT / "data" / "ultrachat_sample" / "train_sft.jsonl").read_bytes()
    salted = sha256(b"Initialize for october 2021 AML CLI version" + data).hexdigest()
    assert facts["train_sft.jsonl -> job"] == salted[:32]
    assert facts["job -> registered model"] == facts["job"]
    assert facts["registered model -> deployment"] == str(facts["model"]).split()[-1]
    seen = json.loads((ended.folder / "run.json").read_text())["seen"]
    assert set(seen) == {"model", "component"}
