"""Preflight on real twins of each era: the true story of each, nothing created, in seconds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.plan_file import read_plan
from harness.preflight import main
from harness.recipe.connect import connect
from harness.targets.twin import open_twin
from tests.checks.made import ROOT, SHIPPED
from tests.checks.test_environment import install

CALM = 'finetune.ignore_model_defaults=["num_train_epochs"]'
DATE = re.compile(r"as of \d{4}-\d\d-\d\d")  # today's is another tomorrow
DOCS = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
ERAS = ("may-2024", "feb-2025", "today")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The ready file of a twin of an era, started once."""
    open_ones: dict[str, tuple[object, Path]] = {}

    def of(era: str) -> Path:
        if era not in open_ones:
            plan = read_plan(SHIPPED, "twin", [f"twin.era={era}"])
            twin = open_twin(plan, tmp_path_factory.mktemp(era))
            ready = twin.__enter__().ready
            assert ready is not None
            open_ones[era] = (twin, ready)
        return open_ones[era][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HARNESS_TWIN_READY", raising=False)
        yield of
        for twin, _ in reversed(list(open_ones.values())):
            twin.__exit__(None, None, None)  # type: ignore[attr-defined]  # kept as object


@pytest.fixture
def preflight(
    twins: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Run it against the twin of an era: exit code, and all it printed but the seconds."""

    def run(era: str, *settings: str) -> tuple[int, str]:
        monkeypatch.setenv("HARNESS_TWIN_READY", str(twins(era)))
        asked = [f"twin.era={era}", *settings]
        options = [part for setting in asked for part in ("--set", setting)]
        code = main(["--target", "twin", "--reports", str(tmp_path), *options])
        return code, re.sub(r"; \d+\.\d s\n", "\n", capsys.readouterr().out)

    return run


def found(output: str) -> list[str]:
    """Severity and check of each finding printed."""
    return re.findall(r"^(error|cannot tell|warning) +(\S+)", output, re.MULTILINE)


@pytest.mark.parametrize("era", ERAS)
def test_the_story_of_an_era_is_the_one_in_the_docs(
    preflight: Callable[..., tuple[int, str]], era: str
) -> None:
    """What docs/checks.md shows is what is printed, to the letter."""
    code, output = preflight(era)

    assert DATE.sub("as of ...", output).strip() in DATE.sub("as of ...", DOCS)
    assert code == (0 if era == "may-2024" else 1)


def test_a_clean_plan_has_no_finding(preflight: Callable[..., tuple[int, str]]) -> None:
    """In May 2024, with the one default ignored that overrules the plan, all is well."""
    code, output = preflight("may-2024", CALM)

    assert (code, found(output)) == (0, [])
    assert "ready: " in output


def test_nothing_is_created(
    preflight: Callable[..., tuple[int, str]], twins: Callable[[str], Path]
) -> None:
    """The workspace has no cluster and no endpoint afterwards."""
    preflight("may-2024")
    plan = read_plan(SHIPPED, "twin")
    with open_twin(plan, twins("may-2024").parent / "look") as target:
        client = connect(plan, timestamp="1700000000", config=target.config).workspace

        assert list(client.compute.list()) == []
        assert list(client.online_endpoints.list()) == []


@pytest.mark.parametrize(
    ("era", "settings", "says"),
    [
        (
            "may-2024",
            ["deployment.size=STANDARD_NC4AS_T4_V3"],
            ["error compute.allowed", "error compute.spec"],
        ),
        (
            "today",
            ["deployment.size=Standard_NC6s_v3", "compute.size=Standard_ND96asr_v4"],
            [
                "error contract.names",
                "error compute.retired",
                "cannot tell compute.allowed",
                "cannot tell compute.spec",
                "warning model.archived",
                "warning model.retired",
                "warning quota.cores",
            ],
        ),
        ("may-2024", ["deployment.liveness_initial_delay=10"], ["warning endpoint.timeouts"]),
    ],
    ids=lambda value: value[0].partition("=")[2][:24] if isinstance(value, list) else None,
)
def test_what_is_planted_is_found_and_nothing_else(
    preflight: Callable[..., tuple[int, str]], era: str, settings: list[str], says: list[str]
) -> None:
    """Exactly these are printed, and the exit code is 1 for an error; others: test_planted.py."""
    code, output = preflight(era, CALM, *settings)

    assert [" ".join(each) for each in found(output)] == says
    assert code == any(each.startswith("error") for each in says)


def test_a_model_that_is_not_there(preflight: Callable[..., tuple[int, str]]) -> None:
    """The error that ended the looking is printed with its next command."""
    code, output = preflight("may-2024", "base_model.name=Phi-4-nano")

    assert code == 1
    assert "model 'Phi-4-nano', version 'latest', is not in registry 'azureml'" in output
    assert output.strip().endswith("not ready: 5 checks, 1 error; it could not look further")


def test_a_plan_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2: there was nothing to look at."""
    assert main(["--set", "compute.sise=x"]) == 2
    assert "compute.sise is unknown" in capsys.readouterr().err


def test_tags_that_changed_since_the_last_green_run(
    preflight: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """Compared with the newest run.json under --reports, line by line."""
    _, before = preflight("may-2024", CALM, "base_model.version=6")
    folder = tmp_path / "20260101-000000-finetune_chat-1"
    folder.mkdir()
    told = {"is": "Phi-3-mini-4k-instruct 7", "finetune_compute_allow_list": "['Standard_A']"}
    record = {"target": "twin", "scenario": "finetune_chat", "outcome": "passed"}
    record |= {"plan": {"twin": {"era": "may-2024"}}}
    (folder / "run.json").write_text(json.dumps(record | {"seen": {"model": told}}))

    code, output = preflight("may-2024", CALM)

    assert "drift.model" not in before
    assert (code, found(output)) == (0, [("warning", "drift.model")])
    assert "~ finetune_compute_allow_list: ['Standard_A'] -> ['Standard_NC24ads" in output


def test_the_cassettes_tell_the_story_of_their_twin(capsys: pytest.CaptureFixture[str]) -> None:
    """A replay of the first three steps, without network: the same findings."""
    code = main(["--reports", "none"])

    assert (code, found(capsys.readouterr().out)) == (0, [("warning", "contract.precedence")])


def test_a_broken_environment_is_found_before_anybody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notebook's own datasets==2.9.0, and an mlflow beside mlflow-skinny, on the path."""
    install(tmp_path, "datasets", "2.9.0")
    install(tmp_path, "mlflow", "3.17.2")
    monkeypatch.syspath_prepend(tmp_path)

    code = main(["--reports", "none"])

    output = capsys.readouterr().out
    assert code == 1
    assert found(output) == [
        ("error", "environment.known_bad"),
        ("error", "environment.known_bad"),
        ("error", "environment.mlflow"),
        ("warning", "environment.known_bad"),
        ("warning", "contract.precedence"),
    ]
    assert "next: python -m pip install --upgrade datasets" in output


def command(*options: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m harness preflight` in a process of its own."""
    line = [
        sys.executable,
        "-m",
        "harness",
        "preflight",
        "--reports",
        str(path or "none"),
        *options,
    ]
    more = {"PYTHONPATH": str(path)} if path else {}
    return subprocess.run(
        line, cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ | more
    )
