"""Everything that docs/checks.md promises to catch, planted on one twin, through the SDK.

A clean run comes first and has nothing to say; then each plant by itself is seen, and nothing else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from harness.janitor.arm_hands import ArmHands
from harness.janitor.delete import delete_all
from harness.janitor.hands import Hands
from harness.janitor.ledger import Ledger
from harness.janitor.sdk_hands import SdkHands
from harness.targets.twin import misbehaving
from tests.checks.bed import Bed, clean_run
from tests.checks.doing import heard, spoken
from tests.checks.plant import Plant
from tests.checks.plants import PLANTS
from tests.checks.test_preflight import command, found


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """The clean run and its twin."""
    with clean_run(tmp_path_factory.mktemp("bed")) as made:
        yield made


def test_a_clean_run_has_nothing_to_say(bed: Bed) -> None:
    """All steps, every check of theirs, and no finding but what is merely worth knowing."""
    assert bed.hearing.said == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own download
def test_the_weights_that_answer_are_those_the_job_left(bed: Bed, tmp_path: Path) -> None:
    """Byte for byte, downloaded by the SDK as registered, and as they lie in the container that
    answers: what the links say by name holds of the files."""
    made = bed.registered
    bed.connection.workspace.models.download(made.name, made.version, download_path=str(tmp_path))
    (theirs,) = tmp_path.rglob("model.safetensors")
    output = made.path.partition("/paths/")[2].strip("/")

    (ours,) = bed.state.glob(f"blobs/*/{output}/model/model.safetensors")
    serving = bed.state / "serving" / bed.deployed.endpoint / bed.deployed.deployment
    (loaded,) = serving.glob("*/model/**/model.safetensors")

    digests = [sha256(each.read_bytes()).hexdigest() for each in (ours, theirs, loaded)]
    assert digests == digests[:1] * 3


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.id)
def test_it_is_seen_and_nothing_else(bed: Bed, plant: Plant, tmp_path: Path) -> None:
    """Exactly these findings, each with who can mend it and what to type; no traceback."""
    findings, error = heard(bed, plant, tmp_path)

    assert spoken(findings) == list(plant.says), error
    loud = [each for each in findings if each.severity != "info"]
    assert all(each.evidence and each.next for each in loud)
    assert plant.part in (loud[0].what if loud else error)
    assert plant.cause in (loud[0].evidence if loud else "")
    assert set(plant.tells) <= {each.check for each in findings if each.severity == "info"}
    assert _log_named(error) == (plant.does in LOGGED and bool(error) and not _told(plant)), error
    assert bool(error) == (_stops(plant) or (not loud and bool(plant.part)))


LOGGED = ("deploy", "redeploy", "score", "leak")


def _told(plant: Plant) -> bool:
    """Whether no log would say more: what is wrong is not in the container."""
    return bool({"deployment.traffic", "lineage.unbroken"} & plant.found_by())


def _log_named(error: str) -> bool:
    """Whether it names a file with the deployment's log, which is there and has been scrubbed."""
    command = re.search(r"less ('.+?\.log'|\S+\.log)", error)
    if not command:
        return False
    (log,) = shlex.split(command[1])
    text = Path(log).read_text()
    return "SystemSetup: Succeeded" in text and "cannot be read" not in text


def _stops(plant: Plant) -> bool:
    """Whether a run would end here; a look ends where there is nothing to look at."""
    looks = plant.does in ("look", "packages") and "registry.has" not in plant.found_by()
    return not looks and any(each.startswith("error") for each in plant.says)


def test_an_import_that_fails_is_said_and_nobody_is_asked(bed: Bed, tmp_path: Path) -> None:
    """A marshmallow that cannot be imported, in a process of its own: preflight says so."""
    (tmp_path / "marshmallow.py").write_text("raise ImportError(\"cannot import name '_T'\")\n")

    done = command("--target", "twin", path=tmp_path)

    assert done.returncode == 1
    assert found(done.stdout) == [("error", "environment.imports")]
    assert "importing azure.ai.ml ends in ImportError: cannot import name '_T'" in done.stdout


@pytest.mark.parametrize("kind", ["a run's", "the watchdog's"])
@pytest.mark.parametrize(
    ("fault", "left"),
    [("status=403", ["planted-403"]), ("status=401,times=1", [])],
    ids=["endpoint-nobody-may-delete", "token-that-ran-out"],
)
def test_what_step_9_meets(
    bed: Bed, tmp_path: Path, fault: str, left: list[str], kind: str
) -> None:
    """What cannot be deleted is named with its command; a token that ran out, and opens nothing
    any more, is renewed."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    name, ledger = f"planted-{fault[7:10]}", Ledger(tmp_path / "ledger.jsonl")
    own = SdkHands(bed.connection.workspace)
    hands: Hands = own if kind == "a run's" else ArmHands(own.place)
    hands.renew()  # of its own: the token that runs out is not that of the other plants
    ledger.describe(hands.place, run="1", owner="tests", expires="2099-01-01", target="twin")
    ledger.expect("endpoint", name, "Standard_NC24ads_A100_v4", 1)
    endpoint = ManagedOnlineEndpoint(name=name, auth_mode="key")
    bed.connection.workspace.online_endpoints.begin_create_or_update(endpoint).wait()

    with misbehaving(bed.state, [f"refuse:endpoint.delete:{fault}"]):
        cleanup = delete_all(hands, ledger, 10)

    assert [each.name for each in cleanup.leftovers] == left
    assert [each.command.split()[:5] for each in cleanup.leftovers] == [
        ["az", "ml", "online-endpoint", "delete", "--yes"] for _ in left
    ]
    assert not delete_all(hands, ledger, 10).leftovers
