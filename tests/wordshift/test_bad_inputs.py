"""Every bad input of the specification: one clear line, exit code 2, nothing left behind; and odd ones that work."""

from __future__ import annotations

import csv
import json

import pytest

from hotpapers.wordshift.text import reading


@pytest.fixture
def check_refused(run, texts, tmp_path):
    """Run a command and check that it ends as bad input must."""

    def check(*arguments: object, says: str, code: int = 2) -> None:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        done = run(*arguments)
        assert (done.code, done.out) == (code, ""), done
        assert done.err.startswith("hotpapers: ")
        assert done.err.count("\n") == 1, done.err
        assert says in done.err
        assert len(done.err) < 400
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    return check


OUT = ("-o", "out.svg", "-o", "out.html", "-o", "out.csv", "-o", "out.json")

CONTENTS = {
    "empty": (b"", "x.txt is empty"),
    "byte-order mark only": (b"\xef\xbb\xbf", "no words in x.txt"),
    "only punctuation": (b"... !? ---\n", "no words in x.txt: nothing in its 11 bytes is a token"),
    "only blanks": (b"  \r\n\t ", "no words in x.txt"),
    "NUL": (b"a\0b\0", "x.txt is a binary file (byte 1 is NUL)"),
    "PDF": (b"%PDF-1.7\n", "x.txt is a PDF file"),
    "zip": (b"PK\x03\x04....", "x.txt is a zip archive or office document"),
    "gzip without its name": (b"\x1f\x8b\x08....", "its name should end in .gz"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_files_that_are_no_text(check_refused, tmp_path, case):
    content, says = CONTENTS[case]
    (tmp_path / "x.txt").write_bytes(content)
    check_refused("graph", "x.txt", "b.txt", *OUT, says=says)
    check_refused("graph", "a.txt", "x.txt", *OUT, says=says)


TABLES = {
    "text for a count": ("word\tcount\nsea\t3\nship\tmany\n", "count of 'ship' is 'many', not a number"),
    "negative count": ("sea\t3\nship\t-1\n", "count of 'ship' is -1, not a finite number >= 0"),
    "NaN": ("sea\t3\nship\tnan\n", "count of 'ship' is nan"),
    "infinity": ("sea\t3\nship\tinf\n", "count of 'ship' is inf"),
    "three columns": ("sea\t3\t4\n", "row 1 has 3 fields"),
    "all zero": ("sea\t0\n", "x.tsv is empty"),
}


@pytest.mark.parametrize("case", TABLES)
def test_count_tables_that_are_none(check_refused, tmp_path, case):
    content, says = TABLES[case]
    (tmp_path / "x.tsv").write_text(content)
    check_refused("graph", "x.tsv", "b.txt", *OUT, says=says)


OPTIONS = {
    "no second text": (("a.txt",), "a second text is missing"),
    "not there": (("a.txt", "nowhere.txt"), "nowhere.txt does not exist"),
    "no file matches": (("a.txt", "*.nothing"), "no file matches *.nothing"),
    "top 0": (("a.txt", "b.txt", "--top", "0"), "--top 0: a number of words >= 1"),
    "negative contexts": (("a.txt", "b.txt", "--context", "-1"), "--context -1"),
    "negative alpha": (("a.txt", "b.txt", "--alpha", "-1"), "alpha -1.0: a finite number >= 0"),
    "alpha NaN": (("a.txt", "b.txt", "--alpha", "nan"), "alpha nan"),
    "base without logarithm": (("a.txt", "b.txt", "--alpha", "2", "--base", "10"), "base 10 has no meaning"),
    "base 1": (("a.txt", "b.txt", "--base", "1"), "a positive number other than 1"),
    "weights": (("a.txt", "b.txt", "--weights", "0.3,0.3"), "two numbers in [0, 1] that sum to 1"),
    "weights in words": (("a.txt", "b.txt", "--weights", "half"), "--weights 'half'"),
    "unknown measure": (("a.txt", "b.txt", "--measure", "jds"), "'jds' is not one of"),
    "sentiment without lexicon": (("a.txt", "b.txt", "--measure", "sentiment"), "needs a lexicon"),
    "unknown lexicon": (
        ("a.txt", "b.txt", "--measure", "sentiment", "--lexicon", "vadder"),
        "no lexicon 'vadder': nearest names VADER",
    ),
    "three lexicons": (("a.txt", "b.txt", *("--lexicon", "VADER") * 3), "3 lexicons were given"),
    "reference": (("a.txt", "b.txt", "--ref", "mean"), "--ref 'mean': a number, or average"),
    "support of a KLD": (("a.txt", "b.txt", "--measure", "kld"), "a.txt lacks 3 types of b.txt ('house', 'land'"),
    "lens upside down": (
        ("a.txt", "b.txt", "--measure", "sentiment", "--lexicon", "VADER", "--stop-lens", "2", "1"),
        "stop lens 2 to 1: its low end must not be above",
    ),
    "lens without lexicon": (("a.txt", "b.txt", "--stop-lens", "1", "2"), "a stop lens is a range of scores"),
    "stop words not there": (("a.txt", "b.txt", "--stop-words", "no.txt"), "no.txt: a text file in UTF-8"),
    "nothing left": (("a.txt", "b.txt", "--min-count", "1000"), "nothing is left of a.txt after the filters (min"),
    "no word of the lexicon": (
        ("a.txt", "b.txt", "--measure", "sentiment", "--lexicon", "VADER"),
        "nothing is left of a.txt after the filters (no score: 8 types)",
    ),
    "proportion with a reference": (("a.txt", "b.txt", "--measure", "proportion", "--ref", "1"), "takes no reference"),
    "level": (("a.txt", "b.txt", "--ci", "token", "--level", "95"), "level 95.0: a share between 0 and 1"),
    "reps": (("a.txt", "b.txt", "--ci", "token", "--reps", "0"), "reps=0"),
    "seed": (("a.txt", "b.txt", "--ci", "token", "--seed", "-1"), "seed -1: 0 or more"),
    "n-grams": (("a.txt", "b.txt", "--ngrams", "0"), "ngrams '0': give a number from 1 to 9"),
    "pattern": (("a.txt", "b.txt", "--pattern", "("), "pattern '('"),
    "encoding": (("a.txt", "b.txt", "--encoding", "utf-88"), "encoding 'utf-88' is unknown"),
    "memory limit": (("a.txt", "b.txt", "--memory-limit", "much"), "memory limit 'much': write it as 500MB"),
    "threads": (("a.txt", "b.txt", "--threads", "0"), "threads 0"),
    "a column of plain text": (("a.txt", "b.txt", "--group-col", "party"), "columns of groups or times part one"),
    "groups without a column": (("a.txt", "--groups", "D", "R"), "a second text is missing"),
    "standard input twice": (("-", "-"), "standard input can be text 1 or text 2, not both"),
}  # fmt: skip


@pytest.mark.parametrize("case", OPTIONS)
def test_options_that_can_not_be_used(check_refused, case):
    arguments, says = OPTIONS[case]
    check_refused("graph", *arguments, *OUT, says=says)


OUTPUTS = {
    "a kind that is none": (("-o", "out.docx"), "out.docx: accepted are .txt, .html, .svg"),
    "a format that is none": (("-o", "x", "--format", "svg,gif"), "--format 'gif': accepted are txt, html"),
    "a folder without kinds": (("-o", "x"), "x: accepted are .txt"),
    "kinds without a folder": (("-o", "x.svg", "--format", "png"), "--format goes with a folder"),
    "one file twice": (("-o", "x.svg", "-o", "x.svg"), "two outputs have the same name"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs_are_checked_before_any_work(check_refused, case):
    arguments, says = OUTPUTS[case]
    check_refused("graph", "nowhere.txt", "b.txt", *arguments, says=says)


TABLE = '{"t": "free roads", "g": "R"}\n{"t": "free schools", "g": "D"}\n'


def test_tables_of_text(check_refused, tmp_path):
    (tmp_path / "rows.jsonl").write_text(TABLE)
    (tmp_path / "damaged.jsonl").write_text(TABLE + "{")
    by = ("--text-col", "t", "--group-col", "g")
    check_refused(
        "graph", "rows.jsonl", "--text-col", "body", "--group-col", "g", says="no column 'body': it has t, g"
    )
    check_refused(
        "graph", "rows.jsonl", "--text-col", "t", "--group-col", "x", says="no column 'x': it has t, g"
    )
    check_refused("graph", "rows.jsonl", "--group-col", "g", says="need the column that holds text")
    check_refused("graph", "rows.jsonl", *by, "--groups", "R", "L", says="no group 'L': there are D, R")
    check_refused("graph", "rows.jsonl", "b.txt", says="rows.jsonl is a table: name its text column")
    check_refused("graph", "damaged.jsonl", *by, says="damaged.jsonl line 3 is not JSON")
    check_refused(
        "series", "rows.jsonl", *by, "--versus", "last", says="versus 'last': accepted are previous"
    )
    check_refused("series", "rows.jsonl", *by, "--by", "year", says="by 'year' needs a column of times")
    check_refused(
        "series", "rows.jsonl", "--text-col", "t", "--time-col", "g", "--by", "year", says="is no date"
    )
    check_refused("series", "a.txt", says="two texts or more are needed, here is one (a)")
    check_refused(
        "series", "rows.jsonl", *by, "--track", "free", "-o", "x.html", says="x.html: accepted are .svg"
    )
    check_refused("matrix", "a.txt", "a.txt", says="a.txt was given twice")
    check_refused("matrix", "rows.jsonl", *by, "-o", "x.html", says="x.html: accepted are .svg")


def test_lexicons_that_are_none(check_refused, tmp_path):
    (tmp_path / "nan.csv").write_text("word,score\nsea,1\nland,nan\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "one.csv").write_text("word\nsea\n")
    (tmp_path / "two.csv").write_text("word,score\nsea,1\nland,2\n")
    (tmp_path / "more.csv").write_text("word,score\nsea,1\nland,2\nship,3\n")
    for name, says in (
        ("nan.csv", "the score of 'land' is nan"),
        ("empty.csv", "empty.csv is empty"),
        ("one.csv", "one.csv has one column"),
    ):
        check_refused("graph", "a.txt", "b.txt", "--measure", "sentiment", "--lexicon", name, says=says)
    both = ("--measure", "sentiment", "--lexicon", "two.csv", "--lexicon", "more.csv")
    check_refused("graph", "a.txt", "b.txt", *both, says="1 types are scored by one lexicon only ('ship')")


def test_an_unreadable_file_of_a_folder_is_skipped_when_asked(run, check_refused, tmp_path):
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "good.txt").write_text("the sea\n")
    (tmp_path / "many" / "bad.txt").write_bytes(b"%PDF-1.7")
    check_refused("graph", "many", "b.txt", says="many/bad.txt is a PDF file")
    done = run("graph", "many", "b.txt", "--skip-errors")
    assert done.code == 0
    assert done.err == "hotpapers: note: left out: many/bad.txt is a PDF file: plain text is expected\n"


def test_odd_texts_that_work(run, texts, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_BLOCK", 64)  # a giant line at a small scale
    odd = {
        "one type": b"sea",
        "CRLF and byte-order mark": b"\xef\xbb\xbfthe sea\r\nthe ship\r\n",
        "cp1252": "the caf\xe9 and the sea\n".encode("cp1252"),
        "one giant line": b"the sea and " * 1000,
        "right to left, joiners, marks": "שלום کتاب‌ها नमस्ते क्षि 👩‍🚀\n".encode(),
        "signs": b"$sea$ $$ <script>alert(1)</script> a_b __proto__ =1+1\n",
        "a long word": b"x" * 300 + b" sea\n",
        "a stray NUL": b"the sea " * 40 + b"\0 the ship\n",
    }
    for name, content in odd.items():
        (tmp_path / "odd.txt").write_bytes(content)
        done = run("graph", "odd.txt", "b.txt", "--emoji", "--keep-punct", *OUT, "-o", "out.png")
        assert done.code == 0, (name, done.err)
        assert "Traceback" not in done.err
        assert "<script>alert" not in (tmp_path / "out.html").read_text()
        assert json.loads((tmp_path / "out.json").read_text())["table"]["type"]


def test_identical_and_disjoint_texts(run, texts, tmp_path):
    done = run("graph", "a.txt", "a.txt", *OUT, "-o", "out.png")
    assert "no difference between a.txt and a.txt" in done.out
    assert done.err == "hotpapers: note: both texts hold the same bytes: a.txt\n"
    assert "No difference" in (tmp_path / "out.svg").read_text()
    (tmp_path / "c.txt").write_text("some other words here\n")
    assert run("graph", "a.txt", "c.txt", "-o", "out.json").code == 0
    assert json.loads((tmp_path / "out.json").read_text())["meta"]["difference"] == pytest.approx(
        1, abs=1e-12
    )


def test_more_words_asked_for_than_there_are(run, texts, tmp_path):
    done = run("graph", "a.txt", "b.txt", "--top", "500", "-o", "out.svg", "-o", "out.csv")
    assert done.code == 0
    with (tmp_path / "out.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 8


def test_a_full_disk_leaves_the_file_that_was_there(run, texts, tmp_path, monkeypatch):
    assert run("graph", "a.txt", "b.txt", "-o", "out.svg").code == 0
    before = (tmp_path / "out.svg").read_bytes()

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "write_bytes", full)
    done = run("graph", "b.txt", "a.txt", "-o", "out.svg")
    assert (done.code, done.err) == (1, "hotpapers: cannot write out.svg: No space left on device\n")
    assert (tmp_path / "out.svg").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt", "out.svg"]
