"""Where nothing is wrong, nothing is found: the whole scenario, replayed."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from harness.checks.catalogue import CHECKS
from harness.report.run_record import read

ROOT = Path(__file__).parents[2]


def test_a_clean_run_has_no_finding_but_the_one_of_the_shipped_plan(tmp_path: Path) -> None:
    """Every check ran; the recipe's three epochs give way to the model's one, and that is all.

    The report shows the chain from data to deployment, and the next run can compare with this one.
    """
    line = [sys.executable, "-m", "pytest", "scenarios/finetune_chat", "-q"]
    line += ["--reports", str(tmp_path), "-p", "no:cacheprovider"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=240)

    assert done.returncode == 0, done.stdout + done.stderr
    record = read(next(tmp_path.glob("2*/run.json")))
    ours = {check.name for check in CHECKS}  # a replay may add what is to be known of its cassettes
    found = [each for each in record.findings if each.check in ours]
    assert [each.check for each in found if each.severity != "info"] == ["contract.precedence"]

    facts = {name: said for step in record.steps for name, said in step.facts.items()}
    data = (ROOT / "data" / "ultrachat_sample" / "train_sft.jsonl").read_bytes()
    salted = sha256(b"Initialize for october 2021 AML CLI version" + data).hexdigest()
    assert facts["train_sft.jsonl -> job"] == salted[:32]
    assert facts["job -> registered model"] == facts["job"]
    assert facts["registered model -> deployment"] == str(facts["model"]).split()[-1]
    seen = json.loads((next(tmp_path.glob("2*/run.json"))).read_text())["seen"]
    assert set(seen) == {"model", "component"}
