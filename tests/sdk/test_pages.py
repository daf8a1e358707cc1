"""Pages to look at: complete without any other file, and nothing in them is markup by accident."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from harness.sdk.diff import Compared, machine
from harness.sdk.html import page
from harness.sdk.row import Import, Row
from harness.sdk.runs import Ran
from harness.sdk.table import html
from harness.wire_diff.change import Change

FINE = Import("", 2.0, (), "", 3.0, ())
BROKEN = replace(FINE, error="ImportError: <module 'six'>", culprits=("six is used",))
ROW = Row("1.34.1", "2026-07-15", BROKEN, FINE, ("six",), Ran("passed", 80, 20.0, "", "", ()))


def test_a_comparison_is_a_page() -> None:
    """Each change under its severity, with where, both values and the reason."""
    wire = (Change("field added", 5, "job.submit", "body.<x>", "", '"&"'),)
    behaviour = (Change("answer changed", where="job_status", before="a", after="b"),)
    found = Compared(ROW, replace(ROW, version="1.35.2"), wire, behaviour, ("x 1 -> 2",), (78, 79))

    text = page(json.loads(machine(found)))

    assert "<h1>azure-ai-ml 1.34.1 → 1.35.2</h1>" in text
    assert text.index("<h2>breaking</h2>") < text.index("job_status") < text.index("<h2>risky</h2>")
    assert "<td>job.submit (step 5)</td><td>field added body.&lt;x&gt;</td><td>absent</td>" in text
    assert "<h2>harmless</h2>" not in text
    assert "1 breaking, 1 risky, 0 harmless; 78 calls before, 79 after." in text
    assert "x 1 -&gt; 2" in text
    assert "the twin" in text


def test_the_matrix_is_a_page() -> None:
    """A row a release, and what stands in the way below."""
    text = html([ROW])

    assert "<td>does not import: ImportError: &lt;module 'six'&gt;</td>" in text
    assert "<li>1.34.1: six is used</li>" in text


def test_pages_load_nothing() -> None:
    """No script, no address; the browser is told to refuse as well."""
    for text in (html([ROW]), page(json.loads(machine(Compared(ROW, ROW, (), (), (), (1, 1)))))):
        assert re.findall(r"<script|https?://|src=|url\(", text) == []
        assert "default-src 'none'" in text
