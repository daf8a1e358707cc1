"""A deployment that did not come up, a cluster that was refused: whose fault it is."""

from __future__ import annotations

import pytest

from harness.checks.facts import Rollout
from harness.checks.rollout import CAUSES
from tests.checks.made import findings

# what the service or the container says: a text for each part of each pattern; those that jobs
# have too are in test_job.py
SAID = {
    "quota": ("Not enough quota available for Standard_NC6s_v3. Current usage/limit: 0/0.",),
    "this machine is short of something the twin needs": (
        "TwinMachineError: this machine is short of something: [Errno 24] Too many open files",
    ),
    "disk": ("OSError: [Errno 122] Disk quota exceeded",),
    "size": (
        "Standard_NC6s_v3 is not a supported VM size.",
        "The SKU is not available in eastus",
        "OutOfCapacity",
    ),
    "out of memory": ("torch.cuda.OutOfMemoryError: CUDA out of memory.",),
    "image": (
        "Failed to pull image mcr.microsoft.com/azureml/curated/foundation-model-inference:63",
    ),
    "serving environment": (
        "ModuleNotFoundError: azureml",
        "ImportError: libcudart.so.12 is missing",
        "No module named 'azureml.ai.monitoring'",
        "cannot import name 'Conversation' from 'transformers'",
    ),
    "model files": (
        "MlflowException: no such flavor",
        "model.safetensors is cut short",
        "the tokenizer asks for transformers 4.45",
        "OSError: model does not appear to have a file named config.json",
        "Error loading the model",
    ),
    "exception in the container": ("Traceback (most recent call last):\nValueError: 3",),
    "probes": (
        "Liveness check failed",
        "Readiness check failed",
        "ResourceNotReady",
        "The HTTP probe failed",
        "The container answered 502",
        "User container timed out",
    ),
    "unknown": ("The operation was canceled.",),
}
MENDED = {  # who can mend it, and what is to be typed
    "this machine is short of something the twin needs": ("this machine", "df -h and ulimit -a"),
    "quota": ("quota", "az ml compute list-usage"),
    "disk": ("SKU", "a deployment.size with more disk"),
    "size": ("SKU", "set deployment.size"),
    "out of memory": ("SKU", "a larger deployment.size"),
    "image": ("component", "pin finetune.version"),
    "serving environment": ("component", "pin finetune.version"),
    "model files": ("training", "az ml model download --name m --version 1"),
    "exception in the container": ("component", "less reports/r/deployment-demo.log"),
    "probes": ("plan", "a longer deployment.liveness_initial_delay"),
    "unknown": ("service", "less reports/r/deployment-demo.log"),
}


def failure(why: str = "it failed", logs: str = "") -> Rollout:
    """A deployment that failed with this."""
    return Rollout(
        "chat-1",
        "demo",
        "Standard_NC6s_v3",
        why,
        logs,
        "--name m --version 1",
        "reports/r/deployment-demo.log",
    )


@pytest.mark.parametrize(
    ("cause", "text"), [(cause, text) for cause, texts in SAID.items() for text in texts]
)
def test_error_and_logs_are_read_alike(cause: str, text: str) -> None:
    """The same cause, and who can mend it, wherever it is said; error and logs are in the text."""
    blame, typed = MENDED[cause]
    for told in (failure(why=text), failure(logs=f"starting\n{text}")):
        (found,) = findings("rollout", failure=told)

        assert (found.severity, found.check) == ("error", "rollout.came_up")
        said = "cause not recognised; " if cause == "unknown" else f"cause: {cause}"
        assert found.evidence.startswith(said)
        assert found.blame == blame
        assert found.next.startswith(typed)
        assert text in found.what
        assert "less reports/r/deployment-demo.log" in found.next


CRASH = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    ("cause", "why", "logs"),
    [
        ("quota", "Not enough quota for it, and no capacity", ""),
        ("image", "Failed to build image", "ModuleNotFoundError: No module named 'setuptools'"),
        ("serving environment", "", CRASH + "ModuleNotFoundError: No module named 'tokenizers'"),
        ("model files", "Liveness probe failed", CRASH + "MlflowException: no such flavor"),
        ("exception in the container", "Liveness probe failed", CRASH + "ValueError: 3"),
    ],
)
def test_the_more_particular_cause_wins(cause: str, why: str, logs: str) -> None:
    """A probe fails of whatever crashed the container, which its log tells."""
    (found,) = findings("rollout", failure=failure(why, logs))

    assert found.evidence == f"cause: {cause}"


def test_what_went_well_is_no_cause() -> None:
    """The logs' own status lines name the image and the model where nothing is wrong with them."""
    well = "UserContainerImagePull: Succeeded\nModelDownload: Succeeded\n"

    (found,) = findings("rollout", failure=failure("Liveness probe failed", well))

    assert found.evidence == "cause: probes"


def test_the_model_to_look_at_is_named() -> None:
    """The command runs as printed."""
    (found,) = findings("rollout", failure=failure("Error loading the model"))

    assert found.next.startswith("az ml model download --name m --version 1, and look")


def test_every_cause_has_a_text() -> None:
    """None is in the list without an example here."""
    assert {cause.name for cause in CAUSES} | {"unknown"} == set(SAID)


REFUSALS = {
    ("quota", "quota"): (
        "a Standard NDv2 vCPU quota of 0 and cannot accomodate for 1 node",
        "No quota of this family is left, so the size is not available",
    ),
    ("size", "SKU"): (
        "STANDARD_NC6 is not supported in region eastus.",
        "SizeNotSupported",
        "SkuNotAvailable",
        "The size is not available in eastus",
        "There is no capacity for it",
    ),
    ("conflict", "service"): (
        "Already running method",
        "A conflict with the state of the resource",
        "It waits for another operation",
        "The cluster is being deleted",
    ),
    ("transient", "service"): ("Received 503 from a service request",),
    ("", "service"): ("no reason was given",),
}


@pytest.mark.parametrize(
    ("cause", "blame", "refusal"),
    [(*told, text) for told, texts in REFUSALS.items() for text in texts],
)
def test_a_cluster_that_was_refused(cause: str, blame: str, refusal: str) -> None:
    """Every tier's refusal is quoted; its cause and who can mend it are told."""
    refusals = [f"Dedicated: {refusal}", "LowPriority: no reason was given"]

    (found,) = findings("cluster", refusals=refusals, location="eastus")

    assert (found.severity, found.check, found.blame) == ("error", "cluster.created", blame)
    assert found.evidence.startswith(f"cause: {cause}" if cause else "cause not recognised; ")
    assert all(each in found.what for each in refusals)
    assert ("list-usage --location eastus" in found.next) == (blame == "quota")
    assert ("list-sizes --location eastus" in found.next) == (blame == "SKU")
    assert ("compute.size" in found.next) == (blame in ("quota", "SKU"))
    assert ("az ml compute show --name gpu-cluster-big" in found.next) == (blame == "service")
