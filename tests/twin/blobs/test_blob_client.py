"""The real azure-storage-blob client against the twin's blob service, over TLS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Scenario = Callable[..., Any]


def test_one_file(with_sdk: Scenario, service: Any) -> None:
    """A file goes up, keeps its metadata, is not overwritten unless asked, and comes back."""
    seen = with_sdk("one_file", service)

    assert seen["before"] == [404, "BlobNotFound"]
    assert seen["metadata"] == {"upload_status": "completed", "name": "n", "version": "1"}
    assert (seen["size"], seen["md5"]) == (5, "XUFAKrxLKna5cZ2REBfFkg==")
    assert seen["again"] == [409, "BlobAlreadyExists"]
    assert seen["etag_moved"]
    assert seen["text"] == "longer"
    assert seen["made_twice"] == [409, "ContainerAlreadyExists"]


def test_folder_of_forty_files(with_sdk: Scenario, service: Any) -> None:
    """Forty files from eight threads all arrive and are listed in order, in pages, by folder."""
    seen = with_sdk("folder", service)

    names = sorted(f"data/part{number % 4}/{number:03}.txt" for number in range(40))
    assert seen["names"] == names
    assert [int(number) for number in seen["metadata"]] == [int(n[-7:-4]) for n in names]
    assert seen["part1"] == [name for name in names if "part1" in name]
    assert seen["walked"] == [f"data/part{number}/" for number in range(4)]


def test_seventy_megabytes_stay_flat(
    with_sdk: Scenario, serve: Callable[..., Any], tmp_path: Path
) -> None:
    """70 MB in blocks come back byte for byte, and the server's memory grows by less than 30."""
    service = serve(tmp_path)
    before = _resident_mebibytes(service.pid)

    seen = with_sdk("in_blocks", service, megabytes=70)

    assert seen == {"whole": True, "middle": True, "size": 70 << 20}
    assert _resident_mebibytes(service.pid) - before < 30
    assert not list((tmp_path / ".meta" / "blocks").iterdir())
    assert not list((tmp_path / ".meta" / "uploads").iterdir())


def test_block_lists(with_sdk: Scenario, service: Any) -> None:
    """The list's order counts, committed blocks may be used again, an unknown one is refused."""
    seen = with_sdk("block_lists", service)

    assert seen["first"] == "cccaaabbb"
    assert seen["second"] == seen["after"] == "dddccc"
    assert seen["unknown"] == [400, "InvalidBlockList"]


def test_refusals(with_sdk: Scenario, service: Any) -> None:
    """Wrong, expired, too narrow or missing credentials are refused in Azure's words; ours pass."""
    seen = with_sdk("refusals", service)

    assert seen == {
        "wrong_key_sas": [403, "AuthenticationFailed"],
        "expired_sas": [403, "AuthenticationFailed"],
        "no_read": [403, "AuthorizationPermissionMismatch"],
        "wrong_key": [403, "AuthenticationFailed"],
        "blob_sas_of_other": [403, "AuthenticationFailed"],
        "blob_sas": [],
        "account_key": [],
        "nothing": [401, "NoAuthenticationInformation"],
    }


def test_full_disk(with_sdk: Scenario, serve: Callable[..., Any], tmp_path: Path) -> None:
    """A full disk is told at once, not retried, and leaves no half blob and no rubbish."""
    seen = with_sdk("full_disk", serve(tmp_path, file_limit=4 << 20))

    assert seen["whole"] == seen["joined"] == [413, "RequestBodyTooLarge"]
    assert seen["names"] == []
    assert not list((tmp_path / ".meta" / "uploads").iterdir())


def test_conditions(with_sdk: Scenario, service: Any) -> None:
    """Content type, odd names, stale ETags, empty blobs, deletion and a missing container."""
    seen = with_sdk("conditions", service)

    assert seen == {
        "type": "application/octet-stream",
        "stale": [412, "ConditionNotMet"],
        "empty": "",
        "deleted": [],
        "gone": [404, "BlobNotFound"],
        "no_container": [404, "ContainerNotFound"],
    }


def _resident_mebibytes(pid: int) -> float:
    """The most a process ever held in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
