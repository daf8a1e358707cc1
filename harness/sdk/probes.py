"""Small questions to a release, asked in its own interpreter against the twin: what it answers.

`python -m harness.sdk.probes READY OUT [NAME ...]` writes the outcomes as JSON. The recipe has run
before, so that its job is there. A probe is a claim about behaviour that no request shows: the
text of a status, the class of an exception; or about a request that the recipe does not make.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

JOB = "finetune-chat-1234567890"  # of the run before; see harness/sdk/runs.py
_COMPONENT, _MODEL = "chat_completion_pipeline", "Phi-3-mini-4k-instruct"
_VARIES = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d[T ][\d:.]+Z?|/\S+")


@dataclass(frozen=True)
class Outcome:
    """What a probe gave: a value's type and text, or an exception's classes and text.

    `sent` is the body that the probe is about, where it is about one.
    """

    type: str = ""
    text: str = ""
    raised: tuple[str, ...] = ()  # the class and those it derives from, most special first
    sent: Any = None


@dataclass
class Place:
    """What a probe may use."""

    workspace: Any
    registry: Any
    folder: Path
    state: Path  # of the twin
    sent: list[tuple[str, Any]] = field(default_factory=list)  # path and body of what went out


def main(arguments: list[str]) -> int:
    """Ask everything, or what is named, and write it down."""
    from harness.janitor.environment import twin_environment
    from harness.wire.hook import hooked

    ready, out = map(Path, arguments[:2])
    wanted = arguments[2:] or PROBES
    with (
        twin_environment(ready),
        tempfile.TemporaryDirectory() as folder,
    ):
        state = Path(json.loads(ready.read_text(encoding="utf-8"))["state"])
        place = _place(Path(folder), state)

        def noting(send: Any, adapter: Any, request: Any, given: Any) -> Any:
            place.sent.append((request.path_url, _json(request.body)))
            return send(adapter, request, **given)

        with hooked(noting):
            outcomes = {
                name: asdict(_asked(probe, place))
                for name, probe in PROBES.items()
                if name in wanted
            }
    told = {"probes": outcomes, "signatures": {name: signature(name) for name in USED}}
    out.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def signature(name: str) -> dict[str, str] | None:
    """Each parameter of `module:Class.function` as it is declared; None when it is not there."""
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        parameters = inspect.signature(found).parameters
    except (ImportError, AttributeError, ValueError):
        return None
    return {
        p.name: "required" if p.default is p.empty else _plain(repr(p.default))
        for p in parameters.values()
        if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def _place(folder: Path, state: Path) -> Place:
    import os

    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME")
    credential = DefaultAzureCredential()
    return Place(
        MLClient(credential, *(os.environ[name] for name in names)),
        MLClient(credential, registry_name="azureml"),
        folder,
        state,
    )


def _asked(probe: Callable[[Place], Any], place: Place) -> Outcome:
    place.sent.clear()
    try:
        value = probe(place)
    except Exception as error:  # whatever it raises is the answer
        classes = [kind.__name__ for kind in type(error).__mro__ if kind not in (object, Exception)]
        return Outcome(raised=tuple(classes), text=_plain(str(error))[:300])
    if isinstance(value, _Sent):
        return Outcome(sent=value.body)
    return Outcome(type=type(value).__name__, text=_plain(f"{value}"))


@dataclass(frozen=True)
class _Sent:
    body: Any


def _json(body: Any) -> Any:
    with suppress(ValueError, TypeError):
        return json.loads(body)
    return None


def _plain(text: str) -> str:
    """On one line, without what differs from run to run."""
    return _VARIES.sub("<...>", " ".join(text.split()))


def job_status(place: Place) -> Any:
    """What `job.status` is, and what it reads like in a message."""
    return place.workspace.jobs.get(JOB).status


def job_status_compared(place: Place) -> Any:
    """Whether the status equals the word."""
    return place.workspace.jobs.get(JOB).status == "Completed"


def missing_registry_model(place: Place) -> Any:
    """A model that the registry does not have, asked for by label."""
    return place.registry.models.get("no-such-model", label="latest")


def missing_registry_version(place: Place) -> Any:
    """A version that the registry's model does not have."""
    return place.registry.models.get("no-such-model", version="1")


def missing_registry_model_404(place: Place) -> Any:
    """The same where the registry answers with 404, and not with an empty list of versions."""
    from harness.targets.twin import misbehaving

    with misbehaving(place.state, ["refuse:registry_model.versions:404"]):
        return missing_registry_model(place)


def missing_compute(place: Place) -> Any:
    """A cluster that is not there."""
    return place.workspace.compute.get("no-such-cluster")


def missing_job(place: Place) -> Any:
    """A job that is not there."""
    return place.workspace.jobs.get("no-such-job")


def unknown_component_input(place: Place) -> Any:
    """An input that the component does not have."""
    return _component(place)(no_such_input=1)


def missing_local_file(place: Place) -> Any:
    """A job whose data is not on the disk."""
    job = _pipeline(place, place.folder / "absent.jsonl")
    return place.workspace.jobs.create_or_update(job)


def failed_job(place: Place) -> Any:
    """What streaming a job raises that fails."""
    data = place.folder / "broken.jsonl"
    data.write_text("this is no JSON\n", encoding="utf-8")
    job = _pipeline(place, data)
    job.name = "probe-that-fails"
    place.workspace.jobs.create_or_update(job)
    return place.workspace.jobs.stream(job.name)


def named_output(place: Place) -> Any:
    """Whether `jobs.download(output_name=...)` brings any file."""
    place.workspace.jobs.download(
        JOB, download_path=str(place.folder / "named"), output_name="trained_model"
    )
    files = [file for file in (place.folder / "named").rglob("*") if file.is_file()]
    return "files came" if files else "no file came"


def batch_endpoint_defaults(place: Place) -> Any:
    """The body that creates a batch endpoint with a default deployment."""
    from azure.ai.ml.entities import BatchEndpoint

    endpoint = BatchEndpoint(name="probe", defaults={"deployment_name": "blue"})
    with suppress(Exception):  # the twin has no batch endpoints; what was asked is the answer
        place.workspace.batch_endpoints.begin_create_or_update(endpoint).result()
    bodies = [body for path, body in place.sent if "/batchEndpoints/" in path and body]
    return _Sent(bodies[0]["properties"] if bodies else None)


def _component(place: Place) -> Any:
    return place.registry.components.get(_COMPONENT, label="latest")


def _pipeline(place: Place, data: Path) -> Any:
    from azure.ai.ml import Input
    from azure.ai.ml.dsl import pipeline

    component = _component(place)
    model = place.registry.models.get(_MODEL, label="latest")
    file = Input(type="uri_file", path=str(data))

    @pipeline(name="probe")  # type: ignore[call-overload,untyped-decorator]
    def built() -> dict[str, Any]:
        node = component(
            mlflow_model_path=model.id,
            compute_model_import="probe",
            compute_preprocess="probe",
            compute_finetune="probe",
            compute_model_evaluation="probe",
            train_file_path=file,
            test_file_path=file,
        )
        return {"trained_model": node.outputs.mlflow_model_folder}

    return built()


PROBES: Mapping[str, Callable[[Place], Any]] = {
    probe.__name__: probe
    for probe in (
        job_status,
        job_status_compared,
        missing_registry_model,
        missing_registry_version,
        missing_registry_model_404,
        missing_compute,
        missing_job,
        unknown_component_input,
        missing_local_file,
        failed_job,
        named_output,
        batch_endpoint_defaults,
    )
}

OF_THE_JOB = ("job_status", "job_status_compared", "named_output")  # the recipe ran before

USED = (  # public names that the recipe calls
    "azure.ai.ml:MLClient",
    "azure.ai.ml:MLClient.from_config",
    "azure.ai.ml:Input",
    "azure.ai.ml.dsl:pipeline",
    "azure.ai.ml.entities:AmlCompute",
    "azure.ai.ml.entities:Model",
    "azure.ai.ml.entities:ManagedOnlineEndpoint",
    "azure.ai.ml.entities:ManagedOnlineDeployment",
    "azure.ai.ml.entities:OnlineRequestSettings",
    "azure.ai.ml.entities:ProbeSettings",
    "azure.ai.ml.operations:ComputeOperations.begin_create_or_update",
    "azure.ai.ml.operations:ComputeOperations.list_usage",
    "azure.ai.ml.operations:ComputeOperations.list_sizes",
    "azure.ai.ml.operations:JobOperations.create_or_update",
    "azure.ai.ml.operations:JobOperations.stream",
    "azure.ai.ml.operations:JobOperations.list",
    "azure.ai.ml.operations:JobOperations.download",
    "azure.ai.ml.operations:ModelOperations.get",
    "azure.ai.ml.operations:ModelOperations.create_or_update",
    "azure.ai.ml.operations:ComponentOperations.get",
    "azure.ai.ml.operations:OnlineEndpointOperations.begin_create_or_update",
    "azure.ai.ml.operations:OnlineEndpointOperations.invoke",
    "azure.ai.ml.operations:OnlineDeploymentOperations.begin_create_or_update",
    "azure.ai.ml.operations:OnlineDeploymentOperations.get_logs",
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
