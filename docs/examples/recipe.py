"""The recipe as a plain script: nothing of the harness, only the SDK.

    python -m harness twin --state my-twin      # in one shell; paste its exports into another, then
    python docs/examples/recipe.py data/ultrachat_sample

Against Azure it runs unchanged, with AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and
AZURE_WORKSPACE_NAME set, and costs money until it ends.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import (
    AmlCompute,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    ProbeSettings,
)
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential

if len(sys.argv) != 2:
    sys.exit("usage: python recipe.py FOLDER, which holds train_sft.jsonl and test_sft.jsonl")
data = Path(sys.argv[1])
for split in ("train_sft", "test_sft"):  # before anything that costs money is created
    if not (data / f"{split}.jsonl").is_file():
        sys.exit(f"{data / split}.jsonl is missing; the repository has data/ultrachat_sample")
cleanup = ExitStack()  # what has to be deleted, whatever happens
timestamp = str(int(time.time()))
size, cluster = "Standard_NC24ads_A100_v4", "gpu-cluster-big"

credential = DefaultAzureCredential()
credential.get_token("https://management.azure.com/.default")
workspace = MLClient(
    credential,
    os.environ["AZURE_SUBSCRIPTION_ID"],
    os.environ["AZURE_RESOURCE_GROUP"],
    os.environ["AZURE_WORKSPACE_NAME"],
)
registry = MLClient(credential, registry_name="azureml")

foundation_model = registry.models.get("Phi-3-mini-4k-instruct", label="latest")
print("base model:", foundation_model.id)


def delete(operations, name):
    """Delete it and wait; it may never have come into being."""
    with suppress(ResourceNotFoundError):
        operations.begin_delete(name).wait()
        print("deleted:", name)


def provide_cluster():
    """One that is there already is used, and stays."""
    try:
        workspace.compute.get(cluster)
    except ResourceNotFoundError:
        cleanup.callback(delete, workspace.compute, cluster)  # first: the answer may be lost
        workspace.compute.begin_create_or_update(
            AmlCompute(name=cluster, size=size, tier="Dedicated", max_instances=2)
        ).wait()


parameters = {
    "num_train_epochs": 3,
    "per_device_train_batch_size": 1,
    "per_device_eval_batch_size": 1,
    "learning_rate": 5e-6,
    "lr_scheduler_type": "cosine",
    "apply_lora": "true",
    "apply_deepspeed": "true",
    "deepspeed_stage": 2,
}
if "model_specific_defaults" in foundation_model.tags:
    parameters.update(ast.literal_eval(foundation_model.tags["model_specific_defaults"]))

component = registry.components.get("chat_completion_pipeline", label="latest")


@pipeline(name="Phi-3-mini-4k-instruct-ultrachat")
def create_pipeline():
    """One node, one output."""
    node = component(
        mlflow_model_path=foundation_model.id,
        compute_model_import=cluster,
        compute_preprocess=cluster,
        compute_finetune=cluster,
        compute_model_evaluation=cluster,
        train_file_path=Input(type="uri_file", path=str(data / "train_sft.jsonl")),
        test_file_path=Input(type="uri_file", path=str(data / "test_sft.jsonl")),
        number_of_gpu_to_use_finetuning=gpus,
        **parameters,
    )
    return {"trained_model": node.outputs.mlflow_model_folder}


def train():
    """Run the job on the cluster; the registered model."""
    job = create_pipeline()
    job.settings.force_rerun = True
    job.settings.continue_on_step_failure = False
    job = workspace.jobs.create_or_update(job, experiment_name="chat_completion_example")
    workspace.jobs.stream(job.name)
    return workspace.models.create_or_update(
        Model(
            path=f"azureml://jobs/{job.name}/outputs/trained_model",
            name="Phi-3-mini-4k-instruct-ultrachat-200k",
            version=timestamp,
            type=AssetTypes.MLFLOW_MODEL,
        )
    )


def deploy(model):
    """Serve the model; the name of the endpoint."""
    endpoint = ManagedOnlineEndpoint(name=f"ultrachat-completion-{timestamp}", auth_mode="key")
    cleanup.callback(delete, workspace.online_endpoints, endpoint.name)
    workspace.online_endpoints.begin_create_or_update(endpoint).wait()
    workspace.online_deployments.begin_create_or_update(
        ManagedOnlineDeployment(
            name="demo",
            endpoint_name=endpoint.name,
            model=model.id,
            instance_type=size,
            instance_count=1,
            liveness_probe=ProbeSettings(initial_delay=600),
            request_settings=OnlineRequestSettings(request_timeout_ms=90000),
        )
    ).wait()
    endpoint.traffic = {"demo": 100}
    workspace.online_endpoints.begin_create_or_update(endpoint).wait()
    return endpoint.name


def ask(endpoint):
    """One question; the answer as it comes."""
    question = [{"role": "user", "content": "What do frogs eat?"}]
    request = Path("sample_score.json")
    body = {"input_data": {"input_string": [question], "parameters": {"max_new_tokens": 40}}}
    request.write_text(json.dumps(body | {"params": {}}))
    return workspace.online_endpoints.invoke(
        endpoint_name=endpoint, deployment_name="demo", request_file=str(request)
    )


with cleanup:
    provide_cluster()
    gpus = next(s.gpus for s in workspace.compute.list_sizes() if s.name.lower() == size.lower())
    print("cluster:", cluster, "with", gpus, "GPU")
    model = train()
    print("registered:", model.name, model.version)
    print("answer:", ask(deploy(model)))
