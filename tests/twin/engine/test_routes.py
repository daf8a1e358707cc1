"""Jobs, run history and MLflow over HTTP, in the shapes of recorded traffic."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from mlflow import MlflowClient

from .bench import SHORT, Bench, job_properties

API = {"api-version": "2024-01-01-preview"}
TOKEN = {"x-azureml-token": "t"}


@pytest.fixture(scope="module")
def arm(client: str, bench: Bench) -> str:
    """The workspace's address, as on management.azure.com."""
    return client + bench.settings.workspace_id


@pytest.fixture(scope="module")
def runs(client: str, bench: Bench) -> str:
    """Where the history service keeps runs."""
    return f"{client}/history/v1.0{bench.settings.workspace_id}/runs"


def test_a_new_job_is_201_and_an_old_one_200(arm: str, ask: requests.Session, bench: Bench) -> None:
    """The second PUT changes tags and reports the status as it is by then."""
    uri = "azureml://datastores/workspaceblobstore/paths/none.jsonl"
    body: dict[str, Any] = {
        "properties": job_properties(SHORT, {"train_file_path": uri}),
    }

    first = ask.put(f"{arm}/jobs/fresh", json=body, params=API, headers=TOKEN)
    bench.wait("fresh")
    body["properties"]["tags"] = {"colour": "blue"}
    second = ask.put(f"{arm}/jobs/fresh", json=body, params=API, headers=TOKEN)

    assert (first.status_code, second.status_code) == (201, 200)
    assert urlsplit(first.headers["Location"]).path.endswith("/jobs/fresh")
    properties = first.json()["properties"]
    assert properties["status"] == "Preparing"
    assert {"Tracking", "Studio"} == set(properties["services"])
    assert properties["outputs"]["trained_model"]["uri"] is None
    assert properties["properties"]["azureml.runsource"] == "azureml.PipelineRun"
    assert (
        second.json()["properties"]["status"],
        second.json()["properties"]["tags"],
    ) == ("Failed", {"colour": "blue"})


def test_a_completed_job_shows_no_uris(arm: str, ask: requests.Session, finished: str) -> None:
    """Outputs stay null on ARM; literals are text, and the steps' properties are there."""
    body = ask.get(f"{arm}/jobs/{finished}", params=API).json()

    properties = body["properties"]
    assert (
        properties["status"],
        properties["outputs"]["trained_model"]["uri"],
    ) == ("Completed", None)
    node = properties["jobs"]["chat_completion_pipeline"]
    assert node["inputs"]["number_of_gpu_to_use_finetuning"] == {
        "job_input_type": "literal",
        "value": "8",
    }
    assert "twin.notes" in properties["properties"]
    assert '"Status":"Finished"' in properties["properties"]["azureml.pipelines.stages"]


def test_a_child_read_through_arm_has_no_properties(
    arm: str, ask: requests.Session, bench: Bench, finished: str
) -> None:
    """Four keys, as recorded."""
    child = bench.children(finished)["chat_completion_finetune"]["name"]

    body = ask.get(f"{arm}/jobs/{child}", params=API).json()

    assert {"id", "name", "type", "systemData"} == set(body)


def test_jobs_are_listed_newest_first(arm: str, ask: requests.Session, finished: str) -> None:
    """Pipelines only; their children are not jobs here."""
    names = [item["name"] for item in ask.get(f"{arm}/jobs", params=API).json()["value"]]

    assert finished in names
    assert not any(re.fullmatch(r"[0-9a-f-]{36}", name) for name in names)


@pytest.mark.parametrize(
    ("change", "status", "codes", "message"),
    [
        (
            {"componentId": "azureml://registries/azureml/components/none/versions/1"},
            404,
            [],
            "Not found component none (version: 1).",
        ),
        (
            {"inputs": {"learning_rate_min": {"job_input_type": "literal", "value": "5e-7"}}},
            400,
            ["BadArgument", "ArgumentInvalid", "InvalidPipelineJob", "InvalidComponentJobInput"],
            "Invalid component job since input learning_rate_min for component job "
            "chat_completion_pipeline does not exist.",
        ),
    ],
)
def test_a_job_the_service_refuses(
    arm: str,
    ask: requests.Session,
    bench: Bench,
    change: dict[str, Any],
    status: int,
    codes: list[str],
    message: str,
) -> None:
    """Refused at once in the recorded envelope; nothing is made."""
    properties = job_properties(SHORT, {})
    properties["jobs"]["chat_completion_pipeline"] |= change

    answer = ask.put(
        f"{arm}/jobs/refused", json={"properties": properties}, params=API, headers=TOKEN
    )

    error = answer.json()["error"]
    assert status == answer.status_code
    assert error["message"].endswith(message)
    assert codes == _codes(error)
    assert bench.store.get("job", "refused") is None


def test_a_submit_without_the_users_token_is_refused(arm: str, ask: requests.Session) -> None:
    """The SDK sends it in a header of its own."""
    body = {"properties": job_properties(SHORT, {})}

    answer = ask.put(f"{arm}/jobs/no_token", json=body, params=API)

    assert answer.status_code == 400
    assert "x-azureml-token" in answer.json()["error"]["message"]


def test_an_unknown_job_is_404(arm: str, ask: requests.Session) -> None:
    """For GET and for cancel, with the format and parameters of the message."""
    for answer in (
        ask.get(f"{arm}/jobs/nobody", params=API),
        ask.post(f"{arm}/jobs/nobody/cancel", params=API),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["message"]) == (404, "Job nobody not found.")
        assert _codes(error) == ["NotFound", "JobNotFound"]


def test_cancel_is_202_null_then_settles_then_400(
    arm: str, ask: requests.Session, bench: Bench, train_file: str
) -> None:
    """The Location says 202 until the job has ended, then 200; a second cancel is refused."""
    bench.submit("stop_me", SHORT | {"max_steps": "5000"}, train_file_path=train_file)
    bench.wait("stop_me", "Running")

    accepted = ask.post(f"{arm}/jobs/stop_me/cancel", params=API)
    bench.wait("stop_me")
    location = urlsplit(accepted.headers["Location"])
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(arm))
    settled = ask.get(f"{origin}{location.path}?{location.query}")
    again = ask.post(f"{arm}/jobs/stop_me/cancel", params=API)

    assert (accepted.status_code, accepted.text) == (202, "null")
    assert "/mfeOperationResults/jc:" in location.path
    assert accepted.headers["x-ms-async-operation-timeout"] == "PT1H"
    assert (settled.status_code, settled.content) == (200, b"")
    assert again.status_code == 400
    assert _codes(again.json()["error"])[-1] == "CancelPipelineRunInTerminalStatus"


def test_details_of_a_run_have_signed_logs(runs: str, ask: requests.Session, finished: str) -> None:
    """What jobs.stream polls: status, and the log it prints."""
    body = ask.get(f"{runs}/{finished}/details").json()

    assert ("Completed", None, f"dcid.{finished}") == (
        body["status"],
        body["error"],
        body["dataContainerId"],
    )
    assert "sig=" in body["logFiles"]["logs/azureml/executionlogs.txt"]
    assert (
        body["runDefinition"]["JobType"],
        body["runDefinition"]["Outputs"]["trained_model"]["Mode"],
    ) == ("Pipeline", 0)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{7}", body["duration"])


def test_details_of_a_failed_child_say_why(runs: str, ask: requests.Session, bench: Bench) -> None:
    """Through the history service, as the recipe collects it."""
    uri = bench.upload("empty.jsonl", "\n")
    bench.submit("empty_data", SHORT, train_file_path=uri)
    bench.wait("empty_data")

    children = ask.get(f"{runs}/empty_data/children").json()["value"]
    steps = ask.get(f"{runs}/{children[0]['runId']}/children").json()["value"]
    failed = [step for step in steps if step["status"] == "Failed"]
    body = ask.get(f"{runs}/{failed[0]['runId']}/details").json()

    assert [step["displayName"] for step in failed] == ["ft_nlp_common_validation"]
    assert "holds no rows" in body["error"]["error"]["message"]
    assert list(body["logFiles"]) == ["user_logs/std_log.txt"]


def test_outputs_are_found_through_the_data_service(
    runs: str, client: str, ask: requests.Session, bench: Bench, finished: str
) -> None:
    """rundata names an asset, and the data service says where it lies."""
    base = runs.removesuffix("/runs")
    data = f"{client}/data/v1.0{bench.settings.workspace_id}/dataversion/batchGetResolvedUris"

    found = ask.post(f"{base}/rundata", json={"runId": finished}).json()["runMetadata"]
    asset = found["outputs"]["trained_model"]["assetId"]
    answer = ask.post(data, json={"values": [asset, "unknown"]}).json()["values"]

    assert [asset] == list(answer)
    assert answer[asset]["uri"].endswith("/mlflow_model_folder/")


def test_an_unknown_run_is_404_in_the_flat_envelope(runs: str, ask: requests.Session) -> None:
    """As the history service says it, "runId=" twice included."""
    for answer in (
        ask.get(f"{runs}/nobody"),
        ask.get(f"{runs}/nobody/details"),
        ask.post(f"{runs.removesuffix('/runs')}/rundata", json={"runId": "nobody"}),
    ):
        body = answer.json()
        assert answer.status_code == 404
        assert body["error"]["message"] == "Run runId=nobody was not found"
        assert body["componentName"] == "run-history"


def test_artifacts_are_the_logs(
    runs: str, ask: requests.Session, bench: Bench, finished: str
) -> None:
    """Listed under the experiment, as azureml-mlflow asks."""
    base = runs.removesuffix("/runs")

    body = ask.get(f"{base}/experiments/any/runs/{finished}/artifacts").json()

    assert "logs/azureml/executionlogs.txt" in [item["path"] for item in body["value"]]


def test_mlflow_is_the_real_server_behind_the_route(
    client: str, bench: Bench, finished: str
) -> None:
    """A real client at the workspace's address reads runs, metrics and errors of the server."""
    workspace = MlflowClient(f"{client}/mlflow/v2.0{bench.settings.workspace_id}")

    run = workspace.get_run(finished)
    points = workspace.get_metric_history(finished, "eval_loss")

    assert (finished, "FINISHED") == (run.info.run_id, run.info.status)
    assert sorted(point.step for point in points) == [0, 60]
    with pytest.raises(Exception, match="nobody"):
        workspace.get_run("nobody")


def _codes(error: dict[str, Any]) -> list[str]:
    """The nested codes of the management front end, outermost first."""
    infos = [
        item["info"]["value"] for item in error["additionalInfo"] if item["type"] == "InnerError"
    ]
    codes, inner = [], infos[0] if infos else None
    while inner:
        codes.append(inner["code"])
        inner = inner["innerError"]
    return codes
