"""Counting: one table, whoever counts, however the text is parted, and whatever interrupts it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tracemalloc
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import FailureError, MissingExtraError
from hotpapers.wordshift import vocabulary
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text import chunking, counting, engines
from hotpapers.wordshift.text.counting import count, count_groups, table_sha256
from hotpapers.wordshift.text.engines import MemoryLimitError
from hotpapers.wordshift.text.tokens import TextWarning, Tokenizer

ENGINES = ["python", "duckdb", "polars"]
WORDS = [
    "The",
    "naïve",
    "ΟΔΟΣ",
    "İSTANBUL",
    "don’t",
    "can't",
    "मानव",
    "x.y",
    "--",
    "3.14",
    "New",
    "York",
    "end.",
    "#a",
]


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    if request.param != "python":
        pytest.importorskip(request.param)
        pytest.importorskip("pyarrow")
    return request.param


@pytest.fixture(scope="module")
def made_up() -> dict[str, str]:
    """Twenty documents of bursty words, with all kinds of white space and of letters."""
    draw = random.Random(0)
    blanks = [" "] * 20 + ["\n", "\t", "\r\n", "\u00a0", "\u2028", " \n\n"]
    return {
        f"d{at:02}": "".join(draw.choice(WORDS[at % 5 :]) + draw.choice(blanks) for _ in range(500))
        for at in range(20)
    }


def direct(texts, tokenizer) -> dict[str, int]:
    table = Counter(word for text in texts for word in tokenizer.tokenize(text))
    return dict(sorted(table.items()))


TOKENIZERS = [
    Tokenizer(),
    Tokenizer(case="keep", keep_punct=True, hashtags="mark"),
    Tokenizer(kind="chars"),
    Tokenizer(kind="whitespace", case="fold"),
    Tokenizer(ngrams="1-3"),
    Tokenizer(ngrams="2", bounds="sentence"),
    Tokenizer(phrases=("new york", "new york the", "york the")),
    Tokenizer(pattern=r"\w+ \w+"),
    Tokenizer(pattern=r"^\w+", ngrams="2", bounds="sentence"),
]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_engine_gives_the_table_of_direct_tokenising(made_up, engine, tokenizer):
    counts = count(made_up, tokenizer=tokenizer, engine=engine)
    assert counts.as_dict() == direct(made_up.values(), tokenizer)
    assert list(counts.types) == sorted(counts.types)


@pytest.mark.parametrize("tokenizer", [Tokenizer(), Tokenizer(ngrams="1-2"), Tokenizer(pattern=r"\w+ \w+")])
def test_documents_add_up_to_the_text(made_up, engine, tokenizer):
    counts = count(made_up, tokenizer=tokenizer, engine=engine, documents=True)
    rows = counts.documents
    assert list(rows.names) == list(made_up)
    for at, text in enumerate(made_up.values()):
        row = slice(rows.indptr[at], rows.indptr[at + 1])
        found = {
            counts.types[index]: value for index, value in zip(rows.indices[row], rows.data[row], strict=True)
        }
        assert found == direct([text], tokenizer)
    np.testing.assert_array_equal(np.bincount(rows.indices, rows.data, len(counts)), counts.values)


def test_splitting_a_corpus_into_files_changes_nothing(made_up, tmp_path, engine):
    texts = list(made_up.values())
    (tmp_path / "whole.txt").write_text("\n".join(texts), newline="")
    for at, text in enumerate(texts):
        (tmp_path / "parts").mkdir(exist_ok=True)
        (tmp_path / "parts" / f"{at}.txt").write_text(text + "\n", newline="")
    whole = count(tmp_path / "whole.txt", engine=engine)
    parts = count(tmp_path / "parts", engine=engine, documents=True)
    assert table_sha256(whole) == table_sha256(parts)
    assert whole.name == "whole.txt"
    assert len(parts.documents.names) == len(texts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4),
    tokenizer=st.sampled_from(TOKENIZERS),
    block=st.integers(1, 40),
    tokens=st.integers(1, 6),
)
def test_any_unicode_in_any_pieces_gives_the_direct_table(texts, tokenizer, block, tokens, monkeypatch):
    texts = [re.sub("\0", " ", text).removeprefix("\ufeff") for text in texts]
    with monkeypatch.context() as patch, warnings.catch_warnings():  # of this example alone
        warnings.simplefilter("ignore", TextWarning)  # arbitrary text is often in scripts without blanks
        patch.setattr("hotpapers.wordshift.text.sequences._TOKENS", tokens)
        if tokenizer.by_chunk and tokenizer.bounds == "sentence":
            patch.setattr("hotpapers.wordshift.text.reading._BLOCK", block)
        expected = direct(texts, tokenizer)
        named = {str(at): text for at, text in enumerate(texts)}
        if expected:
            assert count(named, tokenizer=tokenizer, engine="python").as_dict() == expected
        else:
            with pytest.raises(WordShiftError, match=r"is empty|no words"):
                count(named, tokenizer=tokenizer, engine="python")


def test_a_pattern_that_spans_blanks_sees_a_last_line_whole(engine):
    pairs = Tokenizer(pattern=r"\w+ \w+")
    assert count({"a": "new york:new york"}, tokenizer=pairs, engine=engine).as_dict() == {"new york": 2}


@pytest.mark.parametrize("tokenizer", [Tokenizer(), Tokenizer(ngrams="1-3", bounds="sentence")])
def test_a_giant_line_gives_the_direct_table(tmp_path, engine, tokenizer):
    text = " ".join(random.Random(1).choices(["alpha", "Beta", "gamma,"], k=60_000))
    (tmp_path / "a.txt").write_text(text)
    assert count(tmp_path / "a.txt", tokenizer=tokenizer, engine=engine).as_dict() == direct(
        [text], tokenizer
    )


def test_text_without_blanks_is_counted_directly_and_told_of(engine, monkeypatch):
    draw = random.Random(2)
    text = "。\n".join("".join(chr(draw.randrange(0x4E00, 0x4F00)) for _ in range(6)) for _ in range(50_000))

    def fail(*_):
        raise AssertionError("chunks were counted")

    monkeypatch.setattr(chunking, "_resolve", fail) if engine == "duckdb" else None
    with pytest.warns(TextWarning, match="does not part words by blanks"):
        counts = count({"zh": text}, engine=engine)
    assert counts.as_dict() == direct([text], Tokenizer())


def test_few_words_held_at_once_give_the_same_table(made_up, engine, monkeypatch):
    expected = table_sha256(count(made_up))
    monkeypatch.setattr(engines, "_HELD", 5)
    monkeypatch.setattr(engines, "_ROW", 64)
    monkeypatch.setattr(engines, "_POLARS_BATCH", 64)
    assert table_sha256(count(made_up, engine=engine)) == expected


def test_golden_counts_from_the_shipped_texts(shared_data, tmp_path, engine):
    folder = shared_data / "wordshift"
    golden = json.loads(gzip.decompress((folder / "golden.json.gz").read_bytes()))["count_tables"]
    groups = count_groups(
        folder / "state_union.jsonl.gz", text_col="text", group_col="president", engine=engine
    )
    for president, name in (("Johnson", "lbj"), ("GWBush", "gwb")):
        assert groups[president].name == president
        assert table_sha256(groups[president]) == golden[name]["sha256_of_tsv"]
        shipped = count(folder / f"counts_{name}.tsv.gz")
        assert shipped.as_dict() == groups[president].as_dict()


def test_large_vocabularies_give_the_same_counts(tmp_path, monkeypatch):
    rows = [{"t": "b a Ünë a", "g": "R"}, {"t": "c ünë", "g": "D"}]
    write_rows(tmp_path / "a.jsonl", rows)

    def counted():
        whole = count(tmp_path / "a.jsonl", text_col="t", documents=True)
        groups = count_groups(tmp_path / "a.jsonl", text_col="t", group_col="g", documents=True)
        return [
            (
                list(one.types),
                one.values.tolist(),
                one.documents.indices.tolist(),
                one.documents.data.tolist(),
            )
            for one in (whole, *groups.values())
        ]

    lists = counted()
    monkeypatch.setattr(vocabulary, "LARGE", 0)
    assert counted() == lists
    assert lists[0] == (["a", "b", "c", "ünë"], [2, 1, 1, 2], [0, 1, 3, 2, 3], [2, 1, 1, 1, 1])


def write_rows(path, rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_groups_and_times(tmp_path, engine):
    rows = [
        {"t": "a b a", "g": "R", "when": "2021-01-31"},
        {"t": "b", "g": "D", "when": "2020-12-31"},
        {"t": "c a", "g": "R", "when": "2020-12-01"},
        {"t": None, "g": "D", "when": "2020-12-01"},
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    groups = count_groups(tmp_path / "a.jsonl", text_col="t", group_col="g", documents=True, engine=engine)
    assert {name: counts.as_dict() for name, counts in groups.items()} == {
        "D": {"b": 1.0}, "R": {"a": 3.0, "b": 1.0, "c": 1.0}
    }  # fmt: skip
    rows_of_r = groups["R"].documents
    assert [name.rsplit(":", 1)[1] for name in rows_of_r.names] == ["1", "3"]
    assert rows_of_r.indptr.tolist() == [0, 2, 4]
    assert rows_of_r.indices.tolist() == [0, 1, 0, 2]
    assert rows_of_r.data.tolist() == [2.0, 1.0, 1.0, 1.0]
    months = count_groups(tmp_path / "a.jsonl", text_col="t", time_col="when", by="month", engine=engine)
    assert {name: counts.total for name, counts in months.items()} == {"2020-12": 3.0, "2021-01": 3.0}


def test_phrases_are_found_where_words_belong_together(engine):
    draw = random.Random(3)
    words = [draw.choice("abcdefghij") for _ in range(4000)]
    for at in range(0, 4000, 100):
        words[at : at + 3] = ["new", "york", "city"]
    counts = count({"x": " ".join(words)}, tokenizer=Tokenizer(phrases="auto"), engine=engine).as_dict()
    assert counts["new york city"] == 40
    assert "york" not in counts
    assert not any(" " in word and "york" not in word for word in counts)


def test_count_tables_are_counts(tmp_path):
    (tmp_path / "c.tsv").write_text("word\tcount\nb\t2\na\t0.5\nb\t1\n")
    counts = count(tmp_path / "c.tsv")
    assert (list(counts.types), counts.values.tolist()) == (["a", "b"], [0.5, 3.0])
    with pytest.raises(WordShiftError, match="no documents to keep"):
        count(tmp_path / "c.tsv", documents=True)


def test_meta_tells_how_and_not_by_whom(made_up, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one two")
    counts = count(tmp_path / "a.txt", engine="python")
    (given_file,) = counts.meta["inputs"]
    assert given_file["bytes"] == 7
    assert given_file["sha256"] == hashlib.sha256(b"one two").hexdigest()
    assert counts.meta["tokenizer"]["case"] == "lower"
    pytest.importorskip("duckdb")
    assert json.dumps(count(tmp_path / "a.txt", engine="duckdb").meta) == json.dumps(counts.meta)


# ---- interruptions

SCRIPT = """
import os, sys
from hotpapers.wordshift.text import counting
read, at = counting.pieces, 0
def killed(inputs, reading):
    global at
    at += 1
    if at == 3:
        os._exit(9)
    return read(inputs, reading)
counting.pieces = killed
counting.count(sys.argv[1], cache=sys.argv[2], documents=True)
"""


def test_a_killed_run_goes_on_at_the_next_file(tmp_path, monkeypatch):
    texts, cache = tmp_path / "texts", tmp_path / "cache"
    texts.mkdir()
    for at in range(4):
        (texts / f"{at}.txt").write_text(f"word w{at} word")
    done = subprocess.run([sys.executable, "-c", SCRIPT, texts, cache], check=False)
    assert done.returncode == 9
    assert len(list(cache.glob("[!.]*"))) == 2
    read = []
    whole = counting.pieces
    monkeypatch.setattr(
        counting,
        "pieces",
        lambda inputs, reading: (read.extend(one.path.name for one in inputs), whole(inputs, reading))[1],
    )
    resumed = count(texts, cache=cache, documents=True)
    assert read == ["2.txt", "3.txt"]
    fresh = count(texts, documents=True)
    assert resumed.as_dict() == fresh.as_dict()
    assert list(resumed.documents.names) == list(fresh.documents.names)
    np.testing.assert_array_equal(resumed.documents.data, fresh.documents.data)
    assert resumed.meta == fresh.meta


def test_the_cache_sees_what_changed_and_survives_damage(tmp_path):
    path, cache = tmp_path / "a.txt", tmp_path / "cache"
    path.write_text("one")
    assert count(path, cache=cache).as_dict() == {"one": 1}
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert count(path, cache=cache).as_dict() == {"two": 1}
    assert count(path, cache=cache, tokenizer=Tokenizer(kind="chars")).as_dict() == {"o": 1, "t": 1, "w": 1}
    for kept in cache.iterdir():
        kept.write_bytes(kept.read_bytes()[:20])
    assert count(path, cache=cache).as_dict() == {"two": 1}
    assert count(path, cache=cache).as_dict() == {"two": 1}


def test_a_failing_file_leaves_nothing_and_is_skipped_when_asked(tmp_path, engine):
    (tmp_path / "a.txt").write_text("good words")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"half " * 100_000)[:-20])
    with pytest.raises(WordShiftError, match=r"b\.txt\.gz is damaged"):
        count(tmp_path, engine=engine)
    with pytest.warns(TextWarning, match=r"left out: .*b\.txt\.gz is damaged"):
        counts = count(tmp_path, engine=engine, skip_errors=True)
    assert counts.as_dict() == {"good": 1, "words": 1}
    assert len(counts.meta["skipped"]) == 1


def test_errors_while_an_engine_reads_come_out_as_they_are(tmp_path, engine, monkeypatch):
    def interrupted(inputs, reading):
        raise KeyboardInterrupt
        yield

    (tmp_path / "a.txt").write_text("x")
    monkeypatch.setattr(counting, "pieces", interrupted)
    with pytest.raises(KeyboardInterrupt):
        count(tmp_path / "a.txt", engine=engine)


# ---- bad inputs


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "a.txt is empty"), ("— !!! …", "no words in a.txt: nothing in its 11 bytes is a token")],
)
def test_texts_without_words(tmp_path, engine, content, message):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(WordShiftError, match=message):
        count(tmp_path / "a.txt", engine=engine)


def test_an_empty_file_among_others_is_a_document_without_words(tmp_path):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").write_text("one two")
    counts = count(tmp_path, documents=True)
    assert counts.as_dict() == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark"}, "engine 'spark': accepted are auto, duckdb"),
        ({"memory_limit": "lots"}, "memory limit 'lots': write it as 500MB"),
        ({"threads": 0}, "threads 0"),
    ],
)
def test_options_that_are_none(options, message):
    with pytest.raises(WordShiftError, match=message):
        count({"x": "a"}, **options)


def test_an_engine_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match="pip install polars"):
        count({"x": "a"}, engine="polars")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setattr(engines, "_SMALL", 0)
    assert count({"x": "a"}).as_dict() == {"a": 1}


def test_groups_need_one_column():
    with pytest.raises(WordShiftError, match="one of the two"):
        count_groups("x.csv", text_col="t")
    with pytest.raises(WordShiftError, match="needs a column of times"):
        count_groups("x.csv", text_col="t", group_col="g", by="year")


def test_the_memory_limit_is_an_error_of_its_own(monkeypatch):
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    text = " ".join(f"w{at:020}" for at in range(20_000))
    # Nowhere to spill to.
    monkeypatch.setattr(engines.tempfile, "TemporaryDirectory", _Nowhere)
    monkeypatch.setattr(chunking, "_UNIQUE_SHARE", 2)
    with pytest.raises(MemoryLimitError, match="memory limit of 1MB") as error:
        count({"x": text}, engine="duckdb", memory_limit="1MB")
    assert error.value.exit_code == 3


class _Nowhere:
    def __init__(self, **_) -> None:
        pass

    def __enter__(self) -> str:
        return ""

    def __exit__(self, *_) -> None:
        pass


def test_memory_does_not_grow_with_the_text(tmp_path):
    line = " ".join(f"word{at}" for at in range(200)) + "\n"
    peaks = []
    for repeats in (400, 4000):
        (tmp_path / "a.txt").write_text(line * repeats)
        tracemalloc.start()
        count(tmp_path / "a.txt", engine="python")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_an_unreadable_file_ends_with_exit_code_1(tmp_path, engine, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("x")

    def refused(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refused)
    with pytest.raises(FailureError) as error:
        count(path, engine=engine)
    assert error.value.exit_code == 1


# ---- clusters


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of other people's packages
def test_one_ibis_expression_gives_the_same_table(made_up, tmp_path):
    ibis = pytest.importorskip("ibis")
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from hotpapers.wordshift.text.cluster import count_on_cluster

    parquet.write_table(pa.table({"l": list(made_up.values())}), tmp_path / "t.parquet")
    table = ibis.duckdb.connect().read_parquet(tmp_path / "t.parquet")
    counts = count_on_cluster(table, "l", name="all")
    assert table_sha256(counts) == table_sha256(count(made_up))
    with pytest.raises(WordShiftError, match="no column 'x': it has l"):
        count_on_cluster(table, "x")
    with pytest.raises(WordShiftError, match="single chunks"):
        count_on_cluster(table, "l", tokenizer=Tokenizer(ngrams="2"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_spark_gives_the_same_table(made_up):
    ibis = pytest.importorskip("ibis")
    sql = pytest.importorskip("pyspark.sql")
    from hotpapers.wordshift.text.cluster import count_on_cluster

    session = sql.SparkSession.builder.master("local[1]").getOrCreate()
    try:
        session.createDataFrame([(text,) for text in made_up.values()], ["l"]).createOrReplaceTempView("t")
        counts = count_on_cluster(ibis.pyspark.connect(session).table("t"), "l")
        assert table_sha256(counts) == table_sha256(count(made_up))
    finally:
        session.stop()
