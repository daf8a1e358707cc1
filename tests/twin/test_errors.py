"""Azure's three envelopes, and what the twin says of itself."""

from __future__ import annotations

from harness.twin.errors import flat, gateway, refused

from .conftest import ARM, Make


def test_gateway_has_code_and_message_only() -> None:
    """Envelope (a): ARM's own refusals say so in x-ms-failure-cause."""
    failure = gateway(404, "ResourceGroupNotFound", "Resource group 'x' could not be found.")

    assert failure.body == {
        "error": {
            "code": "ResourceGroupNotFound",
            "message": "Resource group 'x' could not be found.",
        }
    }
    assert failure.headers == {"x-ms-failure-cause": "gateway"}


def test_refused_nests_the_real_code() -> None:
    """Envelope (b): the machine-readable code is the innermost of InnerError."""
    failure = refused(404, "Not found component c.", "NotFound", "ComponentNotFound")

    error = failure.body["error"]  # type: ignore[index]  # a plain dict of JSON
    info = {item["type"]: item["info"]["value"] for item in error["additionalInfo"]}
    assert list(error) == ["code", "message", "details", "additionalInfo"]
    assert error["code"] == "UserError"
    assert list(info) == [
        "ComponentName",
        "Correlation",
        "Environment",
        "Location",
        "Time",
        "InnerError",
    ]
    assert info["InnerError"] == {
        "code": "NotFound",
        "innerError": {"code": "ComponentNotFound", "innerError": None},
    }
    assert failure.headers["x-ms-response-type"] == "error"


def test_flat_keeps_format_and_parameters_apart() -> None:
    """Envelope (c): message filled in, messageFormat not, nulls for the rest."""
    failure = flat(
        404,
        "Registry {registryName} not found",
        "NotFound",
        "RegistryNotFound",
        component="feedmanagement",
        parameters={"registryName": "r"},
    )

    body = failure.body
    assert isinstance(body, dict)
    assert body["error"]["message"] == "Registry r not found"
    assert body["error"]["messageFormat"] == "Registry {registryName} not found"
    assert (body["componentName"], body["statusCode"]) == ("feedmanagement", 404)


def test_an_unknown_compute_is_404_without_a_body(make: Make) -> None:
    """And its x-ms-response-type is standard, as if nothing were wrong."""
    plane = make()

    answer = plane.client.get(plane.ws("/computes/none"))

    assert (answer.status_code, answer.content) == (404, b"")
    assert answer.headers["content-length"] == "0"
    assert answer.headers["x-ms-response-type"] == "standard"
    assert "content-type" not in answer.headers


def test_an_unknown_path_is_501_and_says_where_to_add_it(make: Make) -> None:
    """Method, host, path and module are in the message; it comes at once."""
    plane = make()

    answer = plane.client.get(plane.ws("/computes/c/nodes"))

    message = answer.json()["error"]["message"]
    assert answer.status_code == 501
    assert f"GET {ARM}/subscriptions/" in message
    assert "/computes/c/nodes" in message
    assert "harness/twin/routes/computes.py" in message


def test_an_unknown_method_is_501_too(make: Make) -> None:
    """PATCH of a cluster is nowhere recorded for the recipe and not served."""
    plane = make()

    answer = plane.client.patch(plane.ws("/computes/c"), json={})

    assert answer.status_code == 501
    assert "PATCH" in answer.json()["error"]["message"]


def test_an_unknown_host_is_501(make: Make) -> None:
    """Whatever comes through the tunnel gets an answer, never a hang."""
    answer = make().client.get("https://example.invalid/x")

    assert answer.status_code == 501
    assert "example.invalid" in answer.json()["error"]["message"]


def test_arm_dresses_its_answers(make: Make) -> None:
    """The headers every recorded ARM answer has; correlation id and request id are one."""
    plane = make()

    headers = plane.client.get(plane.ws()).headers

    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert (headers["pragma"], headers["expires"]) == ("no-cache", "-1")
    assert headers["x-ms-request-id"] == headers["x-ms-correlation-request-id"]
    assert headers["x-ms-routing-request-id"].endswith(headers["x-ms-request-id"])
    assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "1099"
    assert headers["x-aml-cluster"] == "vienna-eastus-01"
    assert float(headers["x-request-time"]) >= 0


def test_a_gateway_answer_has_no_response_type(make: Make) -> None:
    """ARM answering by itself is not one of the services."""
    plane = make()

    answer = plane.client.get(plane.ws().replace("twin-workspace", "other"))

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ResourceNotFound"
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    assert "x-ms-response-type" not in answer.headers


def test_the_data_plane_dresses_differently(make: Make) -> None:
    """No Cache-Control and no rate limit behind api.azureml.ms, and HSTS with preload."""
    headers = make().client.get("https://eastus.api.azureml.ms/discovery").headers

    assert "cache-control" not in headers
    assert not [name for name in headers if "ratelimit" in name]
    assert headers["strict-transport-security"].endswith("preload")
    assert headers["mise-correlation-id"]


def test_the_cluster_header_was_renamed(make: Make) -> None:
    """azureml-served-by-cluster replaced x-aml-cluster in 2025."""
    headers = make(era="today").client.get("https://eastus.api.azureml.ms/discovery").headers

    assert headers["azureml-served-by-cluster"] == "vienna-eastus-01"
    assert "x-aml-cluster" not in headers


def test_a_child_of_a_missing_workspace_names_the_parent(make: Make) -> None:
    """ParentResourceNotFound, as recorded for a DELETE of a compute."""
    plane = make()
    url = plane.ws("/computes/c").replace("twin-workspace", "other")

    answer = plane.client.delete(url)

    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "ParentResourceNotFound"
    assert error["message"].startswith(
        "Failed to perform 'delete' on resource(s) of type 'workspaces/computes', because"
    )
