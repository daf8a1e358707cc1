"""The audit: what is planted is found and not shown, what ships is clean, all is read."""

from __future__ import annotations

import base64
import json
import random
import shutil
import string
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.audit.__main__ import CASSETTES, main
from harness.wire.references import SIGNATURE, stand_in

SHIPPED = CASSETTES / "finetune_chat"
DRAWN = random.Random(3)


def letters(count: int, of: str = string.ascii_letters + string.digits) -> str:
    """Random text, drawn at run time: no key stands in this file."""
    return "".join(DRAWN.choice(of) for _ in range(count))


def jwt() -> str:
    """A token as Entra ID issues them."""
    claims = {"aud": "https://management.azure.com", "exp": 1795400000, "oid": str(uuid.uuid4())}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), letters(86)])


def key(size: int) -> str:
    """A key as storage accounts, endpoints and workspaces have them."""
    return base64.b64encode(DRAWN.randbytes(size)).decode()


PRIVATE = f"-----BEGIN {'RSA PRIVATE'} KEY-----\n{letters(64)}\n-----END {'RSA PRIVATE'} KEY-----"
HEADER, QUERY = "request.headers", "request.uri"
BODY, NESTED, ANSWER = "request.body", "request.body.text", "response.body.json"
GUID = str(uuid.UUID(int=DRAWN.getrandbits(128), version=4))
SAS = key(32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
ACCOUNT, PRIMARY, CLIENT = key(64), key(32), f"{letters(3)}8Q~{letters(34)}"
CANARIES: dict[str, tuple[str, str, str, str]] = {  # name: where, text, secret in it, kind
    "bearer": (f"{HEADER}.authorization", f"Bearer {(t := letters(60))}", t, "key or password"),
    "jwt in a header": (f"{HEADER}.range", (t := jwt()), t, "token"),
    "jwt in a query": (QUERY, f"https://a.test/b?t={(t := jwt())}", t, "token"),
    "sas in a query": (QUERY, f"https://a.test/b?sv=2024&sig={SAS}&se=1", SAS, "signature"),
    "sas in an answer": (f"{ANSWER}.blobUri", f"https://a.test/b?sig={SAS}", SAS, "signature"),
    "account key": (
        f"{BODY}.connection",
        f"AccountName=a;AccountKey={ACCOUNT};EndpointSuffix=core.windows.net",
        ACCOUNT,
        "key or password",
    ),
    "account key without a name": (f"{ANSWER}.note", ACCOUNT, ACCOUNT, "key"),
    "primary key": (f"{ANSWER}.primaryKey", PRIMARY, PRIMARY, "key or password"),
    "e-mail": (f"{ANSWER}.owner", "of jo.doe@contoso.com", "jo.doe@contoso.com", "e-mail"),
    "client secret in a form": (BODY, f"a=b&client_secret={CLIENT}", CLIENT, "key or password"),
    "form after a line break": (
        f"{ANSWER}.text",
        f"a\nclient_secret={CLIENT}",
        CLIENT,
        "key or password",
    ),
    "github token": (f"{ANSWER}.log", f"as ghp_{(t := letters(36))}", t, "GitHub Token"),
    "private key": (f"{ANSWER}.file", PRIVATE, PRIVATE, "private key"),
    "password": (f"{BODY}.adminPassword", (t := f"{letters(9)}!{letters(9)}"), t, "password"),
    "key of no known kind": (f"{ANSWER}.remark", (t := key(24)), t, "key"),
    "slack token": (f"{ANSWER}.hook", f"xox{'b'}-{(t := '1234567890-' + letters(24))}", t, "Slack"),
    "aws key": (f"{ANSWER}.id", (t := "AKIA" + letters(16, string.ascii_uppercase)), t, "AWS"),
    "nested json": (NESTED, json.dumps({"a": {"primaryKey": PRIMARY}}), PRIMARY, "key or"),
    "json in json in json": (
        f"{ANSWER}.text",
        json.dumps({"b": json.dumps({"secondaryKey": PRIMARY})}),
        PRIMARY,
        "key or password",
    ),
    "subscription": (QUERY, f"https://a.test/subscriptions/{GUID}/b", GUID, "subscription id"),
    "tenant": (f"{ANSWER}.tenantId", GUID, GUID, "tenant id"),
    "principal": (f"{ANSWER}.principalId", GUID, GUID, "principal id"),
    "id of something": (f"{ANSWER}.remark", f"see {GUID}", GUID, " id "),
    "user name": (f"{ANSWER}.createdBy", "Jo Doe", "Jo Doe", "user name"),
    "host kernel": (f"{ANSWER}.agent", "py (Linux-6.8.0-1021-azure-x86_64)", "-1021-", "kernel"),
    "git remote": (f"{ANSWER}.of", "https://github.test/jo/private.git", "jo/private", "git"),
    "header that is never kept": (
        f"{HEADER}.x-ms-secret",
        "a",
        "x-ms-secret",
        "header that is never kept",
    ),
    "secret as a name": (f"{ANSWER}.{PRIMARY.replace('.', '')}", "a", PRIMARY, "key"),
}


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str, str], Path]:
    """A copy of a shipped cassette with a text planted in its first entry with a JSON answer."""

    def plant(where: str, text: str) -> Path:
        folder = tmp_path / "planted"
        folder.mkdir()
        told = json.loads((SHIPPED / "6_registered.json").read_text())
        entry = next(e for e in told["interactions"] if "json" in e["response"]["body"])
        *places, last = where.split(".", 3)
        value: dict[str, Any] = entry
        for place in places:
            if not isinstance(value.get(place), dict):
                value[place] = {}
            value = value[place]
        value[last] = text
        (folder / "6_registered.json").write_text(json.dumps(told))
        return folder

    return plant


@pytest.mark.parametrize("canary", CANARIES)
def test_a_planted_secret_is_found_and_not_shown(canary: str, planted, capsys) -> None:
    """In a header, a query, a body, JSON in JSON: exit 1, file, place and kind, four characters."""
    where, text, secret, kind = CANARIES[canary]

    assert main([str(planted(where, text))]) == 1
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith("planted/6_registered.json")]
    assert rows
    assert all(where[:14] in row for row in rows)
    assert any(kind in row for row in rows)
    assert secret not in out or canary == "header that is never kept"


def test_what_ships_is_clean(capsys) -> None:
    """Nine files, thousands of texts, nothing found."""
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("9 files, ")


@pytest.mark.parametrize(
    "text",
    [
        "<key:1> <subscription:1> <token:https://ml.azure.com>",
        stand_in("token", "https://ml.azure.com"),
        f"of {stand_in('key', '2')} and",
        f"https://a.test/b?sig={SIGNATURE}",
        f"/subscriptions/{stand_in('subscription', '1')}/resourceGroups/x",
    ],
)
def test_stand_ins_are_what_belongs_there(text: str, planted, capsys) -> None:
    """References and what a replay answers in their place, the unsigned token too, are no finds."""
    assert main([str(planted(f"{ANSWER}.text", text))]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [b'{"version": 1, "interac', b"\xff\xfe\x00", b"a: yaml\n", b""]
)
def test_an_unreadable_file_is_no_clean_file(content: bytes, tmp_path: Path, capsys) -> None:
    """Nobody knows what is in it: exit 2, and the others are audited all the same."""
    shutil.copy(SHIPPED / "6_registered.json", tmp_path)
    (tmp_path / "7.json").write_bytes(content)

    assert main([str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert "7.json cannot be audited" in told.err
    assert "Next: " in told.err
    assert told.out.startswith("1 files, ")


def test_a_folder_without_files_is_no_clean_folder(tmp_path: Path, capsys) -> None:
    """A misspelt folder does not pass."""
    assert main([str(tmp_path / "casettes")]) == 2
    assert main([str(tmp_path)]) == 2
    assert "Next: " in capsys.readouterr().err
