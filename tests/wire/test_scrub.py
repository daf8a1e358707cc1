"""Scrubbing: no planted secret gets through, twice is as once, and matches stay matches."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CassetteError
from harness.wire.canonical import key_of
from harness.wire.draft import drafted
from harness.wire.references import FAR, audience, expand, reference_of, stand_in
from harness.wire.scrub import KEPT_REQUEST_HEADERS, Scrubber

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
secrets = st.text(ALPHABET, min_size=24, max_size=60)
guids = st.uuids(version=4).map(str)
names = st.from_regex(r"[a-z]{3,12}", fullmatch=True)


def jwt(claims: dict[str, object], signature: str) -> str:
    """A token as a service signs it."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=")
        for p in ({"alg": "RS256", "typ": "JWT"}, claims)
    ]
    return ".".join([*parts, signature])


PLACES = [  # every place where the SDK or the service was seen to put a secret
    lambda s: json.dumps({"primaryKey": s, "secondaryKey": f"{s}2"}),
    lambda s: json.dumps({"primaryKey": s}, separators=(",", ":")),
    lambda s: json.dumps({"secretsType": "AccountKey", "key": f"{s}{s}=="}),
    lambda s: json.dumps({"properties": {"credentials": {"secrets": {"clientSecret": s}}}}),
    lambda s: json.dumps({"text": json.dumps({"primary_key": s, "n": [1]})}),
    lambda s: json.dumps({"a": json.dumps({"b": json.dumps({"access_token": s})})}),
    lambda s: json.dumps({"sasToken": f"?sv=2023-11-03&sr=b&sp=r&sig={s}%3D"}),
    lambda s: json.dumps({"logs": f"https://a.blob.core.windows.net/c/x.txt?sp=r&sig={s}"}),
    lambda s: json.dumps({"u": f"https://a.blob.core.windows.net/c?sp=r&sig={s}"}).replace(
        "&", "\\u0026"
    ),
    lambda s: f"2026-11-22 INFO GET https://a.blob.core.windows.net/c/x?se=2&sig={s} took 3 ms",
    lambda s: f"https://a.blob.core.windows.net/c/x?comp=block&sig={s}&se=1",
    lambda s: f"https://b/?next={quote(f'https://a/c?sp=r&sig={s}', safe='')}",
    lambda s: f"https://management.azure.com/o/1?api-version=1&t=1&c={s}&s={s}&h={s}",
    lambda s: f"https://f.azurewebsites.net/api/x?code={s}",
    lambda s: f"grant_type=client_credentials&client_id=x&client_secret={s}&scope=y",
    lambda s: f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={s};EndpointSuffix=z",
    lambda s: f"Authorization: Bearer {s}",
    lambda s: f"Authorization: SharedKey account:{s}",
    lambda s: f"<UserDelegationKey><Value>{s}</Value></UserDelegationKey>",
    lambda s: f"<Keys><PrimaryKey>{s}</PrimaryKey></Keys>",
    lambda s: json.dumps({"access_token": jwt({"aud": "https://ml.azure.com", "x": s}, s)}),
    lambda s: f"the token was {jwt({'aud': 'https://management.azure.com', 'oid': s}, s)}",
    lambda s: f"git clone https://user:{s}@example.com/x/y.git",
    lambda s: f"proxy https://user:{s}@example.com:8080/",
    lambda s: json.dumps({"properties": {"mlflow.source.git.repoURL": f"https://h/{s}/r.git"}}),
    lambda s: json.dumps({"remote": f"git@github.com:{s}/r.git"}),
    lambda s: json.dumps({"createdBy": s, "systemData": {"lastModifiedBy": s}}),
    lambda s: json.dumps({"mail": f"{s}@example.com"}),
    lambda s: f"Traceback: File /home/{s}/run.py",
    lambda s: json.dumps({"path": f"/Users/{s}/data"}),
]


@pytest.mark.parametrize("place", PLACES)
@given(secret=secrets)
def test_a_planted_secret_never_gets_through(place, secret: str) -> None:
    """Whatever the value: in JSON, JSON in JSON, URLs, forms, XML, tokens, logs, people, paths."""
    assert secret not in Scrubber().scrub(place(secret))


@given(secret=secrets)
def test_headers_are_kept_by_name(secret: str) -> None:
    """Tokens, cookies and user agents have no way in: only named headers are kept."""
    given = {
        "Authorization": f"Bearer {secret}",
        "Cookie": f"session={secret}",
        "x-azureml-token": secret,
        "x-new-secret-header": secret,
        "User-Agent": f"azsdk Python (Linux-6.1-{secret})",
        "Content-Type": "application/json",
    }

    kept = Scrubber().headers(given, KEPT_REQUEST_HEADERS)

    assert kept == {"content-type": "application/json"}


def test_a_secret_of_an_unknown_kind_refuses_the_recording(message) -> None:
    """Nothing is written, and the error names operation, field and what to add where."""
    found = message("GET", "WS", answer={"newField": "q8Zr2Kd91mVbX4tLw7Jc0sNyPfGh3Ua6"})

    with pytest.raises(CassetteError) as refused:
        drafted([found], Scrubber())

    text = str(refused.value)
    assert "workspace.get, response.body.json.newField: looks like a key (q8Zr...)" in text
    assert "GUARDED_NAMES" in text


TEXTS = st.one_of(
    [st.builds(place, secrets) for place in PLACES]
    + [
        guids,
        st.builds(lambda g: f"/subscriptions/{g}/resourceGroups/x", guids),
        st.builds(lambda g: json.dumps({"tenantId": g, "id": g.replace("-", "")}), guids),
        st.datetimes().map(lambda moment: moment.isoformat()),
        st.integers(1_700_000_000, 1_900_000_000).map(str),
        st.text(),
    ]
)


@given(st.lists(TEXTS, min_size=1, max_size=5).map(" ".join))
def test_scrubbing_is_idempotent(text: str) -> None:
    """Scrubbed twice is scrubbed once, with the same scrubber and with a fresh one."""
    scrubber = Scrubber()
    once = scrubber.scrub(text)

    assert scrubber.scrub(once) == once
    assert Scrubber().scrub(once) == once


@given(st.lists(TEXTS, min_size=1, max_size=5).map(" ".join))
def test_a_replay_leads_back_to_what_was_recorded(text: str) -> None:
    """Stand-ins in place of references scrub to the references again: a match stays a match."""
    recorded = Scrubber().scrub(text)

    assert Scrubber().scrub(expand(recorded)) == recorded


@given(one=st.tuples(guids, guids, secrets, names), two=st.tuples(guids, guids, secrets, names))
def test_two_recordings_of_one_request_are_alike(one, two) -> None:
    """Other ids, keys and signatures, the same key; another name or api-version, another key."""

    def key(ids, name: str, version: str):
        scrubber = Scrubber()
        url = f"https://h/subscriptions/{ids[0]}/x/{name}?sig={ids[2]}&api-version={version}"
        body = json.dumps({"principalId": ids[1], "primaryKey": ids[2], "of": ids[0]})
        return key_of("PUT", scrubber.scrub(url), scrubber.scrub(body))

    name = one[3]
    assert key(one, name, "1") == key(two, name, "1")
    assert key(one, name, "1") != key(two, name, "2")
    assert key(one, name, "1") != key(two, f"{name}x", "1")


@given(one=guids, two=guids)
def test_identity_survives(one: str, two: str) -> None:
    """Equal ids get equal references, others get others, with and without dashes."""
    scrubbed = Scrubber().scrub(f"{one} {two} {one} {one.replace('-', '')}").split()

    assert scrubbed[0] == scrubbed[2]
    assert scrubbed[3] == f"{scrubbed[0][:-1]}:n>"
    assert (scrubbed[0] == scrubbed[1]) == (one == two)


@pytest.mark.parametrize(
    "reference",
    ["<subscription:1>", "<tenant:12>", "<guid:3:n>", "<made:4>", "<key:5>", "<user:6>"],
)
def test_a_stand_in_leads_back(reference: str) -> None:
    """A stand-in is a pure function of its reference, and the reference of it."""
    kind, _, name = reference[1:-1].partition(":")

    assert reference_of(stand_in(kind, name)) == reference


def test_a_stand_in_token_is_for_the_same_audience_and_lasts() -> None:
    """The SDK decodes the token and compares `aud`; nothing in it ever expires."""
    token = stand_in("token", "https://ml.azure.com")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    assert audience(token) == claims["aud"] == "https://ml.azure.com"
    assert claims["exp"] == FAR > 4e9
