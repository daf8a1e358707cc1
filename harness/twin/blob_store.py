"""The twin's storage account: blobs are plain files under root/<container>/<blob name>.

The engine reads and writes these files directly, so a file nobody uploaded is a valid blob.
Everything else (metadata, uncommitted blocks, unfinished uploads, the account key) lies under
root/.meta, which no container can be called.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import shutil
import threading
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from harness.twin.blob_access import Account, account_sas, blob_sas
from harness.twin.blob_errors import BlobError, full_disk
from harness.twin.blob_files import Upload, as_path, names_below
from harness.twin.blob_records import Record, Records

_CONTAINER = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}|\$(root|web|logs)")
_TICKS_1970 = 621_355_968_000_000_000  # .NET ticks (100 ns) from year 1 to 1970


@dataclass(frozen=True)
class Blob:
    """One blob as it is now. `modified` in ns since 1970, `size` in bytes."""

    container: str
    name: str
    path: Path
    size: int
    modified: int
    record: Record

    @property
    def etag(self) -> str:
        """Quoted; the time of change in .NET ticks, in hexadecimal, as recorded ones are."""
        return f'"0x{_TICKS_1970 + self.modified // 100:X}"'


class BlobStore:
    """The storage account of one twin. Safe to use from many threads.

    `workspace` is the ARM id of the workspace; the default container's name derives from it.
    """

    def __init__(self, root: Path, workspace: str = "") -> None:
        self.root = root
        self._meta = root / ".meta"
        self._meta.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._meta.chmod(0o700)  # the account key is in it
        for name in ("uploads", "blocks", "odd"):
            (self._meta / name).mkdir(parents=True, exist_ok=True)
        self._records = Records(self._meta / "records.sqlite")
        self._lock = threading.RLock()
        self._account = Account("twinstore", _kept_key(self._meta / "account.key"))
        guid = uuid.uuid5(uuid.NAMESPACE_URL, workspace.lower())
        self.workspace_container = f"azureml-blobstore-{guid}"
        self.artifact_container = "azureml"
        for container in (self.workspace_container, self.artifact_container):
            self.folder(container).mkdir(exist_ok=True)

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account.name

    @property
    def key(self) -> str:
        """The account key, Base64. Never log it."""
        return self._account.key

    @property
    def credentials(self) -> Account:
        """Name and key together, to check requests with."""
        return self._account

    def folder(self, container: str) -> Path:
        """Where the container's blobs lie. Raises BlobError when no container can be called so."""
        if not _CONTAINER.fullmatch(container) or len(container) > 63:
            raise BlobError("InvalidResourceName", f"container name {container!r}")
        return self.root / container

    def account_sas(self, hours: float, permissions: str = "rcuwdl") -> str:
        """A signature for the whole account, without `?`; letters as recorded listSecrets."""
        now = datetime.now(UTC)
        return account_sas(
            self._account,
            now - timedelta(minutes=10),
            now + timedelta(hours=hours),
            permissions,
        )

    def signed_url(
        self, container: str, blob: str, hours: float = 8, permissions: str = "r"
    ) -> str:
        """An https URL that opens one blob without other credentials."""
        now = datetime.now(UTC)
        start, expiry = now - timedelta(minutes=10), now + timedelta(hours=hours)
        query = blob_sas(self._account, container, blob, start, expiry, permissions)
        host = f"{self.account}.blob.core.windows.net"
        return f"https://{host}/{container}/{quote(blob)}?{query}"

    def create_container(self, container: str) -> None:
        """Raises BlobError ContainerAlreadyExists."""
        try:
            self.folder(container).mkdir()
        except FileExistsError:
            raise BlobError("ContainerAlreadyExists") from None

    def need_container(self, container: str) -> Path:
        """Its folder. Raises BlobError ContainerNotFound."""
        folder = self.folder(container)
        if not folder.is_dir():
            raise BlobError("ContainerNotFound")
        return folder

    def find(self, container: str, name: str) -> Blob | None:
        """The blob as it is now, or None. Raises BlobError ContainerNotFound."""
        self.need_container(container)
        record = self._records.get(container, name)
        path = self._path(container, name, odd=bool(record and record.odd))
        return self._seen(container, name, path, record) if path else None

    def get(self, container: str, name: str) -> Blob:
        """As `find`. Raises BlobError BlobNotFound."""
        blob = self.find(container, name)
        if blob is None:
            raise BlobError("BlobNotFound")
        return blob

    def md5(self, blob: Blob) -> str | None:
        """Base64 MD5 of the content; computed once for a file that was written from outside."""
        if blob.record.stamp == (blob.modified, blob.size):
            return blob.record.md5
        with blob.path.open("rb") as file:
            found = base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
        fresh = replace(blob.record, stamp=(blob.modified, blob.size), md5=found, blocks=[])
        self._records.put(blob.container, blob.name, fresh)
        return found

    def blobs(self, container: str, prefix: str = "") -> list[Blob]:
        """The blobs whose name starts with prefix, by name."""
        folder = self.need_container(container)
        names = {*names_below(folder, prefix), *self._records.odd_names(container)}
        found = (self.find(container, name) for name in sorted(names) if name.startswith(prefix))
        return [blob for blob in found if blob]

    def upload(self) -> Upload:
        """Somewhere to write a body to; `put` or `stage` makes something of it."""
        return Upload(self._meta / "uploads" / uuid.uuid4().hex)

    def put(
        self,
        upload: Upload,
        container: str,
        name: str,
        record: Record,
        *,
        only_new: bool = False,
    ) -> Blob:
        """Make the upload the blob's content, whole or not at all; its blocks are dropped.

        Raises BlobError ContainerNotFound, or BlobAlreadyExists when `only_new` and it does.
        """
        self.need_container(container)
        with self._lock, full_disk():
            if only_new and self.find(container, name):
                raise BlobError("BlobAlreadyExists")
            path = as_path(self.folder(container), name)
            target = path or self._odd(container, name)
            kept = replace(record, stamp=upload.finish(), odd=path is None)
            self._records.put(container, name, kept)  # first: a record without a file is no blob
            upload.move_to(target)
            shutil.rmtree(self._blocks(container, name), ignore_errors=True)
        return self.get(container, name)

    def stage(self, upload: Upload, container: str, name: str, block: str) -> None:
        """Keep the upload as an uncommitted block. `block` is its Base64 id."""
        self.need_container(container)
        with full_disk():
            upload.finish()
            upload.move_to(self._blocks(container, name) / _block_file(block))

    def put_blocks(
        self,
        container: str,
        name: str,
        blocks: list[tuple[str, str]],
        record: Record,
        *,
        only_new: bool = False,
    ) -> Blob:
        """Make a blob of blocks: (where to look: Latest, Uncommitted or Committed; Base64 id).

        Raises BlobError InvalidBlockList when one is unknown.
        """
        upload = self.upload()
        with self._lock, upload, full_disk():
            sizes = []
            for where, block in blocks:
                path, offset, size = self._block(container, name, where, block)
                upload.append_file(path, offset, size)
                sizes.append((block, size))
            whole = replace(record, blocks=sizes)
            return self.put(upload, container, name, whole, only_new=only_new)

    def set_metadata(self, blob: Blob, metadata: dict[str, str]) -> Blob:
        """Replace the metadata; time of change and ETag move on, the content stays."""
        with self._lock:
            md5, now = self.md5(blob), time.time_ns()
            os.utime(blob.path, ns=(now, now))
            record = replace(blob.record, metadata=metadata, md5=md5, stamp=(now, blob.size))
            self._records.put(blob.container, blob.name, record)
        return self.get(blob.container, blob.name)

    def delete(self, container: str, name: str) -> None:
        """Raises BlobError BlobNotFound."""
        with self._lock:
            blob = self.get(container, name)
            blob.path.unlink()
            self._records.delete(container, name)
            shutil.rmtree(self._blocks(container, name), ignore_errors=True)

    def close(self) -> None:
        """Close what is open; the blobs stay."""
        self._records.close()

    def _path(self, container: str, name: str, odd: bool) -> Path | None:
        path = self._odd(container, name) if odd else as_path(self.folder(container), name)
        return path if path and path.is_file() else None

    def _seen(self, container: str, name: str, path: Path, record: Record | None) -> Blob | None:
        try:
            seen = path.stat()
        except FileNotFoundError:
            return None  # deleted since we looked
        return Blob(container, name, path, seen.st_size, seen.st_mtime_ns, record or Record())

    def _block(self, container: str, name: str, where: str, block: str) -> tuple[Path, int, int]:
        """Where a block's bytes are: file, offset, size."""
        staged = self._blocks(container, name) / _block_file(block)
        if where != "Committed" and staged.is_file():
            return staged, 0, staged.stat().st_size
        blob = self.find(container, name)
        if blob and where != "Uncommitted" and blob.record.stamp == (blob.modified, blob.size):
            offset = 0
            for known, size in blob.record.blocks:
                if known == block:
                    return blob.path, offset, size
                offset += size
        raise BlobError("InvalidBlockList")

    def _blocks(self, container: str, name: str) -> Path:
        return self._meta / "blocks" / _digest(container, name)

    def _odd(self, container: str, name: str) -> Path:
        return self._meta / "odd" / _digest(container, name)


def _digest(container: str, name: str) -> str:
    return hashlib.sha256(f"{container}/{name}".encode("utf-8", "surrogatepass")).hexdigest()


def _block_file(block: str) -> str:
    """A file name for a block id. Raises BlobError when it is not one (Base64, 64 bytes)."""
    try:
        raw = base64.b64decode(block, validate=True)
    except ValueError:
        raw = b""
    if not 0 < len(raw) <= 64:
        raise BlobError("InvalidQueryParameterValue", f"blockid={block}")
    return raw.hex()


def _kept_key(path: Path) -> str:
    """The account key of this state folder, made at its first start; readable by the owner only."""
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(64)).decode())
    return path.read_text()
