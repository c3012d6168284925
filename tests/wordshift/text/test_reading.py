"""Inputs: every form gives the same text, and what can't be used is refused in one line."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpapers.common.errors import FailureError
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text import reading as reading_module
from hotpapers.wordshift.text.columns import pieces, read_count_table
from hotpapers.wordshift.text.inputs import find_inputs
from hotpapers.wordshift.text.reading import Reading, decoded
from hotpapers.wordshift.text.tokens import TextWarning

TEXT = "Straße – naïve café\nsecond line\n"


def text_of(source, **options) -> str:
    reading = Reading(**options)
    inputs = find_inputs(source, tables=reading.text_col is not None)
    return "".join(piece.text for piece in pieces(inputs, reading))


def documents_of(source, **options) -> dict[str, str]:
    reading = Reading(**options)
    inputs = find_inputs(source, tables=reading.text_col is not None)
    return {piece.document: piece.text for piece in pieces(inputs, reading)}


def one_line(error) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".zst"])
def test_compressed_text_is_the_text(tmp_path, suffix):
    raw = TEXT.encode() * 1000
    if suffix == ".zst":
        raw_file = pytest.importorskip("pyarrow")
        with raw_file.CompressedOutputStream(str(tmp_path / "a.txt.zst"), "zstd") as stream:
            stream.write(raw)
    else:
        pack = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[suffix]
        (tmp_path / f"a.txt{suffix}").write_bytes(pack(raw))
    assert text_of(tmp_path / f"a.txt{suffix}") == TEXT * 1000


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
@pytest.mark.parametrize("content", [b"no such format", b""])
def test_damaged_archives_are_named(tmp_path, suffix, content):
    if suffix == ".zst":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a.txt{suffix}"
    whole = {
        ".gz": gzip.compress(b"word " * 10_000),
        ".bz2": bz2.compress(b"word " * 10_000),
        ".zst": b"\x28\xb5",
    }
    path.write_bytes(content or whole[suffix][:-5] or b"x")
    with pytest.raises(WordShiftError) as error:
        text_of(path)
    assert "damaged" in one_line(error)


def test_folders_patterns_lists_and_texts_at_hand(tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.txt.gz", ".hidden.txt", "d.csv", "e.bin"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(name.encode()) if name.endswith("gz") else name.encode())
    assert list(documents_of(tmp_path).values()) == ["a.txt", "b.txt", "sub/c.txt.gz"]
    assert text_of(str(tmp_path / "*.txt")) == "a.txtb.txt"
    assert text_of(str(tmp_path / "**" / "*.gz")) == "sub/c.txt.gz"
    assert text_of([tmp_path / "b.txt", tmp_path / "a.txt"]) == "b.txta.txt"
    assert documents_of({"x": "one", "y": "two"}) == {"x": "one", "y": "two"}


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "a[1].txt").write_text("x")
    assert text_of(tmp_path / "a[1].txt") == "x"


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    assert text_of("-") == TEXT


def test_the_same_file_twice_is_counted_once(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.warns(TextWarning, match="given twice"):
        assert text_of([tmp_path / "a.txt", tmp_path / "." / "a.txt"]) == "x"


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing.txt", "does not exist"), ("*.text", "no file matches"), ("empty", "holds no text file")],
)
def test_inputs_that_are_not_there(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WordShiftError, match=message) as error:
        text_of(str(tmp_path / name))
    one_line(error)


def test_an_unreadable_file_is_a_failure_not_a_wrong_input(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("x")

    def refused(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refused)
    with pytest.raises(FailureError, match=r"cannot read .*a\.txt: Permission denied"):
        text_of(path)


def test_byte_order_marks_are_removed(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.txt"
        path.write_text(TEXT, encoding=encoding)
        assert text_of(path) == TEXT


def test_windows_1252_is_read_with_one_warning_that_names_the_byte(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("plain\nUTF-8 naïve\n".encode() + b"caf\xe9 \x93x\x94\n" * 3)
    with pytest.warns(TextWarning) as told:
        assert text_of(path) == "plain\nUTF-8 naïve\n" + "café “x”\n" * 3
    assert len(told) == 1
    assert "a.txt is not UTF-8 (byte 22 is 0xe9)" in str(told[0].message)
    with pytest.raises(WordShiftError, match=r"byte 22 is 0xe9"):
        text_of(path, strict_encoding=True)
    with pytest.raises(WordShiftError, match=r"byte 22 is 0xe9"):
        text_of(path, encoding="utf-8")


def test_real_windows_1252_gives_the_text_that_was_converted(shared_data):
    folder = shared_data / "wordshift"
    with gzip.open(folder / "state_union.jsonl.gz", "rt") as stream:
        (converted,) = [row["text"] for row in map(json.loads, stream) if row["id"] == "1970-Nixon"]
    with pytest.warns(TextWarning, match=r"1970-Nixon.* is not UTF-8 \(byte \d+"):
        guessed = text_of(folder / "1970-Nixon.cp1252.txt")
    assert guessed == text_of(folder / "1970-Nixon.cp1252.txt", encoding="cp1252")
    assert guessed.split() == converted.split()


def test_a_named_encoding_is_kept_to(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("слово\n" * 100_000, encoding="koi8-r")
    assert text_of(path, encoding="koi8-r") == "слово\n" * 100_000
    path.write_bytes(b"abc\xff\xff")
    with pytest.raises(WordShiftError, match="is not ascii: it breaks near byte 3"):
        text_of(path, encoding="ascii")
    with pytest.raises(WordShiftError, match="encoding 'utf-9' is unknown"):
        text_of(path, encoding="utf-9")


@pytest.mark.parametrize(
    "content", [b"\x7fELF\x02\x00\x00", b"%PDF-1.7 x", b"PK\x03\x04", gzip.compress(b"x", mtime=0)]
)
def test_binary_files_are_refused(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(WordShiftError, match=r"a\.txt is a.*plain text is expected"):
        text_of(tmp_path / "a.txt")


def test_a_stray_nul_far_inside_is_a_blank(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"word\n" * 100_000 + b"a\0b\n")
    with pytest.warns(TextWarning, match="NUL bytes"):
        assert text_of(tmp_path / "a.txt").endswith("a b\n")


def test_halves_of_surrogate_pairs_are_replaced(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"t": "a\\ud800b"}\n')
    with pytest.warns(TextWarning, match="surrogate"):
        assert text_of(tmp_path / "a.jsonl", text_col="t") == "a\ufffdb"
    with pytest.warns(TextWarning, match="surrogate"):
        assert text_of({"x": "a\udc00"}) == "a\ufffd"


def cut(content: bytes) -> list[str]:
    return list(decoded(io.BytesIO(content), "x", Reading()))


@given(text=st.text(alphabet="ab é中。\n\r\t"), block=st.integers(1, 20))
def test_pieces_are_the_text_cut_where_no_word_is(text, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_module, "_BLOCK", block)
        parts = cut(text.encode())
    assert "".join(parts) == text
    assert all(part[-1] in " \n\t\r" for part in parts[:-1])


def test_one_giant_line_comes_in_small_pieces():
    parts = cut(b"word " * 400_000)
    assert max(map(len, parts)) <= (reading_module._LONG_LINE + 2) * reading_module._BLOCK
    assert "".join(parts) == "word " * 400_000


def test_a_giant_line_without_blanks_is_cut_at_punctuation(monkeypatch):
    monkeypatch.setattr(reading_module, "_LONGEST", 1 << 18)
    text = "汉字很多。" * 200_000
    parts = cut(text.encode())
    assert "".join(parts) == text
    assert len(parts) > 2
    assert all(part.endswith("。") for part in parts)
    with pytest.raises(WordShiftError, match="that is no text"):
        cut(b"a" * (1 << 20))


ROWS = [
    {"id": "1", "body": 'He said "a, b"\nand left', "party": "D"},
    {"id": "2", "body": "née", "party": "R"},
]


def tables(folder):
    csv_text = 'id,body,party\r\n1,"He said ""a, b""\nand left",D\r\n2,née,R\r\n'
    (folder / "t.csv").write_text(csv_text, newline="")
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    yield folder / "t.csv"
    yield folder / "t.jsonl"
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "t.parquet")
    yield folder / "t.parquet"


def test_tables_give_the_same_rows(tmp_path):
    for path in tables(tmp_path):
        found = list(pieces(find_inputs(path), Reading(text_col="body", group_col="party")))
        assert [(piece.text, piece.group, piece.starts) for piece in found] == [
            (row["body"], row["party"], True) for row in ROWS
        ]
        with pytest.raises(WordShiftError, match="has no column 'text': it has id, body, party"):
            text_of(path, text_col="text")
        with pytest.raises(WordShiftError, match=r"is a table|a column of text"):
            text_of(path)


def test_fields_longer_than_the_readers_usual_limit(tmp_path):
    (tmp_path / "t.csv").write_text("body\n" + "word " * 100_000 + "\n")
    assert text_of(tmp_path / "t.csv", text_col="body") == "word " * 100_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"t": "x"}\n{"t": \n', "line 2 is not JSON"),
        ("a.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("a.jsonl", '{"t": 3}\n', "a.jsonl:1: column 't' holds 3, text is expected"),
        ("a.csv", "t\nx,y\n", "row 1 has 2 fields, its header 1"),
        ("a.csv", 't\n"x\n', "line 2: unexpected end of data"),
        ("a.parquet", "PAR1", "is not a Parquet file"),
    ],
)
def test_damaged_tables(tmp_path, name, content, message):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_text(content)
    with pytest.raises(WordShiftError, match=message) as error:
        text_of(tmp_path / name, text_col="t")
    one_line(error)


@pytest.mark.parametrize(
    ("by", "value", "group"),
    [
        ("year", "2021-03-04", "2021"),
        ("month", "2021-03-04T10:00:00", "2021-03"),
        ("day", 86_400, "1970-01-02"),
        ("week", "2021-01-03", "2020-W53"),
        ("year", "1999", "1999"),
        (None, 7, "7"),
    ],
)
def test_times_become_groups(tmp_path, by, value, group):
    (tmp_path / "a.jsonl").write_text(json.dumps({"t": "x", "when": value}))
    (piece,) = pieces(find_inputs(tmp_path / "a.jsonl"), Reading(text_col="t", time_col="when", by=by))
    assert piece.group == group


def test_a_time_that_is_none(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"t": "x", "when": "soon"}')
    with pytest.raises(WordShiftError, match=r"a.jsonl:1: 'soon' is no date"):
        list(pieces(find_inputs(tmp_path / "a.jsonl"), Reading(text_col="t", time_col="when", by="year")))


def counts_in(folder, content, name="c.tsv"):
    (folder / name).write_text(content)
    return read_count_table(find_inputs(folder / name)[0], Reading())


def test_count_tables(tmp_path):
    assert counts_in(tmp_path, 'word\tcount\n"\t2\na\t1\na\t0.5\n') == {'"': 2.0, "a": 1.5}
    assert counts_in(tmp_path, "a\t1\n") == {"a": 1.0}
    assert counts_in(tmp_path, '"a,b",3\n', "c.csv") == {"a,b": 3.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\t1\nb\tmany\n", "count of 'b' is 'many', not a number"),
        ("a\tnan\n", "count of 'a' is nan, not a finite number"),
        ("a\t1\nb\t-2\n", "row 2: count of 'b' is -2"),
        ("a\tb\tc\n", "row 1 has 3 fields"),
    ],
)
def test_count_tables_that_are_none(tmp_path, content, message):
    with pytest.raises(WordShiftError, match=message):
        counts_in(tmp_path, content)
