"""Which workspace: the plan's names, else config.json's, else the environment's."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StepError
from harness.plan import Plan, Workspace
from harness.recipe.connect import _workspace_client

FILE = {"subscription_id": "sub-file", "resource_group": "group-file", "workspace_name": "ws-file"}


class Credential:
    """A credential nobody asks: choosing a workspace sends nothing."""

    def get_token(self, *scopes: str, **options: Any) -> None:
        """Never called here."""
        raise AssertionError(scopes)


def chosen(config: Path | None, **names: str) -> tuple[str, str, str]:
    """Subscription, group and name of the client for a plan with these names."""
    client = _workspace_client(Plan(workspace=Workspace(**names)), Credential(), config)
    return client.subscription_id, client.resource_group_name, str(client.workspace_name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a config.json."""
    (tmp_path / "config.json").write_text(json.dumps(FILE))
    return tmp_path


def test_config_json_names_the_workspace(folder: Path) -> None:
    """With nothing in the plan the file decides."""
    assert chosen(folder) == ("sub-file", "group-file", "ws-file")


def test_where_config_json_lies_is_not_printed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK says so before every table of preflight; whoever reads its logs still can."""
    logger = logging.getLogger("azure.ai.ml._ml_client")
    before = logger.level
    with caplog.at_level(logging.INFO, logger="azure.ai.ml"):
        chosen(folder)

    assert "Found the config file" not in caplog.text
    assert logger.level == before


def test_a_name_in_the_plan_is_not_overruled(folder: Path) -> None:
    """One name in the plan beats the file's; the other two stay the file's."""
    assert chosen(folder, name="ws-plan") == ("sub-file", "group-file", "ws-plan")


def test_the_environment_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the variables fill what the plan leaves empty."""
    for name in ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME"):
        monkeypatch.setenv(name, f"{name}-env")

    assert chosen(tmp_path, group="group-plan") == (
        "AZURE_SUBSCRIPTION_ID-env",
        "group-plan",
        "AZURE_WORKSPACE_NAME-env",
    )


def test_nothing_named_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists each variable that is missing."""
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    monkeypatch.setenv("AZURE_RESOURCE_GROUP", "group")
    monkeypatch.setenv("AZURE_WORKSPACE_NAME", "name")

    with pytest.raises(StepError, match=r"AZURE_SUBSCRIPTION_ID not set\. Next: export"):
        chosen(tmp_path)


@pytest.mark.parametrize("text", ["{", '{"Scope": "/nothing"}', "[]"])
def test_a_broken_file_is_not_taken_for_none(tmp_path: Path, text: str) -> None:
    """A config.json that cannot be used stops the run; the environment is not tried."""
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(StepError, match="was found but cannot be used"):
        chosen(tmp_path)
