"""Uploads of the real SDK, from its own threads: recorded from the twin, replayed without it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.errors import MissError
from harness.plan import Plan
from harness.targets.cassette import open_cassettes
from harness.targets.twin import open_twin
from harness.wire.cassette import Cassette
from harness.wire.exchange import Exchange
from harness.wire.hook import observed
from harness.wire.record import Recorder
from harness.wire.save import save
from harness.wire.tape import Tape

FILES, MEGABYTES = 40, 70


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of 40 files, and one file of 70 MB: more than goes up in one piece."""
    place = tmp_path_factory.mktemp("sources")
    folder, large = place / "many", place / "large.bin"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}.txt").write_text(f"file {number}\n" * (number + 1))
    draw = random.Random(7)
    large.write_bytes(b"".join(draw.randbytes(1 << 20) for _ in range(MEGABYTES)))
    return folder, large


def upload(source: Path, config: Path | None) -> str:
    """Upload with azure-ai-ml as a model's files; the path it got."""
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.identity import DefaultAzureCredential

    client = MLClient.from_config(DefaultAzureCredential(), path=config)
    model = Model(path=str(source), name=f"m-{source.stem}", version="1", type="custom_model")
    return str(client.models.create_or_update(model).path)


@pytest.fixture(scope="module")
def recorded(
    sources: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """Cassettes of both uploads, and how many exchanges they were."""
    place, seen = tmp_path_factory.mktemp("recorded"), list[Exchange]()
    recorder, plan = Recorder(lambda: 1), Plan(target="twin")
    with open_twin(plan, place) as twin, observed(seen.append, lambda: 1, recorder.through):
        for source in sources:
            upload(source, twin.config)
    about = {
        "target": "twin",
        "scenario": "uploads",
        "plan_hash": plan.digest(),
        "plan": plan.as_dict(),
    }
    cassettes = place / "uploads"
    save(
        recorder.messages,
        cassettes,
        about=about,
        steps={1: "upload"},
        timestamp="1795000000",
        kept={},
    )
    return cassettes, len([one for one in seen if one.operation != "identity.token"])


def replay(
    sources: tuple[Path, Path], cassettes: Path, folder: Path
) -> tuple[Tape, list[Exchange]]:
    """Both uploads once more, from the cassettes; the network is closed meanwhile."""
    seen = list[Exchange]()
    with open_cassettes(Plan(target="cassette"), folder, cassettes) as target:
        assert target.tape is not None
        with observed(seen.append, lambda: 1, target.tape.through):
            for source in sources:
                assert f"/{source.name}" in upload(source, target.config)
        target.tape.check_played({1}, with_tests=True)
    return target.tape, [one for one in seen if one.operation != "identity.token"]


def test_a_folder_and_a_large_file_replay(sources, recorded, tmp_path: Path) -> None:
    """40 files and 18 blocks with random ids, from threads: all played, none lost, none kept."""
    cassettes, exchanges = recorded

    for _ in range(3):
        tape, seen = replay(sources, cassettes, tmp_path)

    operations = [entry.operation for entry in tape.entries]
    assert (operations.count("blob.put"), operations.count("blob.block")) == (FILES, 18)
    assert len(tape.entries) == exchanges == len(seen)
    assert sum(file.stat().st_size for file in cassettes.iterdir()) < 100_000


@pytest.mark.slow_replay
def test_a_hundred_uploads(sources, recorded, tmp_path: Path, repeats: int) -> None:
    """The same, 100 times: 0 packets, 0 lost, 0 hangs."""
    for _ in range(repeats):
        _, seen = replay(sources, recorded[0], tmp_path)
        assert len(seen) == recorded[1]


@pytest.mark.parametrize("operation", ["blob.put", "blob.block"])
def test_a_missing_upload_does_not_hang(sources, recorded, tmp_path, operation: str) -> None:
    """The SDK waits for its upload threads; a miss in one of them ends that wait."""
    with open_cassettes(Plan(target="cassette"), tmp_path, recorded[0]) as target:
        whole = target.tape.cassettes[0]
        left = list(whole.interactions)
        left.remove(next(one for one in left if one.asked["operation"] == operation))
        tape = Tape([Cassette(whole.path, whole.provenance, left)])
        with (
            observed(lambda one: None, lambda: 1, tape.through),
            pytest.raises(MissError, match="was not recorded"),
        ):
            _ = [upload(source, target.config) for source in sources]


def test_other_content_is_a_miss(sources, recorded, tmp_path: Path) -> None:
    """Uploads match by hash and size: a changed file is not what was recorded."""
    folder = tmp_path / "many"
    folder.mkdir()
    for file in sources[0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes() + b"!")

    with pytest.raises(MissError, match="was not recorded"):
        replay((folder, sources[1]), recorded[0], tmp_path)
