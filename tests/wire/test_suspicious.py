"""What still looks like a secret after scrubbing refuses the recording: each kind, no more."""

from __future__ import annotations

import base64
import random
import string

import pytest

from harness.wire.suspicious import suspects

DRAWN = random.Random(5)
MIXED = string.ascii_letters + string.digits


def drawn(count: int, of: str = MIXED) -> str:
    """Random text, drawn at run time: no key stands in this file."""
    return "".join(DRAWN.choice(of) for _ in range(count))


def looks(value: object, field: str = "note") -> list[str]:
    """What a value in an answer looks like, by kind."""
    entry = {"operation": "job.get", "response": {"body": {"json": {field: value}}}}
    return [suspect.looks_like for suspect in suspects(entry)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"eyJ{'x' * 12}.{'y' * 12}", "a token"),
        ("?sp=r&sig=abcde", "a signature"),
        ("?next=a%3Fsig%3Dabcde", "a signature"),
        (f"-----BEGIN {'EC PRIVATE'} KEY-----", "a private key"),
        (f"of {drawn(40, '0123456789abcdef')}", "a long hexadecimal key"),
        (f"is {drawn(43)}=", "a key"),
        ([{"deep": drawn(44)}], "a key"),
        ({drawn(44): 1}, "a key"),
    ],
)
def test_a_secret_of_this_kind_is_suspicious(text: object, kind: str) -> None:
    """Anywhere in an entry, in a list, as a value or as a name."""
    assert looks(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "?sp=r&sig=<signature>",
        "/subscriptions/<subscription:1>/resourceGroups/a-long-name-of-a-group-2031",
        f"azureml/LocalUpload/{drawn(64, '0123456789abcdef')}/train.jsonl",
        f"sha256:{drawn(64, '0123456789abcdef')}",
        "<block:0123456789ab>",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        "chatCompletionPipelineComponentOfTheRegistry",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA1",
        "A1b2A1b2A1b2A1b2A1b2A1b2",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "Abcdefghijklmnopqrst0123456789uvwxyz",
    ],
)
def test_what_is_none_passes(text: str) -> None:
    """References, hashes where they belong, and the names people give."""
    assert looks(text) == []


@pytest.mark.parametrize("field", ["sha256", "etag"])
def test_a_hash_is_where_it_belongs(field: str) -> None:
    """An upload is kept as its hash, and a service's tag for a version is no secret."""
    assert looks(drawn(64, "0123456789abcdef"), field) == []
    assert looks(drawn(64, "0123456789abcdef"), f"{field}x") == ["a long hexadecimal key"]


def test_binary_is_looked_into() -> None:
    """Base64 looks like a key and is none; what it hides may be one."""
    noise = bytes(DRAWN.randrange(128, 256) for _ in range(60))
    hidden = noise + b" ?sig=abcdef " + noise

    assert looks(base64.b64encode(noise).decode(), "base64") == []
    assert looks(base64.b64encode(hidden).decode(), "base64") == ["a signature"]


def test_a_suspect_says_where_it_is_and_shows_little() -> None:
    """Operation, field, and four characters."""
    key = drawn(44)
    (found,) = suspects({"operation": "job.get", "request": {"body": {"a": [1, {"b": key}]}}})

    assert (found.operation, found.field) == ("job.get", "request.body.a[1].b")
    assert found.shown == f"{key[:4]}..."
