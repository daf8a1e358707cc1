"""Each rule of the scrubbing alone: a text that only this rule changes, and what becomes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from harness.wire.references import ETAG, FAR
from harness.wire.scrub import KEPT_RESPONSE_HEADERS, Scrubber, Window

NOW = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
PLAIN = "rosa amber teal"  # looks like nothing, so that only the name beside it gives it away
ONE, TWO = "12121212-3434-4565-8787-909090909090", "abababab-cdcd-4efe-8989-010101010101"

SECRET_NAMES = [
    "access_token",
    "accessToken",
    "refresh_token",
    "refreshToken",
    "id_token",
    "idToken",
    "token",
    "client_secret",
    "clientSecret",
    "client_assertion",
    "secret",
    "password",
    "primary_key",
    "primaryKey",
    "secondary_key",
    "secondaryKey",
    "account_key",
    "accountKey",
    "AccountKey",
    "access_key",
    "accessKey",
    "shared_access_key",
    "SharedAccessKey",
    "api_key",
    "apiKey",
    "api-key",
    "shared_access_signature",
    "SharedAccessSignature",
    "connection_string",
    "connectionString",
    "x-azureml-token",
    "X-IDENTITY-HEADER",
    "authorization",
    "Cookie",
    "set-cookie",
    "adminPassword",
    "admin_password",
    "sshPrivateKey",
    "ssh_private_key",
    "signingKey",
    "signing_key",
    "valueOfSecret",
    "value_of_secret",
]
PEOPLE = [
    "createdBy",
    "lastModifiedBy",
    "userName",
    "upn",
    "user_name",
    "userPrincipalName",
    "userPuId",
    "userAltSecId",
    "mlflow.user",
]
IDS = [
    (f"/subscriptions/{ONE}/x", "/subscriptions/<subscription:1>/x"),
    (json.dumps({"subscriptionId": ONE}), '{"subscriptionId": "<subscription:1>"}'),
    (json.dumps({"subscription_id": ONE}), '{"subscription_id": "<subscription:1>"}'),
    (json.dumps({"tenantId": ONE}), '{"tenantId": "<tenant:1>"}'),
    (json.dumps({"tenant_id": ONE}), '{"tenant_id": "<tenant:1>"}'),
    (f"https://sts.windows.net/{ONE}/", "https://sts.windows.net/<tenant:1>/"),
    (f"login.microsoftonline.com/{ONE}", "login.microsoftonline.com/<tenant:1>"),
    *(
        (json.dumps({name: ONE}), f'{{"{name}": "<principal:1>"}}')
        for name in ("principalId", "clientId", "objectId", "oid", "userId")
    ),
    (
        json.dumps({"text": json.dumps({"tenantId": ONE})}),
        r'{"text": "{\"tenantId\": \"<tenant:1>\"}"}',
    ),
    (f"{ONE} {TWO} {ONE}", "<guid:1> <guid:2> <guid:1>"),
    (ONE.replace("-", ""), "<guid:1:n>"),
    (f"LocalUpload/{ONE.replace('-', '')}/x", f"LocalUpload/{ONE.replace('-', '')}/x"),
]
RULES = [
    ("proxy https://jo:sesame@proxy:8080/", "proxy https://<key:1>@proxy:8080/"),
    ('{"expires_on": "1930366000"}', f'{{"expires_on": "{FAR}"}}'),
    ('{"expiresOn":1930366000}', f'{{"expiresOn":{FAR}}}'),
    ('{"exp": 1930366000}', f'{{"exp": {FAR}}}'),
    (
        '{"operation": "a1", "request": "0123456789abcdef"}',
        '{"operation": "a1", "request": "0000000000000000"}',
    ),
    ('{"etag": "0x8DC12"}', f'{{"etag": "{ETAG}"}}'),
    ('{"key": "mlflow.user", "value": "Jo Doe"}', '{"key": "mlflow.user", "value": "<user:1>"}'),
    (
        '{"path": "/home/jo/x", "b": "/Users/jo/x"}',
        '{"path": "/home/<user:1>/x", "b": "/Users/<user:1>/x"}',
    ),
    ("of jo@contoso.com", "of <mail:1>"),
    ("python (Linux-6.8.0-1021-azure-x86_64-with-glibc2.36)", "python (Linux)"),
    ("at 127.0.0.1:43211 and localhost:8080", "at 127.0.0.1:9 and 127.0.0.1:9"),
    ("from https://github.com/jo/private.git here", "from recorded-repository here"),
    ("from git@github.com:jo/private.git", "from recorded-repository"),
    ('{"a": 1, "azureml.git.dirty": "True"}', '{"a": 1}'),
    ('{"mlflow.source.git.branch": "x", "a": 1}', '{"a": 1}'),
    ("?sv=1&sig=abcd%3D&se=2", "?sv=1&sig=<signature>&se=2"),
    (
        "?next=https%3A%2F%2Fa%3Fsig%3Dabcd%26se%3D2",
        "?next=https%3A%2F%2Fa%3Fsig%3D<signature>%26se%3D2",
    ),
    ("?t=1&c=0123456789abcdefX", "?t=1&c=<signature>"),
    ("?code=0123456789abcdefX", "?code=<signature>"),
    ('{"key": "rosaambertealrosaambertealrosaamber"}', '{"key": "<key:1>"}'),
    (f"<AccountKey>{PLAIN}</AccountKey>", "<AccountKey><key:1></AccountKey>"),
    ("a=b&client_secret=rosa&c=d", "a=b&client_secret=<key:1>&c=d"),
    ("Authorization: SharedKeyLite rosa:teal", "Authorization: SharedKeyLite <key:1>"),
    ("Authorization: Basic rosa", "Authorization: Basic <key:1>"),
    (
        ".".join(["eyJhbGciOiJub25lIn0", "eyJhdWQiOiJodHRwczovL21sLmF6dXJlLmNvbSJ9", "x"]),
        "<token:https://ml.azure.com>",
    ),
]
MOMENTS = [
    ("on 2031-03-04", "on 2009-02-13"),
    ("2031-03-04T05:06:07Z", "2009-02-13T23:16:40Z"),
    ("2031-03-04 05:06:07.12", "2009-02-13 23:16:40.78"),
    ("se=2031-03-04T05%3A06%3A07Z", "se=2009-02-13T23%3A16%3A40Z"),
    ("on 2030-01-01T00:00:00Z", "on 2030-01-01T00:00:00Z"),
    ("20310304T050607Z", "20090213T231640Z"),
    ("20300101T000000Z", "20300101T000000Z"),
    ("Tue, 04 Mar 2031 05:06:07 GMT", "Fri, 13 Feb 2009 23:16:40 GMT"),
    ("t=640500123456789012", "t=633701926000000000"),
    ("at 1930366000", "at 1234567000"),
    ("at 1930366000123", "at 1234567000789"),
    ("at 1930366000.5", "at 1234567000.7"),
    ("at 1893456000", "at 1893456000"),
    ("job-1930367000", "job-<run:timestamp>"),
]


def scrubbed(text: str) -> str:
    """The text as a recording of that moment would have it."""
    return Scrubber(timestamp="1930367000", window=Window.around(NOW, NOW)).scrub(text)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_value_under_this_name_is_a_secret(name: str) -> None:
    """Whatever it looks like, in JSON and in JSON within JSON."""
    told = json.dumps({name: PLAIN})

    assert scrubbed(told) == json.dumps({name: "<key:1>"})
    assert PLAIN not in scrubbed(json.dumps({"text": told}))


@pytest.mark.parametrize("name", PEOPLE)
def test_a_value_under_this_name_is_a_person(name: str) -> None:
    """A name has no shape of its own; what it stands under tells."""
    assert scrubbed(json.dumps({name: "Jo Doe"})) == json.dumps({name: "<user:1>"})


@pytest.mark.parametrize(("text", "clean"), IDS)
def test_an_id_is_what_its_place_says(text: str, clean: str) -> None:
    """Subscription, tenant, principal, or an id of something; a hash of an upload is none."""
    assert scrubbed(text) == clean


@pytest.mark.parametrize(("text", "clean"), RULES)
def test_the_rule(text: str, clean: str) -> None:
    """One place where a secret, a person, a machine or a checkout shows."""
    assert scrubbed(text) == clean


def test_headers_that_are_kept_are_scrubbed() -> None:
    """A version tag differs at every recording and says nothing; URLs in headers carry secrets."""
    told = {
        "ETag": '"0x8DC12"',
        "Location": "https://a.test/o?sig=abcd",
        "Last-Modified": f"{NOW:%a, %d %b %Y %H:%M:%S} GMT",
        "x-ms-request-id": ONE,
    }

    assert Scrubber().headers(told, KEPT_RESPONSE_HEADERS) == {
        "etag": f'"{ETAG}"',
        "last-modified": "Fri, 13 Feb 2009 23:16:40 GMT",
        "location": "https://a.test/o?sig=<signature>",
    }


@pytest.mark.parametrize(("text", "clean"), MOMENTS)
def test_a_moment_near_the_recording_is_one_moment(text: str, clean: str) -> None:
    """In every form dates come in; moments far from the recording are facts and stay."""
    assert scrubbed(text) == clean
