"""The table: its columns are the equation, and every file reads back to the same numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from wordshift.figures.drawn_shifts import TOY_1, TOY_2, jsd, two_lexicons, weighted

from hotpapers.common.errors import InputError
from hotpapers.wordshift.shifts import COMPONENTS, WordShiftError
from hotpapers.wordshift.tables import COLUMNS, meta_of, table, to_csv, to_json, write_table

SPEC = (
    "rank, type, f1, f2, p1, p2, s1, s2, p_diff, s_diff, p_avg, s_ref_diff, p_part, s_part, contribution, score, "
    "kind, adopted, ci_low, ci_high, sd, in_top_share"
)


def test_columns_and_their_order():
    assert list(table(jsd())) == list(COLUMNS) == SPEC.split(", ")


def test_every_row_is_the_equation():
    shift = two_lexicons()
    t = table(shift)
    np.testing.assert_allclose(t["p_part"], (t["p2"] - t["p1"]) * ((t["s1"] + t["s2"]) / 2 - shift.reference))
    np.testing.assert_allclose(t["s_part"], (t["p1"] + t["p2"]) / 2 * (t["s2"] - t["s1"]))
    np.testing.assert_allclose(t["contribution"], t["p_part"] + t["s_part"])
    np.testing.assert_allclose(t["score"] * shift.norm, t["contribution"])
    assert np.all(np.diff(np.abs(t["score"])) <= 0)
    assert set(t["kind"]) == set(COMPONENTS) - {"pos_s", "neg_s"}
    by_kind = {
        kind: sum(p for p, k in zip(t["p_part"], t["kind"], strict=True) if k == kind)
        for kind in set(t["kind"])
    }
    assert by_kind == {kind: pytest.approx(shift.components[kind]) for kind in by_kind}


def test_top_rows_and_whole_frequencies():
    t = table(jsd(), 2)
    assert t["type"] == ["d", "c"]
    assert t["f2"].dtype == np.int64
    assert table(jsd({"a": 0.5, "b": 1.0}, TOY_2))["f1"].dtype == np.float64
    with pytest.raises(WordShiftError, match="top=0"):
        table(jsd(), 0)


def test_intervals_of_both_forms():
    shift = jsd()
    t = table(shift, intervals={"d": (0.5, 0.7, 0.05, 1.0), "a": (0.1, 0.2)})
    row = dict(
        zip(t["type"], zip(t["ci_low"], t["ci_high"], t["sd"], t["in_top_share"], strict=True), strict=True)
    )
    assert row["d"] == (0.5, 0.7, 0.05, 1.0)
    assert row["a"][:2] == (0.1, 0.2)
    assert np.isnan([*row["a"][2:], *row["b"]]).all()
    made = SimpleNamespace(
        types=["d"],
        low=np.array([0.1]),
        high=np.array([0.3]),
        sd=np.array([0.02]),
        in_top_share=np.array([0.9]),
    )
    t = table(shift, 1, made)
    assert t["ci_low"][0] == 0.1 / shift.norm
    assert t["sd"][0] == 0.02 / shift.norm
    assert t["in_top_share"][0] == 0.9


ODD = ["=SUM(A1)", "+1", "@x", 'say "hi", now', "two\nlines", "नमस्ते", "", "1"]


def odd_shift():
    return jsd({word: 1.0 + i / 7 for i, word in enumerate(ODD)}, {"=SUM(A1)": 9.0, "x": 1.0 / 3})


def test_csv_reads_back_exactly():
    t = table(odd_shift())
    text = to_csv(t)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["type"] for row in rows] == t["type"]
    for name in ("p1", "s2", "contribution", "score"):
        assert [float(row[name]) for row in rows] == t[name].tolist()
    assert {row["ci_low"] for row in rows} == {""}
    assert ',"=SUM(A1)",' in text
    assert re.search(r'^\d+,"1",', text, re.MULTILINE)


def test_json_reads_back_exactly():
    shift = odd_shift()
    content = json.loads(
        to_json(table(shift), meta_of(shift, {"inputs": {"a.txt": "00ff"}, "bad": float("nan")}))
    )
    t = table(shift)
    assert content["table"]["type"] == t["type"]
    assert content["table"]["score"] == t["score"].tolist()
    assert set(content["table"]["sd"]) == {None}
    meta = content["meta"]
    assert meta["norm"] == shift.norm
    assert meta["components"] == shift.components
    assert meta["coverage"]["tokens"] == list(shift.coverage.tokens)
    assert meta["inputs"] == {"a.txt": "00ff"}
    assert meta["bad"] is None


def test_parquet_reads_back_exactly(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    shift = odd_shift()
    sheet = parquet.read_table(write_table(shift, tmp_path / "t.parquet", meta={"inputs": "x"}))
    t = table(shift)
    assert sheet.column_names == list(COLUMNS)
    assert sheet["type"].to_pylist() == t["type"]
    assert sheet["score"].to_pylist() == t["score"].tolist()
    assert sheet["sd"].null_count == len(t["type"])
    assert json.loads(sheet.schema.metadata[b"hotpapers"])["inputs"] == "x"


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "txt"])
def test_files_are_the_same_twice_and_whole(tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    shift = odd_shift()
    first, second = (write_table(shift, tmp_path / f"{n}.{kind}").read_bytes() for n in "ab")
    assert first == second
    assert len(list(tmp_path.iterdir())) == 2


def test_text_is_bars_without_colour(tmp_path):
    text = write_table(jsd(), tmp_path / "t.txt", intervals={"d": (0.5, 0.7)}).read_text(encoding="utf-8")
    assert "[50.00, 70.00]" in text
    assert "█" in text
    assert "\x1b" not in text


def test_half_characters_do_not_stop_a_file(tmp_path):
    path = write_table(jsd({"\udc80": 1.0, "a": 1.0}, {"a": 1.0}), tmp_path / "t.csv")
    assert "\\udc80" in path.read_text(encoding="utf-8")


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.tsv, \.json or \.parquet"):
        write_table(jsd(), tmp_path / "t.xlsx")


def test_borrowed_scores_are_told():
    t = table(weighted(TOY_1, TOY_2, {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, adopted=["c"]))
    assert dict(zip(t["type"], t["adopted"], strict=True)) == {"a": False, "b": False, "c": True, "d": False}
