"""The download itself, by `datasets` and huggingface_hub, from a hub on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import random
import subprocess
import sys
import termios
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest
from datasets import Dataset
from pyarrow import parquet

from tests.dataset.local_hub import LocalHub, serving

CHUNK = 10 << 20  # bytes; what huggingface_hub keeps of a connection that breaks are whole chunks
ONE, TWO = (f"data/train_sft-0000{at}-of-00002.parquet" for at in range(2))
TO = ("--to", "out")
CARD = b"""---
configs:
- config_name: default
  data_files:
  - split: train_sft
    path: data/train_sft-*
---
"""


def rows(first: int, count: int, size: int) -> Dataset:
    """Chats that no compression makes smaller, with messages of `size` letters."""
    draw = random.Random(first)
    return Dataset.from_list(
        [
            {
                "prompt_id": f"{number:064x}",
                "messages": [
                    {"content": f"{number} {draw.randbytes(size // 2).hex()}", "role": role}
                    for role in ("user", "assistant")
                ],
            }
            for number in range(first, first + count)
        ]
    )


def table(part: Dataset) -> bytes:
    """A parquet file, as it comes."""
    stream = io.BytesIO()
    whole: pa.Table = part.data.table
    parquet.write_table(whole, stream, compression="NONE", use_dictionary=False)
    return stream.getvalue()


@pytest.fixture(scope="module")
def parts() -> list[Dataset]:
    """Two shards, the first of them over a chunk."""
    return [rows(0, 60, 100_000), rows(60, 20, 1_000)]


def command(hub: LocalHub, folder: Path) -> tuple[int, str, str]:
    """Exit code, result, and words on a terminal, of the command as a user has it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = kept | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    ours, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "data", "org/chats", "--splits", "train_sft", *TO],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=slave,
    ) as running:
        os.close(slave)
        words = b"".join(iter(lambda: _read(ours), b""))
        said = running.stdout.read() if running.stdout else b""
    os.close(ours)
    return running.returncode, said.decode(), words.decode()


def _read(terminal: int) -> bytes:
    """What comes from a terminal; nothing when all who write to it have ended."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def test_a_download_that_breaks_goes_on_where_it_was(parts: list[Dataset], tmp_path: Path) -> None:
    """Within a command by range, in the next one by file; then all is there, with its hash.

    The first shard's connection is cut after eleven million bytes: the rest is asked for, not the
    whole. The second shard's is cut, and then refused: the command says so and leaves nothing half
    written. Repeated, it fetches only the second shard.
    """
    files = {"README.md": CARD, ONE: table(parts[0]), TWO: table(parts[1])}
    hub = LocalHub(files, cuts={ONE: [CHUNK + 500_000], TWO: [1_000, None]})
    with serving(hub):
        code, _, words = command(hub, tmp_path)

        assert code == 1, words
        assert hub.got(ONE) == ["", str(CHUNK)]
        assert hub.got(TWO) == ["", ""]
        assert "split train_sft of org/chats cannot be downloaded" in words
        assert "00000-of-00002.parquet: 100%" in words.replace("\r", "\n")  # its bar
        assert "run it again (files that have come whole are kept)" in words
        assert not list((tmp_path / "out").glob("*"))

        hub.asked.clear()
        code, said, words = command(hub, tmp_path)

    assert code == 0, words
    assert hub.got(ONE) == []
    assert hub.got(TWO) == [""]
    written = (tmp_path / "out" / "train_sft.jsonl").read_bytes()
    entry = json.loads((tmp_path / "out" / "data.json").read_text())["splits"]["train_sft"]
    assert written == b"".join(lines(part) for part in parts)
    assert entry["rows"] == 80
    assert entry["sha256"] == hashlib.sha256(written).hexdigest()
    assert entry["sha256"] in said


def lines(part: Dataset) -> bytes:
    """What to_json writes of it."""
    buffer = io.BytesIO()
    part.to_json(buffer)
    return buffer.getvalue()
