"""The cassettes that ship: small, clean, of today's twin, and truly replayable anywhere."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
import vcr

import harness.wire.vcrpy
from harness.wire.cassette import read
from harness.wire.scrub import Scrubber
from harness.wire.suspicious import suspects
from tests.wire import sleeps

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "cassettes" / "finetune_chat"
FILES = sorted(SHIPPED.glob("*.json"))


def pytest_run(
    *arguments: str, before: tuple[str, ...] = (), more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A run of its own, as a person types it, with `more` in the environment."""
    command = [*before, sys.executable, "-m", "pytest", "scenarios/finetune_chat", *arguments]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    env |= more or {}
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=env, check=False
    )


def test_the_whole_recipe_is_small() -> None:
    """Nine files, under 250 KB together."""
    assert len(FILES) == 9
    assert sum(file.stat().st_size for file in FILES) < 250_000


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_file_is_clean(file: Path) -> None:
    """Nothing looks like a secret, and scrubbing once more changes nothing."""
    told = json.loads(file.read_text())
    text = json.dumps(told["interactions"])

    assert [suspect for entry in told["interactions"] for suspect in suspects(entry)] == []
    assert Scrubber().scrub(text) == text
    assert told["provenance"]["target"] == "twin"
    assert read(file).step == int(file.name[0])


def test_it_replays_where_there_is_no_network(tmp_path: Path) -> None:
    """All nine steps in a network namespace without a single interface up, and nothing sleeps.

    Compute, job, endpoint, deployment, delete: the waiting of the recording is in the report.
    Where this machine allows no namespaces, in a process that may open no socket at all.
    """
    allowed = shutil.which("unshare") and (
        subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0
    )
    before = ("unshare", "-rn") if allowed else ()
    shown = tmp_path / "benchmark.json"
    done = pytest_run(
        *("-q", "--reports", str(tmp_path), f"--benchmark-json={shown}", *sleeps.OPTIONS),
        before=before,
        more=sleeps.watch(tmp_path),
    )

    assert done.returncode == 0, done.stdout[-3000:]
    assert "All nine steps passed from a cassette" in done.stdout
    record = json.loads((tmp_path / "latest" / "run.json").read_text())
    assert record["target"] == "cassette"
    assert record["conditions"]["recorded"].startswith("recorded on twin at ")
    assert "recorded on twin" in record["scoring"]["what"]
    samples = json.loads((SHIPPED / "8_answer.json").read_text())["provenance"]["kept"][
        "samples_ms"
    ]
    assert record["scoring"]["samples_ms"] == samples
    (latency,) = json.loads(shown.read_text())["benchmarks"]  # what pytest-benchmark printed
    assert latency["stats"]["data"] == pytest.approx([sample / 1000 for sample in samples])
    assert sleeps.slept(tmp_path) < 0.1
    assert sleeps.waited(tmp_path) > 1


def test_it_replays_under_xdist(tmp_path: Path) -> None:
    """One scenario is one worker, with -n 2 as well."""
    done = pytest_run("-q", "-n", "2", "--reports", str(tmp_path))

    assert done.returncode == 0, done.stdout[-3000:]
    assert "17 passed" in done.stdout


def test_it_replays_from_a_folder_without_git(tmp_path: Path) -> None:
    """A bare `pytest` elsewhere, by another user, without git: the recipe, and no other test."""
    copy = tmp_path / "somewhere else"
    kept = ("harness", "scenarios", "cassettes", "data", "conftest.py", "pyproject.toml")
    for name in kept:
        source = ROOT / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy)
    (copy / "tests").mkdir()
    (copy / "tests" / "test_other.py").write_text("def test_other(): assert not 'of a replay'")
    env = {**os.environ, "USER": "somebody", "HOME": str(tmp_path), "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=copy,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
    assert "17 passed" in done.stdout


def test_recording_again_changes_the_header_only(tmp_path: Path) -> None:
    """Today's twin answers what the shipped files hold, byte for byte below the provenance."""
    done = pytest_run(
        *("-q", "--target", "twin", "--record", "--cassettes", str(tmp_path)),
        *("--reports", str(tmp_path / "reports")),
    )
    assert done.returncode == 0, done.stdout[-3000:]

    for file in FILES:
        old, new = (
            folder.joinpath(file.name).read_text().split('"interactions"')[1].splitlines()
            for folder in (SHIPPED, tmp_path / "finetune_chat")
        )
        changed = "\n".join(list(difflib.unified_diff(old, new, "shipped", "today", n=3))[:40])
        assert old == new, (
            f"the twin or the recipe changed what {file.name} holds:\n{changed}\n"
            "Next: pytest scenarios/finetune_chat --target twin --record, and review git diff"
        )


def test_plain_vcrpy_reads_and_plays_them() -> None:
    """vcrpy's own JSON serializer loads every file, and plays what has no JSON body."""
    for file in FILES:
        mine = vcr.VCR(serializer="json", record_mode="none", match_on=["method"])
        with mine.use_cassette(str(file)) as played:
            assert len(played) == len(json.loads(file.read_text())["interactions"])
            if file.name == "5_job.json":
                assert requests.head("https://any.blob.core.windows.net/x").status_code == 404


def test_vcrpy_plays_json_with_our_serializer() -> None:
    """Registered by one line, it puts stand-ins in place of references and JSON into text."""
    mine = vcr.VCR(record_mode="none")
    mine.register_serializer("harness", harness.wire.vcrpy)
    file = SHIPPED / "2_base_model.json"
    told = read(file).interactions[0]
    first = told.asked["request"]

    with mine.use_cassette(str(file), serializer="harness") as played:
        answer = requests.request(first["method"], first["uri"])

    assert answer.json() == told.answer()["body"]["json"]
    assert played.play_count == 1


@pytest.mark.slow_replay
def test_ten_replays_of_the_recipe(tmp_path: Path, repeats: int) -> None:
    """Nine steps, again and again, in processes of their own: all green."""
    for _ in range(max(1, repeats // 10)):
        assert pytest_run("-q", "--reports", str(tmp_path)).returncode == 0
