"""`python -m harness data`: what it writes, says and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.dataset.rules import BY_NAME, RULES

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "ultrachat_sample"


def row(number: int) -> str:
    """A good row."""
    messages = [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": "Yes"}]
    return json.dumps({"messages": messages})


GOOD = "\n".join(row(number) for number in range(40)) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good file and one with three faults."""
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "good.jsonl").write_text(GOOD)
    (tmp_path / "chats" / "bad.jsonl").write_text(GOOD + '{"messages":[]}\n{"a\n' + row(1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sample_that_ships_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four splits, unchanged byte for byte, with a picture of each and its hash."""
    code = main(["data", str(SAMPLE), "--to", str(tmp_path), "--columns", "prompt", "prompt_id"])

    said = capsys.readouterr().out
    assert code == 0
    for split in ("train_sft", "test_sft", "train_gen", "test_gen"):
        name = f"{split}.jsonl"
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes()
        assert f"{name}: all rows: " in said
    assert "train_sft.jsonl: 600 rows, 0.3 MB" in said
    assert "█" in said


def test_every_file_gets_its_turn(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One is refused with all its faults, the other is written; the exit code is 1."""
    code = main(["data", "chats", "--to", "out"])

    told = capsys.readouterr()
    assert code == 1
    assert "chats/bad.jsonl:41: messages: no-messages: it is empty" in told.err
    assert "(sed -n 41p chats/bad.jsonl shows the first line)" in told.err
    assert "bad.jsonl:42: not-json: " in told.err
    assert "bad.jsonl:43: messages: same-messages: the same as in line 2" in told.err
    assert "--drop leaves out no-messages" in told.err
    assert sorted(path.name for path in (here / "out").iterdir()) == ["data.json", "good.jsonl"]


def test_a_second_time_nothing_is_made_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that the file is already there."""
    for _ in range(2):
        assert main(["data", "chats/good.jsonl", "--to", "out"]) == 0

    assert "40 rows, already there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "rows"),
    [(["--first", "11"], 11), (["--first", "50%"], 20), (["--sample", "13", "--seed", "1"], 13)],
)
def test_a_part_can_be_taken(here: Path, options: list[str], rows: int) -> None:
    """The first rows or percent, or a sample."""
    assert main(["data", "chats/good.jsonl", "--to", "out", *options]) == 0

    assert len((here / "out" / "good.jsonl").read_text().splitlines()) == rows


def test_drop_and_allow(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the component drops is left out, what is allowed stays; both are counted."""
    (here / "a.jsonl").write_text(f"{GOOD}\nnull\n{row(3)}\n")

    code = main(["data", "a.jsonl", "--to", "out", "--drop", "--allow", "same-messages"])

    said = capsys.readouterr().out
    assert code == 0
    assert "left out, as the component would: blank-line 1, no-messages 1" in said
    assert "kept although a rule is broken: same-messages 1" in said
    assert (here / "out" / "a.jsonl").read_text() == GOOD + row(3) + "\n"


def test_check_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good data is pictured, broken data refused."""
    assert main(["data", "chats", "--check", "--splits", "good"]) == 0
    assert "good.jsonl: 40 rows" in capsys.readouterr().out
    assert main(["data", "chats", "--check", "--show", "1"]) == 1
    assert "... and 2 more" in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["chats"]


@pytest.mark.parametrize("todo", [["--to", "out"], ["--check"]])
def test_preview_shows_the_first_rows(
    here: Path, capsys: pytest.CaptureFixture[str], todo: list[str]
) -> None:
    """As a table, of what was written or looked at."""
    assert main(["data", "chats/good.jsonl", *todo, "--preview"]) == 0

    assert "'content': '4?'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl", "--check"], "there is no nowhere.jsonl. Next: ls ."),
        (["notes.txt", "--check"], "mv -n notes.txt notes.jsonl"),
        (["chats.jsonl.gz", "--check"], "unpack it: gunzip -k chats.jsonl.gz"),
        (["packed", "--to", "out"], "has no .jsonl or .parquet among a.jsonl.gz. Next: ls packed"),
    ],
)
def test_a_source_that_is_none_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """With the next thing to type; nothing is written."""
    (here / "packed").mkdir()
    for name in ("notes.txt", "chats.jsonl.gz", "packed/a.jsonl.gz"):
        (here / name).write_bytes(b"")

    assert main(["data", *arguments]) == 1

    said = capsys.readouterr().err
    assert words in said
    assert "Next: " in said
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--check looks at every row, --to FOLDER writes"),
        (["-", "--check"], "standard input is not read"),
        (["chats", "--check", "--to", "out"], "--check, which looks at every row and writes"),
        (["chats", "--check", "--to", "out"], "and --to exclude each other"),
        (
            ["chats", "--to", "out", "--first", "5", "--sample", "5"],
            "--first, and --sample exclude",
        ),
        (["chats", "--check", "--first", "5"], "and --first exclude each other"),
        (["chats", "--check", "--sample", "5"], "and --sample exclude each other"),
        (["chats", "--check", "--allow", "not-json"], "that cannot be allowed. Next: one of blank"),
        (["chats", "--check", "--allow", "same-mesages"], "(did you mean same-messages?). Next: "),
        (["chats", "--check", "--splits", "other"], "chats has no other. Next: one of bad, good"),
        (["chats", "--to", "out", "--splits", "god"], "has no god (did you mean good?). Next: "),
        (["--check", "--splits", "train"], "has no train (did you mean train_"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Exit code 2, and what may have been meant; nothing is written."""
    assert main(["data", *arguments]) == 2

    said = capsys.readouterr().err
    assert words in said
    assert "Next: " in said
    assert not (here / "out").exists()


SHAREGPT = '{"id":"%d","conversations":[{"from":"human","value":"Why?"}]}\n'
ARRAY = "[\n" + GOOD.replace("}\n", "},\n").rstrip(",\n") + "\n]\n"


@pytest.mark.parametrize(
    ("data", "words", "hint"),
    [
        (
            "".join(SHAREGPT % number for number in range(12)).encode(),
            "no-messages: there is no such column, only 'id', 'conversations'\n",
            "name the column that holds the chats messages",
        ),
        (
            ARRAY.encode(),
            "is one JSON array, not a row",
            "jq -c '.[]' ./-a.jsonl > ./-a-lines.jsonl",
        ),
        (json.dumps(json.loads(ARRAY)).encode(), "is one JSON array", "jq -c '.[]' ./-a.jsonl"),
        (GOOD.encode("utf-16"), "is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 ./-a.jsonl"),
        (GOOD.encode("utf-16-le"), "is UTF-16LE, not", "iconv -f UTF-16LE -t UTF-8 ./-a.jsonl"),
        (b"", "0 row(s) are left, 10 are needed", "the file is empty"),
        (row(1).encode() + b"\n", "1 row(s) are left", "put more rows into -a.jsonl"),
        (
            (GOOD + '{"a":"\n').encode(),
            "not-json: Invalid control character at character 7",
            "corr",
        ),
        ((GOOD + "{}\n").encode(), "no such column, only {}", "correct what is told above (sed"),
        ((GOOD + "7\n").encode(), "not-an-object", "correct what is told above (sed -n 41p ./-a"),
    ],
)
def test_what_a_file_is_instead(
    here: Path, capsys: pytest.CaptureFixture[str], data: bytes, words: str, hint: str
) -> None:
    """What it is, and the command that helps, also where a name begins with a dash."""
    (here / "-a.jsonl").write_bytes(data)

    assert main(["data", "--check", "--", "-a.jsonl"]) == 1

    said = capsys.readouterr().err
    assert words in said
    assert f"Next: {hint}" in said
    assert "at at" not in said
    whole = any(each in said for each in ("is one JSON array", "is UTF-16"))
    assert len(said.splitlines()) == 3 or not whole, said


@pytest.mark.parametrize("arguments", [["--check"], ["--to", "out"]])
def test_nothing_to_drop_is_not_offered(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Where no row has messages, to leave them out leaves nothing."""
    (here / "a.jsonl").write_text(SHAREGPT % 1 * 12)

    assert main(["data", "a.jsonl", *arguments]) == 1

    assert "--drop" not in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--sample", "--first"])
def test_more_than_there_is_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """All rows are taken; also when they are there already."""
    for _ in range(2):
        assert main(["data", "chats/good.jsonl", "--to", "out", option, "1000"]) == 0
        said = capsys.readouterr().out
        assert "note: 1,000 rows were asked for, and there are only 40: these are all" in said


@pytest.mark.parametrize("value", ["0", "101%", "0%", "x", "-1"])
def test_a_share_that_is_none(here: Path, value: str) -> None:
    """argparse refuses it."""
    with pytest.raises(SystemExit):
        main(["data", "chats", "--to", "out", f"--first={value}"])


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, with what the component does."""
    assert main(["data", "--rules"]) == 0

    said = capsys.readouterr().out
    assert all(rule.name in said and rule.says in said for rule in RULES)


@pytest.mark.parametrize("rule", sorted(BY_NAME))
def test_the_docs_have_the_rule(rule: str) -> None:
    """docs/data.md has each rule with the words and the component's answer of the one list."""
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    entry = BY_NAME[rule]

    assert f"| `{rule}` | {entry.says} | {entry.component} |" in page


def test_the_docs_have_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """What --help lists is explained."""
    with pytest.raises(SystemExit):
        main(["data", "--help"])
    listed = {word.strip("[],") for word in capsys.readouterr().out.split() if "--" in word[:3]}
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")

    assert "--to" in listed
    assert [option for option in sorted(listed - {"--help"}) if f"`{option}" not in page] == []
