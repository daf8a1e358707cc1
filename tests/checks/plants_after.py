"""Steps 6 to 8: what was made of the job's output."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from tests.checks.plant import Edit, Plant


def _ill(name: str, blame: str, cause: str, code: str, message: str) -> Plant:
    says, fault = f"error rollout.came_up: {blame}", f"ends:deployment.create:Failed,code={code}"
    settings, told = ("deployment.name=ill",), (f"{fault},message={message}",)
    return Plant(name, "deploy", (says,), settings, told, cause=f"cause: {cause}", part=message)


def _answered(name: str, check: str, body: Any, part: str = "", severity: str = "error") -> Plant:
    told = (f"answers:scoring.invoke:{json.dumps(body)}",)
    return Plant(name, "score", (f"{severity} {check}",), faults=told, part=part)


def _refused(name: str, status: int) -> Plant:
    told, part = (f"refuse:scoring.invoke:status={status}",), "refused the request"
    return Plant(name, "score", (), faults=told, part=part)


AFTER = (  # steps 6 to 8
    Plant(
        "model-of-another-job",
        "register",
        ("error lineage.unbroken: service",),
        edits=(Edit("model.register", lambda body: body["properties"].update(jobName="other")),),
        part="job -> registered model: other is not finetune-chat-",
    ),
    _ill("serving-disk", "SKU", "disk", "DiskFull", "OSError: [Errno 122] Disk quota exceeded"),
    _ill("serving-quota", "quota", "quota", "OutOfQuota", "Not enough quota available for it"),
    _ill("serving-size", "SKU", "size", "BadArgument", "NC6 is not a supported VM size."),
    _ill("serving-memory", "SKU", "out of memory", "OOMKilled", "the container was OOMKilled"),
    _ill("serving-image", "component", "image", "ImageBuildFailed", "Failed to pull image"),
    _ill(
        "no-monitoring",
        "component",
        "serving environment",
        "ResourceNotReady",
        "ModuleNotFoundError: azureml",
    ),
    _ill("no-weights", "training", "model files", "ResourceNotReady", "Error loading the model"),
    _ill(
        "liveness-502",
        "plan",
        "probes",
        "ResourceNotReady",
        "Liveness probe failed with statuscode: 502",
    ),
    Plant(
        "not-healthy-after-all",
        "redeploy",
        ("error deployment.healthy: service",),
        edits=(
            Edit("deployment.get", lambda body: None),
            Edit(
                "deployment.get",
                lambda body: body["properties"].update(provisioningState="Failed"),
                after=2,
            ),
        ),
    ),
    Plant(
        "half-the-traffic",
        "redeploy",
        ("error deployment.traffic: service",),
        edits=(
            Edit(
                "endpoint.get",
                lambda body: body["properties"].update(traffic={"demo": 50, "old": 50}),
            ),
        ),
    ),
    Plant(
        "another-model-deployed",
        "redeploy",
        ("error lineage.unbroken: service",),
        edits=(
            Edit(
                "deployment.get",
                lambda body: body["properties"].update(
                    model=f"/subscriptions/{UUID(int=1)}/resourceGroups/g/providers/Microsoft."
                    "MachineLearningServices/workspaces/w/models/other/versions/1"
                ),
            ),
        ),
        part="registered model -> deployment: ",
    ),
    _answered("empty-object", "answer.shape: answer", {}, "none of the known shapes: '{}'"),
    _answered("null", "answer.shape: answer", {"output": None}),
    _answered(
        "error-in-a-200", "answer.shape: answer", {"output": None, "error": {"status_code": 400}}
    ),
    _answered("empty-text", "answer.empty: answer", [{"0": " "}]),
    _answered("echo", "answer.echo: answer", ["{prompt}"], "only echoes the prompt"),
    _answered("one-word", "answer.repeated: training", {"output": "yes " * 12 + "."}),
    _answered("cut-off", "answer.length: plan", ["and so it goes on " * 3], severity="warning"),
    _answered("longer-than-asked", "answer.length: answer", ["a b c d e. " * 20]),
    Plant("text-in-a-list", "score", (), faults=('answers:scoring.invoke:["It is."]',)),
    Plant("output-object", "score", (), faults=('answers:scoring.invoke:{"output": "It is."}',)),
    _refused("key-refused", 401),
    _refused("nobody-has-the-traffic", 404),
    _refused("longer-than-the-timeout", 408),
    _refused("container-424", 424),
    _refused("too-many-at-once", 429),
    _refused("front-door-500", 500),
    Plant(
        "header-that-leaked",
        "leak",
        ("warning answer.headers: SDK environment",),
        ("deployment.name=ill",),
    ),
    Plant(
        "another-deployment-answers",
        "bypass",
        (),
        ("deployment.name=blue",),
        part="deployment 'demo' answered what 'blue' was asked",
    ),
)
