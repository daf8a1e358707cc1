"""The page is well-formed, complete, self-contained, and cannot be broken by what it shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.report import html as page_module
from harness.report.html import page, write_html
from harness.report.run_record import Absent, RunRecord, RunRecordError, write
from harness.report.verdict import GROUNDS

RUNS = ["passed_run", "failed_run", "cassette_run", "hostile_run"]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Tags, text and nesting of a page, as a browser's tokenizer sees them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.misnested: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and that it is open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost open tag, or note that this is another one."""
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        """Collect what a reader sees."""
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read on the page."""
        return "".join(self.texts)


@pytest.fixture(params=RUNS)
def record(request: pytest.FixtureRequest) -> RunRecord:
    """Each sample run in turn."""
    found: RunRecord = request.getfixturevalue(request.param)
    return found


def test_the_page_is_well_formed(record: RunRecord) -> None:
    """Every tag is closed in order, ids are unique, and every SVG is XML."""
    text = page(record)
    parsed = Page(text)
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]

    assert parsed.misnested + parsed.open == []
    assert len(ids) == len(set(ids))
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(drawing)


def test_the_page_loads_nothing(record: RunRecord) -> None:
    """No script, no image, no address outside the folder; the browser is told to forbid it too."""
    text = page(record)
    tags = Page(text).tags
    links = [a.get("href") or a.get("src") or "" for _, a in tags if "href" in a or "src" in a]

    assert {"script", "img", "iframe", "object", "base"}.isdisjoint(tag for tag, _ in tags)
    assert not [link for link in links if ":" in link and link != "data:,"]
    assert not [link for link in links if link.startswith(("/", "..", "//"))]
    assert not [name for _, a in tags for name in a if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_hostile_text_is_shown_as_text(hostile_run: RunRecord) -> None:
    """A `<script>` in any field is read on the page and run by nobody."""
    text = page(hostile_run)

    assert "<script" not in text
    assert "<img" not in text
    assert "\x00" not in text
    assert "\x1b" not in text
    assert text.count("</style>") == 1
    assert "<script>alert(1)</script>" in Page(text).text


def test_the_error_is_shown_in_full(hostile_run: RunRecord) -> None:
    """All of a 10 kB error can be read."""
    assert "E" * 10_240 in Page(page(hostile_run)).text


def test_all_nine_steps_are_shown(record: RunRecord) -> None:
    """Each step has its row, its title and its state as a word."""
    parsed = Page(page(record))
    rows = [a for tag, a in parsed.tags if tag == "li" and str(a.get("id")).startswith("step-")]

    assert [f"step-{n}" for n in range(1, 10)] == [row["id"] for row in rows]
    assert [step.status for step in record.steps] == [row["class"] for row in rows]
    for step in record.steps:
        assert step.title.replace("\x00", "\ufffd").split("\ufffd")[0] in parsed.text


def test_a_skipped_step_names_and_links_its_cause(failed_run: RunRecord) -> None:
    """Steps 6, 7 and 8 say that step 5 failed; the reader never has to guess."""
    parsed = Page(page(failed_run))
    causes = [a for tag, a in parsed.tags if tag == "a" and a.get("href") == "#step-5"]

    assert len(causes) == 3
    assert parsed.text.count("Skipped: it needs step 5, Fine-tune job, which failed.") == 3


def test_the_first_screen_says_who_broke_it_and_what_to_type(failed_run: RunRecord) -> None:
    """Verdict, cause, consequence and next commands stand before the first section."""
    first = Page(page(failed_run).split("<section")[0]).text

    assert "Step 5, fine-tune job, failed on the twin." in first
    assert "JobFailed: keen_sail_p1x ended as Failed" in first
    assert "Steps 6, 7 and 8 were skipped because of it." in first
    assert f"Next: python -m harness sweep reports/{failed_run.run}" in first
    assert "az ml" not in first
    assert "1 left" in first


def test_the_first_screen_of_a_green_run(passed_run: RunRecord) -> None:
    """One sentence, nothing left, the time."""
    first = Page(page(passed_run).split("<section")[0]).text

    assert "All nine steps passed on the twin." in first
    assert "0 left" in first
    assert "3 deleted, each seen to be gone" in first
    assert "1 min 09 s" in first


@pytest.mark.parametrize("target", ["twin", "azure", "cassette"])
def test_every_claim_says_where_it_was_made(passed_run: RunRecord, target: str) -> None:
    """Every section's heading, the verdict and the title carry the target."""
    text = page(replace(passed_run, target=target))  # type: ignore[arg-type]  # a str here, a Literal there
    ground = GROUNDS[target]  # type: ignore[index]  # a str here, a Literal there
    headings = re.findall(r"<h[12].*?</h[12]>", text, re.DOTALL)

    assert len(headings) > 8
    assert [heading for heading in headings if ground.place not in heading] == []
    assert ground.place in text.split("</title>")[0]
    assert ground.proves in Page(text).text
    assert ground.leaves_open in Page(text).text


def test_every_leftover_and_every_proof_is_shown(failed_run: RunRecord) -> None:
    """What still exists comes with why and how to remove it; what is gone comes with its proof.

    `az` reaches nothing that is in the twin.
    """
    text = Page(page(failed_run)).text

    for left in failed_run.leftovers:
        assert all(part in text for part in (left.kind, left.name, left.why))
        assert left.command not in text
        assert left.command in Page(page(replace(failed_run, target="azure"))).text
    assert f"Remove what is left: python -m harness sweep reports/{failed_run.run}" in text
    for thing in failed_run.deleted:
        assert thing.name in text
        assert all(proof in text for proof in thing.proof)


def test_what_was_never_there_is_shown_with_its_proof(passed_run: RunRecord) -> None:
    """It is no deletion, and that it is not there was seen all the same."""
    absent = (Absent("compute", "refused", ("GET answers 404",)),)
    text = Page(page(replace(passed_run, deleted=(), absent=absent))).text

    assert "Asked for, and never there: compute refused ✓ GET answers 404" in " ".join(text.split())
    assert "nothing to delete" not in text


def test_a_deletion_without_proof_is_not_called_proven(passed_run: RunRecord) -> None:
    """The page never says more than was seen."""
    unproven = replace(passed_run.deleted[0], proof=())
    text = Page(page(replace(passed_run, deleted=(unproven, *passed_run.deleted[1:])))).text

    assert "3 deleted, 1 without proof" in text
    assert "each seen to be gone" not in text


def test_one_bar_an_exchange(passed_run: RunRecord) -> None:
    """The waterfall draws every exchange listed; the refused and the lost one stand out."""
    classes = [a.get("class") for tag, a in Page(page(passed_run)).tags if tag == "rect"]

    assert len(passed_run.exchange_log) - 2 == classes.count("answered")
    assert (classes.count("refused"), classes.count("broken")) == (1, 1)
    assert "scoring.invoke · 200 · " in page(passed_run)


def test_parts_without_data_are_left_out(cassette_run: RunRecord) -> None:
    """A replay without training has no training section, and says what its latency is."""
    text = Page(page(cassette_run)).text

    assert "train loss fell" not in text
    assert "Not measured now: this is the latency at the recording" in text
    assert "Nothing was created, so there was nothing to delete." in text


def test_a_diverged_loss_is_told_and_not_drawn(passed_run: RunRecord) -> None:
    """A NaN loss breaks neither the page nor the truth."""
    assert passed_run.training is not None
    points = ((1.0, 5.0), (2.0, float("nan")), (3.0, None), (4.0, float("inf")))
    text = page(replace(passed_run, training=replace(passed_run.training, train_loss=points)))

    assert "3 losses were not finite" in text
    assert not re.search(r'="[^"]*\b(nan|inf)\b', text)


def test_a_record_that_contradicts_itself_says_so_on_the_page(passed_run: RunRecord) -> None:
    """`outcome: passed` does not turn a failed step green."""
    steps = (*passed_run.steps[:8], replace(passed_run.steps[8], status="failed", error="409"))
    text = Page(page(replace(passed_run, steps=steps))).text

    assert "Step 9, delete everything, failed on the twin." in text
    assert "This record contradicts itself" in text


def test_the_page_is_written_where_asked(passed_run: RunRecord, tmp_path: Path) -> None:
    """A folder gets an `index.html`, nothing else; a second write replaces the first."""
    write(tmp_path / "run.json", passed_run)

    out = write_html(tmp_path / "run.json", tmp_path / "made" / "here")
    write_html(tmp_path / "run.json", tmp_path / "made" / "here")

    assert out == tmp_path / "made" / "here" / "index.html"
    assert [out] == list(out.parent.iterdir())
    assert page(passed_run) == out.read_text(encoding="utf-8")


def test_an_unreadable_record_makes_no_page(tmp_path: Path) -> None:
    """A wrong record raises and leaves no file that looks like a report."""
    (tmp_path / "run.json").write_text("{}")

    with pytest.raises(RunRecordError, match="steps: missing"):
        write_html(tmp_path / "run.json", tmp_path)

    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize("palette", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_text_colour_can_be_read(palette: int) -> None:
    """Words reach the WCAG AA contrast of 4.5 on every surface, in light, dark and print."""
    css = Path(page_module.__file__).with_name("page.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", b)) for b in css.split(":root {")[1:]]
    colours = blocks[palette]
    surfaces = ["paper", "sheet", "code"]
    words = ["ink", "quiet", "good", "bad", "warn", "train", "eval"]
    pairs = [(word, on) for word in words for on in surfaces[: 3 if word == "ink" else 2]]
    pairs += [("ink", "bad-soft"), ("bad", "bad-soft"), ("ink", "bin")]
    dull = [(a, b) for a, b in pairs if _contrast(colours[a], colours[b]) < 4.5]

    assert len(blocks) == 3
    assert dull == []


def _contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast ratio of two hex colours, 1 to 21."""
    bright, dim = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
