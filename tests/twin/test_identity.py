"""Who may ask: only a token of this twin, for the right audience, not expired."""

from __future__ import annotations

import jwt
import pytest

from harness.twin.identity import Identity

from .conftest import ARM, Make


def test_a_token_says_whom_it_is_for(make: Make) -> None:
    """aud is the resource as asked for, less one trailing slash; exp is expires_on."""
    plane = make()
    headers = {"X-IDENTITY-HEADER": plane.twin.identity.header}

    answer = plane.client.get(
        "http://127.0.0.1/msi/token",
        params={"resource": f"{ARM}/", "api-version": "2019-08-01"},
        headers=headers,
    )

    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["aud"] == ARM
    assert str(claims["exp"]) == answer.json()["expires_on"]
    assert {"oid", "tid"} <= set(claims)


def test_the_identity_endpoint_wants_its_header(make: Make) -> None:
    """Another process of this machine cannot ask for tokens."""
    answer = make().client.get("http://127.0.0.1/msi/token", params={"resource": ARM})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Bearer nonsense", "InvalidAuthenticationToken"),
        (f"Bearer {Identity().token(ARM)[0]}", "InvalidAuthenticationToken"),
    ],
    ids=["none", "garbage", "another issuer's"],
)
def test_a_foreign_token_is_refused(make: Make, token: str, code: str) -> None:
    """A real Azure token, too, is another issuer's."""
    plane = make()

    answer = plane.client.get(plane.ws(), headers={"authorization": token})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")
    assert answer.headers["x-ms-failure-cause"] == "gateway"


def test_an_expired_token_is_refused(make: Make) -> None:
    """What a run longer than its credential meets."""
    plane = make()
    token, _ = plane.twin.identity.token(ARM, lifetime=-1)

    answer = plane.client.get(plane.ws(), headers={"authorization": f"Bearer {token}"})

    assert answer.json()["error"]["code"] == "ExpiredAuthenticationToken"


def test_a_token_for_something_else_is_refused(make: Make) -> None:
    """ml.azure.com opens the region's services, not ARM."""
    plane = make()
    token, _ = plane.twin.identity.token("https://ml.azure.com")
    headers = {"authorization": f"Bearer {token}"}

    arm = plane.client.get(plane.ws(), headers=headers)
    history = f"/history/v1.0{plane.twin.settings.workspace_id}/runs/none/details"
    region = plane.client.get(f"https://eastus.api.azureml.ms{history}", headers=headers)

    assert arm.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"
    assert region.status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://eastus.api.azureml.ms/discovery",
        "https://eastus.api.azureml.ms/registrymanagement/v1.0/registries/azureml/discovery",
        f"{ARM}/metadata/endpoints?api-version=2019-05-01",
    ],
)
def test_discovery_needs_no_token(make: Make, url: str) -> None:
    """A client finds its way before it signs in."""
    assert make().client.get(url, headers={"authorization": ""}).status_code == 200


def test_a_client_secret_reaches_the_same_issuer(make: Make) -> None:
    """The token endpoint of any tenant answers for the resource of the scope."""
    plane = make()
    form = {"grant_type": "client_credentials", "scope": f"{ARM}/.default"}

    answer = plane.client.post("https://login.microsoftonline.com/any/oauth2/v2.0/token", data=form)

    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert plane.client.get(plane.ws(), headers=bearer).status_code == 200
