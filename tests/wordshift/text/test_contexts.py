"""Words in context: the right words, each occurrence as likely as the others, whatever the pieces."""

from __future__ import annotations

import io
import random
from collections import Counter

import pytest

from hotpapers.wordshift.counts import as_counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text import contexts as module
from hotpapers.wordshift.text.contexts import Context, contexts
from hotpapers.wordshift.text.counting import count, count_groups
from hotpapers.wordshift.text.reading import Reading
from hotpapers.wordshift.text.tokens import Tokenizer

TEXT = """The people's house. (Applause.) We the people
of the United States -- don’t we? -- applaud."""


def shown(found) -> list[tuple[str, str, str]]:
    return [(one.left, one.word, one.right) for one in found]


def test_a_word_is_shown_as_written_with_what_stands_around_it():
    found = contexts({"a": TEXT}, ["applause", "don't", "nothing"], width=20)
    assert shown(found["applause"]) == [("people's house. (", "Applause", ".) We the people of")]
    assert shown(found["don't"]) == [("United States -- ", "don’t", " we? -- applaud.")]
    assert found["nothing"] == []
    assert found["applause"][0].document == "a"


def test_types_of_several_words():
    text = "new york. New\nYork, in new  York City"
    assert [one.word for one in contexts({"a": text}, ["new york"])["new york"]] == ["new york", "new York"]
    ngrams = Tokenizer(ngrams="2", bounds="sentence")
    assert [one.word for one in contexts({"a": text}, ["new york"], tokenizer=ngrams)["new york"]] == [
        "new york", "New York", "new York",
    ]  # fmt: skip
    assert contexts({"a": text}, ["york new"])["york new"] == []  # a sentence ends between


@pytest.mark.parametrize("tokenizer", [Tokenizer(), Tokenizer(pattern=r"[a-z ]+\b"), Tokenizer(kind="chars")])
def test_as_many_are_found_as_were_counted(tokenizer):
    draw = random.Random(0)
    texts = {
        name: " ".join(draw.choices(["Alpha", "beta,", "g-h", "alpha", "İx", "end.\n"], k=300))
        for name in "ab"
    }
    counts = count(texts, tokenizer=tokenizer).as_dict()
    words = list(counts)[:20]
    found = contexts(texts, words, k=10_000, tokenizer=tokenizer)
    assert {word: len(found[word]) for word in words} == {word: counts[word] for word in words}


def test_as_many_ngrams_are_found_as_were_counted():
    draw = random.Random(1)
    text = " ".join(draw.choices(["a", "b", "--", "c.", "d\n"], k=2000))
    for bounds in ("line", "sentence"):
        tokenizer = Tokenizer(ngrams="1-3", bounds=bounds)
        counts = count({"x": text}, tokenizer=tokenizer).as_dict()
        found = contexts({"x": text}, counts, k=10_000, tokenizer=tokenizer)
        assert {word: len(hits) for word, hits in found.items()} == counts


def test_pieces_change_nothing(monkeypatch, tmp_path):
    words = random.Random(2).choices(["alpha", "beta", "gamma,", "delta\n"], k=3000)
    (tmp_path / "a.txt").write_text(" ".join(words))
    whole = contexts(tmp_path / "a.txt", ["alpha", "beta gamma"], k=7)
    monkeypatch.setattr("hotpapers.wordshift.text.reading._BLOCK", 50)
    assert contexts(tmp_path / "a.txt", ["alpha", "beta gamma"], k=7) == whole
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    assert contexts(tmp_path / "a.txt", ["alpha", "beta gamma"], k=7) == whole


def test_the_sample_depends_on_the_seed_and_not_on_other_words():
    text = {"x": " ".join(f"n{at} word other" for at in range(500))}
    alone = contexts(text, ["word"], k=5)["word"]
    assert contexts(text, ["other", "word"], k=5)["word"] == alone
    assert contexts(text, ["word"], k=5, seed=1)["word"] != alone
    assert len(alone) == 5
    places = [int(one.left.split()[-1][1:]) for one in alone]
    assert places == sorted(places)


def test_every_occurrence_is_equally_likely():
    # 2000 samples of 3 from 20: each place is expected 300 times, sd 16; five sd are exceeded by
    # any of 20 places about once in 80,000 runs, and the seeds are fixed.
    text = {"x": " ".join(f"n{at} word" for at in range(20))}
    drawn: Counter = Counter()
    for seed in range(2000):
        drawn.update(
            one.left.split()[-1] for one in contexts(text, ["word"], k=3, seed=seed, width=6)["word"]
        )
    assert len(drawn) == 20
    assert all(abs(times - 300) < 80 for times in drawn.values())


def test_rows_of_one_group(tmp_path):
    (tmp_path / "a.csv").write_text("t,g\nfree trade,D\nfree speech,R\n")
    found = contexts(tmp_path / "a.csv", ["free"], reading=Reading(text_col="t", group_col="g"), group="R")[
        "free"
    ]
    assert found == [Context("", "free", " speech", f"{tmp_path / 'a.csv'}:2")]


def test_numbers_that_are_none():
    with pytest.raises(WordShiftError, match="k = 0"):
        contexts({"a": "x"}, ["x"], k=0)


def test_counts_know_where_their_text_is(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("t,g\nfree at last,R\nfree to go,D\n")
    groups = count_groups(path, text_col="t", group_col="g")
    assert [one.right for one in contexts(groups["D"], ["free"])["free"]] == [" to go"]
    with pytest.raises(WordShiftError, match="given as counts"):
        contexts(as_counts({"free": 2}, "table"), ["free"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"free at last")))
    with pytest.raises(WordShiftError, match="read once only"):
        contexts(count("-"), ["free"])
