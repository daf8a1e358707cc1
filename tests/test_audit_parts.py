"""What the audit is made of: where texts come from, what the scanner is told, and no network."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path

import pytest

from harness.audit import __main__ as audit
from harness.audit import scanner
from harness.audit.texts import Text, texts_of
from harness.errors import NetworkError

HASH = "0f1e2d3c4b5a6978" * 4


def kinds(name: str, value: str) -> list[str]:
    """What the scanner finds in a text of that name."""
    return [kind for kind, _ in scanner.hits(Text("#1 job.get", "", name, value))]


@pytest.fixture
def cassette(tmp_path: Path):
    """Texts of a file with one interaction and a header."""

    def read(body: object, header: object = None) -> dict[str, str]:
        file = tmp_path / "1.json"
        told = {"provenance": header, "interactions": [{"response": {"body": body}}]}
        file.write_text(json.dumps(told))
        return {text.name: text.value for text in texts_of(file) if text.name}

    return read


def test_the_name_beside_a_value_tells_what_it_is() -> None:
    """A password looks like any word; the scanner knows it by its name."""
    assert kinds("adminPassword", "rosa-amber-9") == ["Secret Keyword"]
    assert kinds("remark", "rosa-amber-9") == []


def test_a_false_alarm_is_one_name_with_one_kind_of_value() -> None:
    """A hash under the name of a hash is none; under another name, or of another length, it is."""
    assert kinds("sha256", HASH) == []
    assert "Hex High Entropy String" in kinds("remark", HASH)
    assert "Hex High Entropy String" in kinds("sha256", HASH[:40])


def test_a_value_in_a_list_of_names_and_values_has_its_name(cassette) -> None:
    """As MLflow's tags and services' settings come."""
    assert cassette([{"name": "adminPassword", "value": "x"}])["adminPassword"] == "x"
    assert cassette([{"key": "token", "value": "y"}])["token"] == "y"


def test_binary_is_looked_into(cassette) -> None:
    """A body kept as base64 is read as what it holds."""
    hidden = base64.b64encode(b"\xff password=rosa").decode()

    assert cassette({"base64": hidden})["binary"] == "\xff password=rosa"


def test_the_header_is_looked_at_too(cassette) -> None:
    """What was measured and kept stands there, as texts of the wire."""
    assert cassette({}, {"kept": {"note": "here"}})["note"] == "here"


def test_the_audit_has_no_network(monkeypatch, tmp_path: Path) -> None:
    """Some plugins of the scanner could ask a service whether a key is valid: never with ours."""
    monkeypatch.setattr(audit, "audited", lambda _: socket.create_connection(("127.0.0.1", 9)))

    with pytest.raises(NetworkError):
        audit.main([str(tmp_path)])
