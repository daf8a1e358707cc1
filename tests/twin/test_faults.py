"""Faults: parsed at the door, struck by operation, in Azure's own error bodies."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import WireError
from harness.twin.faults import (
    Answers,
    Delay,
    Dies,
    Drop,
    Ends,
    Lags,
    Lost,
    Refuse,
    Stuck,
    parse,
    written,
)
from harness.twin.faults_at_work import Faults

from .conftest import Make


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("refuse:compute.create:status=409", Refuse("compute.create", 409)),
        ("refuse:compute.get:404,times=2", Refuse("compute.get", 404, times=2)),
        (
            "refuse:job.get:status=403,code=C,message=no, not you",
            Refuse("job.get", 403, "C", "no, not you"),
        ),
        ("delay:job.get:2.5", Delay("job.get", 2.5)),
        ("drop:blob.get", Drop("blob.get")),
        ("lost:endpoint.create:times=1", Lost("endpoint.create", 1)),
        (
            "ends:job.submit:Failed,child=chat_completion_finetune",
            Ends("job.submit", "Failed", "chat_completion_finetune"),
        ),
        ("ends:job.submit:state=Canceled", Ends("job.submit", "Canceled")),
        (
            "ends:job.submit:Failed,code=ImageBuildFailed,message=Failed, to pull",
            Ends("job.submit", code="ImageBuildFailed", message="Failed, to pull"),
        ),
        ("answers:scoring.invoke:{}", Answers("scoring.invoke", "{}")),
        (
            'answers:mlflow.call:times=1,at=metric_key=loss&,{"metrics": []}',
            Answers("mlflow.call", '{"metrics": []}', times=1, at="metric_key=loss&"),
        ),
        (
            'answers:scoring.invoke:status=424,{"a": 1, "b": [2, 3]}',
            Answers("scoring.invoke", '{"a": 1, "b": [2, 3]}', 424),
        ),
        (
            "full:blob.put",
            Refuse("blob.put", 403, "AccountIsDisabled", "The specified account is disabled."),
        ),
        ("storm:datastore.get:times=2", Refuse("datastore.get", 429, paced=False, times=2)),
        ("stuck:endpoint.delete", Stuck("endpoint.delete")),
        ("lags:endpoint.list:3", Lags("endpoint.list", 3)),
        ("dies:workspace.get", Dies("workspace.get")),
    ],
)
def test_a_fault_is_one_line(text: str, fault: object) -> None:
    """Every kind can be written on the command line."""
    assert parse([text]) == (fault,)


def test_it_is_written_the_same_however_it_was_spelt() -> None:
    """What it says is there, nothing else; and read again it is the same fault."""
    spelt = ["refuse:compute.get:500,times=2", "refuse:compute.get:times=2,status=500"]
    spelt += ["storm:job.get", 'answers:mlflow.call:times=1,at=a=b,{"c": [1, 2]}', "drop:blob.put"]
    faults = parse(spelt)

    lines = [written(fault) for fault in faults]

    assert lines[0] == lines[1] == "refuse:compute.get:times=2"
    assert lines[2:] == [
        "refuse:job.get:status=429,paced=0",
        'answers:mlflow.call:at=a=b,times=1,body={"c": [1, 2]}',
        "drop:blob.put",
    ]
    assert parse(lines) == faults


def test_each_fault_is_told_with_how_often_it_struck(tmp_path: Path) -> None:
    """Two of one kind on one operation are two; times=2 is twice."""
    file = tmp_path / "faults"
    specs = ["answers:mlflow.call:at=lr,{}", "answers:mlflow.call:times=2,at=loss,{}"]
    faults = Faults(parse(specs), file)

    for asked in ("?loss", "?loss", "?loss", "?lr"):
        faults.take(Answers, "mlflow.call", asked)

    assert file.with_suffix(".struck").read_text().splitlines() == [
        "2 answers:mlflow.call:at=loss,times=2",
        "1 answers:mlflow.call:at=lr",
    ]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("refuse:compute.creat", "compute.create"),
        ("refuze:compute.create", "refuse"),
        ("refuse:compute.create:staus=409", "status"),
        ("ends:job.submit:Completed", "Failed"),
        ("answers:scoring.invoke:{", "not JSON"),
        ("refuse:compute.create:status=often", "often"),
        ("stuck:job.submit", "compute.create"),
        ("lags:job.list", "compute.list"),
    ],
)
def test_a_misspelt_fault_names_the_nearest(text: str, near: str) -> None:
    """It fails at start-up, not by doing nothing in the middle of the night."""
    with pytest.raises(WireError, match=near):
        parse([text])


def test_times_counts_down() -> None:
    """A fault with times=1 strikes once; one of another operation is not touched."""
    faults = Faults(parse(["ends:job.submit:Failed,times=1"]))

    struck = [faults.ends("job.submit"), faults.ends("job.submit"), faults.ends("model.register")]

    assert [bool(fault) for fault in struck] == [True, False, False]


def test_faults_of_a_running_twin_can_be_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is read again when it changes; a misspelt one is told and changes nothing."""
    file = tmp_path / "faults"
    faults = Faults(parse(["refuse:job.get"]), file)

    def struck(name: str) -> bool:
        return faults.take(Refuse, name) is not None

    file.write_text("refuse:compute.get:times=1\n")
    with_file = [struck("compute.get"), struck("compute.get"), struck("job.get")]
    file.write_text("refuse:compute.gat:times=5\n")
    misspelt = struck("compute.get")
    noted = file.with_suffix(".struck").read_text().splitlines()
    file.unlink()
    without = [struck("compute.get"), struck("job.get")]

    assert with_file == [True, False, True]
    assert noted == ["1 refuse:compute.get:times=1", "1 refuse:job.get"]
    assert not misspelt
    assert "did you mean: compute.get" in capsys.readouterr().err
    assert without == [False, True]


def test_what_struck_before_this_twin_is_forgotten(tmp_path: Path) -> None:
    """A state folder may be used again; what another twin met there is no evidence for this one."""
    file = tmp_path / "faults"
    file.with_suffix(".struck").write_text("1 refuse:job.get\n")

    Faults(parse(["refuse:job.get"]), file)

    assert not file.with_suffix(".struck").exists()


def test_what_is_stuck_goes_on_once_the_fault_is_lifted(make: Make) -> None:
    """A delete that never ends shows the endpoint for ever, and is gone when Azure recovers."""
    plane = make()
    here = plane.ws("/onlineEndpoints/ep-1")
    plane.client.put(here, json={"location": "eastus", "properties": {"authMode": "Key"}})
    plane.client.get(here)
    faults = plane.twin.settings.state / "faults"
    faults.write_text("stuck:endpoint.delete\n")

    began = plane.client.delete(here)
    polls = [plane.client.get(began.headers["Azure-AsyncOperation"]) for _ in range(3)]
    still = plane.client.get(here)
    faults.unlink()
    after = [plane.client.get(began.headers["Azure-AsyncOperation"]), plane.client.get(here)]

    assert [poll.json()["status"] for poll in polls] == ["Updating"] * 3
    assert still.json()["properties"]["provisioningState"] == "Deleting"
    assert (after[0].json()["status"], after[1].status_code) == ("Succeeded", 404)


def test_a_list_may_lag_behind(make: Make) -> None:
    """What is gone for a GET stands in the list for two more looks; met by who looks there."""
    plane = make("lags:endpoint.list:2")
    here = plane.ws("/onlineEndpoints/ep-1")
    plane.client.put(here, json={"location": "eastus", "properties": {"authMode": "Key"}})
    plane.client.get(plane.client.delete(here).headers["Azure-AsyncOperation"])

    gone = plane.client.get(here).status_code
    met = plane.twin.settings.state / "faults.struck"
    unseen = met.exists()
    lists = [plane.client.get(plane.ws("/onlineEndpoints")).json()["value"] for _ in range(3)]

    assert gone == 404
    assert [[each["name"] for each in found] for found in lists] == [["ep-1"], ["ep-1"], []]
    assert not unseen
    assert met.read_text() == "1 lags:endpoint.list:looks=2\n"


def test_refusing_does_nothing(make: Make) -> None:
    """A refused PUT leaves nothing behind."""
    plane = make("refuse:endpoint.create:status=409,code=Conflict,times=1")
    body = {"location": "eastus", "properties": {"authMode": "Key"}}

    refused = plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=body)
    again = plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=body)

    assert (refused.status_code, again.status_code) == (409, 201)
    info = {item["type"]: item["info"] for item in refused.json()["error"]["additionalInfo"]}
    assert info["InnerError"]["value"]["code"] == "Conflict"


def test_too_many_requests_is_as_recorded(make: Make) -> None:
    """429: the 20 seconds are in the text only, and the connection closes."""
    plane = make("refuse:datastore.get:status=429", pace="azure")

    answer = plane.client.get(plane.ws("/datastores/workspaceblobstore"))

    assert answer.status_code == 429
    assert answer.headers["connection"] == "close"
    assert not [name for name in answer.headers if "retry" in name]
    error = answer.json()["error"]
    assert "Retry again after 20 seconds" in error["message"]
    assert error["additionalInfo"][-1]["info"]["value"] == {
        "code": "QuotaExceeded",
        "innerError": {"code": "TooManyRequests", "innerError": None},
    }


def test_a_storm_says_nothing_of_when_to_come_back(make: Make) -> None:
    """Also at pace fast: the 20 seconds are in the text only."""
    plane = make("storm:datastore.get")

    answer = plane.client.get(plane.ws("/datastores/workspaceblobstore"))

    assert answer.status_code == 429
    assert not [name for name in answer.headers if "retry" in name]


def test_at_pace_fast_clients_try_again_soon(make: Make) -> None:
    """azure-core waits minutes for ten retries of a 500 unless it is told otherwise."""
    plane = make("refuse:datastore.get:status=500")

    answer = plane.client.get(plane.ws("/datastores/workspaceblobstore"))

    assert answer.headers["x-ms-retry-after-ms"] == "50"


@pytest.mark.parametrize(
    ("spec", "url", "code"),
    [
        (
            "refuse:blob.head:status=403,code=AuthorizationFailure",
            "https://a.blob.core.windows.net/c/b",
            "x-ms-error-code",
        ),
        (
            "refuse:discovery.get:status=500",
            "https://eastus.api.azureml.ms/discovery",
            "x-ms-response-type",
        ),
    ],
)
def test_each_host_refuses_in_its_own_way(make: Make, spec: str, url: str, code: str) -> None:
    """Storage names its code in a header; the region's services have envelope (c)."""
    plane = make(spec)

    answer = plane.client.request("HEAD" if "blob" in spec else "GET", url)

    assert answer.status_code in (403, 500)
    assert code in answer.headers


def test_answers_replaces_the_body(make: Make) -> None:
    """`{}` with 200, which is how a scoring container fails."""
    plane = make("answers:scoring.invoke:{}")

    answer = plane.client.post("https://e.eastus.inference.ml.azure.com/score", json={})

    assert (answer.status_code, answer.text) == (200, "{}")


def test_a_fault_does_not_open_the_door(make: Make) -> None:
    """Who has no token gets 401, whatever the fault would have answered."""
    plane = make("answers:workspace.get:{}")

    assert plane.client.get(plane.ws(), headers={"authorization": ""}).status_code == 401


def test_an_answer_may_be_for_some_paths_only(make: Make) -> None:
    """`at` is looked for in path and query; whoever asks elsewhere gets the twin's own answer."""
    plane = make('answers:compute.get:at=/computes/c1,{"name": "planted"}')

    found = [plane.client.get(plane.ws(f"/computes/{name}")).status_code for name in ("c1", "c2")]

    assert found == [200, 404]
