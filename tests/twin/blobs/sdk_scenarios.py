"""What the real azure-storage-blob client does with the service; each writes a JSON value.

Run by the SDK's Python, not by pytest: sdk_scenarios.py '{"name": ..., "url": ..., ...}'.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobBlock,
    BlobServiceClient,
    ContentSettings,
    generate_account_sas,
    generate_blob_sas,
)

ACCOUNT = "twinstore"


def client(asked: dict[str, Any], credential: Any = None) -> BlobServiceClient:
    """A client that does not retry, so that a refusal is seen at once."""
    key = {"account_name": ACCOUNT, "account_key": asked["key"]}
    return BlobServiceClient(
        asked["url"], credential or key, connection_verify=asked["ca"], retry_total=0
    )


def sas(asked: dict[str, Any], letters: str = "rcuwdl", hours: float = 1, key: str = "") -> str:
    """An account signature made by the client library itself."""
    return generate_account_sas(
        ACCOUNT,
        key or asked["key"],
        resource_types="co",
        permission=letters,
        expiry=datetime.now(UTC) + timedelta(hours=hours),
    )


def code_of(call: Any) -> list[Any]:
    """Status and error code with which the call was refused, [] when it was not."""
    try:
        call()
    except HttpResponseError as error:
        return [error.status_code, str(getattr(error.error_code, "value", error.error_code))]
    return []


def one_file(asked: dict[str, Any], **_: Any) -> Any:
    """Upload as the ML SDK does, then read it back."""
    container = client(asked, sas(asked)).create_container("one")
    blob = container.get_blob_client("LocalUpload/abc/train.jsonl")
    before = code_of(blob.get_blob_properties)
    blob.upload_blob(b"hello", overwrite=False)
    blob.set_blob_metadata({"upload_status": "completed", "name": "n", "version": "1"})
    seen = blob.get_blob_properties()
    again = code_of(lambda: blob.upload_blob(b"other", overwrite=False))
    over = blob.upload_blob(b"longer", overwrite=True)
    return {
        "before": before,
        "metadata": seen.metadata,
        "size": seen.size,
        "md5": base64.b64encode(seen.content_settings.content_md5).decode(),
        "again": again,
        "etag_moved": over["etag"] != seen.etag,
        "text": blob.download_blob().readall().decode(),
        "made_twice": code_of(container.create_container),
    }


def folder(asked: dict[str, Any], **_: Any) -> Any:
    """Forty files from eight threads, with MD5, then listed in three ways."""
    container = client(asked, sas(asked)).create_container("folder")

    def put(number: int) -> None:
        container.upload_blob(
            f"data/part{number % 4}/{number:03}.txt",
            f"file {number}".encode(),
            validate_content=True,
            metadata={"number": str(number)},
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(40)))
    flat = list(container.list_blobs(include=["metadata"], results_per_page=7))
    return {
        "names": [blob.name for blob in flat],
        "metadata": [blob.metadata["number"] for blob in flat],
        "part1": [blob.name for blob in container.list_blobs("data/part1/")],
        "walked": [item.name for item in container.walk_blobs("data/", delimiter="/")],
    }


def in_blocks(asked: dict[str, Any], megabytes: int, **_: Any) -> Any:
    """A large file in 4 MiB blocks over parallel connections, then parts of it and all of it."""
    data = Random(1).randbytes(megabytes << 20)
    blob = client(asked, sas(asked)).create_container("large").get_blob_client("weights.bin")
    blob.upload_blob(data, max_concurrency=8)
    middle = blob.download_blob(offset=5_000_000, length=1000).readall()
    whole = blob.download_blob(max_concurrency=4).readall()
    return {
        "whole": hashlib.sha256(whole).hexdigest() == hashlib.sha256(data).hexdigest(),
        "middle": middle == data[5_000_000:5_001_000],
        "size": blob.get_blob_properties().size,
    }


def block_lists(asked: dict[str, Any], **_: Any) -> Any:
    """Blocks committed in another order, again, and with one that was never sent."""
    blob = client(asked).create_container("blocks").get_blob_client("pieces")
    for name in "abc":
        blob.stage_block(name, name.encode() * 3)
    blob.commit_block_list([BlobBlock(name) for name in "cab"], metadata={"kept": "yes"})
    first = blob.download_blob().readall().decode()
    blob.stage_block("d", b"ddd")
    blob.commit_block_list([BlobBlock(name) for name in "dc"])
    return {
        "first": first,
        "second": blob.download_blob().readall().decode(),
        "unknown": code_of(lambda: blob.commit_block_list([BlobBlock("zzz")])),
        "after": blob.download_blob().readall().decode(),
    }


def refusals(asked: dict[str, Any], **_: Any) -> Any:
    """Every way to be turned away."""
    owner = client(asked)
    owner.create_container("closed").upload_blob("it", b"secret")
    wrong = base64.b64encode(b"x" * 64).decode()
    tokens = {
        "wrong_key_sas": sas(asked, key=wrong),
        "expired_sas": sas(asked, hours=-1),
        "no_read": sas(asked, letters="w"),
        "wrong_key": {"account_name": ACCOUNT, "account_key": wrong},
        "blob_sas_of_other": _blob_sas(asked, "other"),
        "blob_sas": _blob_sas(asked, "it"),
        "account_key": {"account_name": ACCOUNT, "account_key": asked["key"]},
    }

    def read(token: Any) -> None:
        client(asked, token).get_blob_client("closed", "it").download_blob().readall()

    found = {name: code_of(lambda token=token: read(token)) for name, token in tokens.items()}
    anonymous = BlobServiceClient(asked["url"], connection_verify=asked["ca"], retry_total=0)
    found["nothing"] = code_of(
        lambda: anonymous.get_blob_client("closed", "it").download_blob().readall()
    )
    return found


def full_disk(asked: dict[str, Any], **_: Any) -> Any:
    """Uploads larger than the disk, in one request and in blocks."""
    container = client(asked, sas(asked)).create_container("small")
    big = container.get_blob_client("big")
    whole = code_of(lambda: big.upload_blob(bytes(6 << 20)))
    for name in "ab":
        big.stage_block(name, bytes(3 << 20))
    joined = code_of(lambda: big.commit_block_list([BlobBlock(name) for name in "ab"]))
    return {
        "whole": whole,
        "joined": joined,
        "names": [blob.name for blob in container.list_blobs()],
    }


def conditions(asked: dict[str, Any], **_: Any) -> Any:
    """ETags, content types and empty blobs."""
    container = client(asked).create_container("conditions")
    blob = container.get_blob_client("a b/ü.json")
    blob.upload_blob(b"{}", content_settings=ContentSettings(content_type="application/json"))
    etag = blob.get_blob_properties().etag
    blob.upload_blob(b"[]", overwrite=True)
    empty = container.get_blob_client("empty")
    empty.upload_blob(b"")
    nowhere = client(asked).get_blob_client("nope", "x")

    def stale() -> None:
        blob.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified).readall()

    return {
        "type": blob.get_blob_properties().content_settings.content_type,
        "stale": code_of(stale),
        "empty": empty.download_blob().readall().decode(),
        "deleted": code_of(empty.delete_blob),
        "gone": code_of(empty.delete_blob),
        "no_container": code_of(lambda: nowhere.upload_blob(b"")),
    }


def _blob_sas(asked: dict[str, Any], name: str) -> str:
    expiry = datetime.now(UTC) + timedelta(hours=1)
    return generate_blob_sas(
        ACCOUNT, "closed", name, account_key=asked["key"], permission="r", expiry=expiry
    )


if __name__ == "__main__":
    wish = json.loads(sys.argv[1])
    answer = globals()[wish["name"]](wish, **wish["more"])
    Path(sys.argv[2]).write_text(json.dumps(answer))
