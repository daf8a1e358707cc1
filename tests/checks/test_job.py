"""How a job ended, and whose fault it was."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.facts import Child, JobEnd
from harness.checks.job import CAUSES, kind_of
from harness.recipe.job_failure import innermost
from tests.checks.made import findings

# what the trainer, the cluster or the service says: a message for each part of each pattern
SAID = {
    "this machine is short of something the twin needs": (
        "TwinMachineError: this machine is short of something: [Errno 28] No space left on device",
    ),
    "out of memory": (
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "OutOfMemory: the container was stopped",
        "The container ended: OOMKilled",
        "Process exited with exit code 137",
        "OSError: [Errno 12] Cannot allocate memory",
    ),
    "preemption": (
        "The node was preempted by a job of higher priority",
        "The node was evicted",
        "Node lost while the job ran",
        "LowPriority nodes were deallocated",
    ),
    "quota": (
        "The specified subscription has a Standard NDSv2 family vCPU quota of 0 and cannot "
        "accomodate for at least 1 requested managed compute nodes",
        "Not enough cores are left in the region",
        "That would exceed the 24 cores of the family",
        "The limit of 24 vCPUs is reached",
    ),
    "disk": (
        "OSError: [Errno 28] No space left on device",
        "DiskFullError on the node",
        "The VM disk is full.",
        "There is not enough disk to unpack the image",
        "OSError: [Errno 122] Disk quota exceeded",
    ),
    "image": (
        "AzureMLCompute job failed. ImagePullBackOff",
        "Image build ended with exit code 1",
        "Failed to pull it from the registry",
        "manifest unknown: tag 63 is not found",
        "The command 'docker build' returned a non-zero code: 1",
        "The environment did not build",
    ),
    "training environment": (
        "ModuleNotFoundError: azureml",
        "ImportError: libcudart.so.12 is missing",
        "cannot import name 'Conversation' from 'transformers'",
        "TypeError: __init__() got an unexpected keyword argument 'evaluation_strategy'",
        "AttributeError: 'DynamicCache' object has no attribute 'get_max_length'",
        "KeyError: 'lora_A'",
        "RuntimeError: only leaves of the graph support the deepcopy protocol",
        "model type phi3 is not supported by your transformers",
    ),
    "transient": (
        "Service invocation timed out.",
        "A transient failure",
        "It is temporarily not there",
        "Connection reset by peer",
        "ServiceUnavailable",
        "Received 503 from a service request",
        "Bad Gateway",
        "Too many requests",
        "InternalServerError",
    ),
    "user data": (
        "UserError: it is wrong",
        "UserValidation: it is wrong",
        "the dataset is empty",
        "train_sft.jsonl cannot be parsed",
        "the column prompt is missing",
        "it has another schema",
        "fewer than 10 training rows are left",
        "there are no assistant tokens in it",
        "Chat template cannot be applied",
        "messages is null",
        "a role is neither user nor assistant",
    ),
    "exception in the step's code": (
        "RuntimeError: shapes differ (/var/lib/docker/overlay2/1f/diff/train.py, line 3)",
        "It ended.\nTraceback (most recent call last):\n  File 'x', line 1",
        "torch.distributed.DistBackendError: NCCL failed",
    ),
    "unknown": (
        "Pipeline has some failed steps. See child run for more details.",
        "Process exited with exit code 1",
    ),
}
MENDED = {  # who can mend it, and what is to be typed
    "this machine is short of something the twin needs": ("this machine", "df -h and ulimit -a"),
    "out of memory": ("SKU", "lower per_device_train_batch_size or max_seq_length"),
    "preemption": ("SKU", 'run again, or compute.tiers = ["Dedicated"]'),
    "quota": ("quota", "az ml compute list-usage"),
    "disk": ("SKU", "a compute.size with more disk"),
    "image": ("component", "pin finetune.version"),
    "training environment": ("component", "pin finetune.version"),
    "transient": ("service", "run again"),
    "user data": ("data", "python -m harness data"),
    "exception in the step's code": ("component", "az ml job download --name j --all"),
    "unknown": ("service", "az ml job download --name j --all"),
}


def failed(message: str, code: str = "") -> Child:
    """The fine-tune step that failed with this message."""
    return Child("chat_completion_finetune", "Failed", code, message)


def test_a_completed_job_is_fine() -> None:
    """No finding where nothing is wrong."""
    assert findings("job", job=JobEnd("j", "Completed")) == []


@pytest.mark.parametrize(
    ("cause", "message"), [(cause, text) for cause, texts in SAID.items() for text in texts]
)
def test_each_cause_is_told_apart(cause: str, message: str) -> None:
    """The child's message says what kind of failure it was, and so who can mend it."""
    assert kind_of(failed(message)).name == cause

    (found,) = findings("job", job=JobEnd("j", "Failed", (failed(message),)))

    blame, typed = MENDED[cause]
    assert (found.check, found.blame) == ("job.completed", blame)
    assert found.next.startswith(typed)
    assert found.next.endswith("; az ml job show --name j")
    assert message in found.what
    said = "cause not recognised; " if cause == "unknown" else f"cause: {cause}"
    assert found.evidence.startswith(said)


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("quota", "The image build found a vCPU quota of 0"),
        ("image", "Image build failed: ModuleNotFoundError: No module named 'setuptools'"),
        ("training environment", "Traceback (most recent call last):\nImportError: x"),
        ("transient", "Connection reset by peer while the dataset was read"),
    ],
)
def test_the_more_particular_cause_wins(cause: str, message: str) -> None:
    """Where a message speaks of two, it is the one that the other follows from."""
    assert kind_of(failed(message)).name == cause


def test_every_cause_has_a_message() -> None:
    """None is in the list without an example here."""
    assert {cause.name for cause in CAUSES} | {"unknown"} == set(SAID)


@pytest.mark.parametrize("status", ["Canceled", "CancelRequested", "NotResponding", "Paused"])
def test_what_stream_returns_from_in_silence(status: str) -> None:
    """Every end but Completed is an error, and the next command looks at the job."""
    (found,) = findings("job", job=JobEnd("j", status))

    assert f"ended as {status}, not Completed" in found.what
    assert "az ml job show --name j" in found.next


def test_the_code_counts_too() -> None:
    """Some services say it in the code only."""
    assert kind_of(failed("It failed.", "UserError")).name == "user data"


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        ({"error": {"code": "UserError", "message": "outer"}}, ("UserError", "outer")),
        ({"error": {"message": "outer", "innerError": {"message": "inner"}}}, ("", "inner")),
        ({"error": {"message": "outer", "inner_error": {"message": "inner"}}}, ("", "inner")),
        ({"error": {"message": "o", "details": [{"message": "a"}, {"message": "b"}]}}, ("", "b")),
        ({"error": {"message": "o", "details": None, "innerError": {"code": "x"}}}, ("x", "o")),
        ({"error": {"code": "UserError"}}, ("UserError", "no reason was given")),
        ({}, ("", "no reason was given")),
    ],
)
def test_innermost(envelope: dict[str, Any], said: tuple[str, str]) -> None:
    """Envelopes nest, in two spellings, and some levels say nothing."""
    assert innermost(envelope) == said
