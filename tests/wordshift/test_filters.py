"""Which types take part, and what is said about the others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hotpapers.wordshift.filters import CoverageWarning
from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.shifts import WordShiftError

A = {"good": 4, "bad": 3, "so": 2, "the": 5, "zero": 0}
B = {"good": 1, "bad": 6, "so": 2, "of": 3, "zero": 0}
SCORES = {"good": 8, "bad": 2, "so": 5, "nowhere": 9}
MEASURES = ("proportion", "entropy", "jsd", "kld", "sentiment")


def options_for(measure):
    extra = {"lexicon": SCORES} if measure == "sentiment" else {}
    return {"measure": measure, **extra, **({"kld_missing": "drop"} if measure == "kld" else {})}


@pytest.mark.parametrize("measure", MEASURES)
def test_stop_words_work_for_every_measure_and_change_the_denominators(measure):
    found = shift(A, B, stop_words=["good", "nowhere"], **options_for(measure))
    without = shift(
        {word: n for word, n in A.items() if word != "good"},
        {word: n for word, n in B.items() if word != "good"},
        **options_for(measure),
    )
    assert list(found.types) == list(without.types)
    np.testing.assert_array_equal(found.contribution, without.contribution)
    assert found.coverage.dropped["stop words"] == 1


@pytest.mark.parametrize("measure", MEASURES)
def test_a_lens_works_for_every_measure(measure):
    found = shift(A, B, **{**options_for(measure), "lexicon": SCORES}, stop_lenses=[(4, 6)])
    assert list(found.types) == ["bad", "good"]
    assert dict(found.coverage.dropped) == {"no score": 2, "stop lens": 1}
    assert found.coverage.tokens == (7, 7)
    assert found.coverage.share == (7 / 14, 7 / 12)


def test_ends_belong_to_a_closed_lens_only():
    closed = shift(A, B, measure="sentiment", lexicon=SCORES, stop_lenses=[(5, 8)])
    assert list(closed.types) == ["bad"]
    opened = shift(A, B, measure="sentiment", lexicon=SCORES, stop_lenses=[(5, 8)], lens_closed=False)
    assert list(opened.types) == ["bad", "good", "so"]


def test_a_lens_that_catches_one_of_two_scores():
    other = {"good": 5, "bad": 2, "so": 5}
    options = {"measure": "sentiment", "lexicon": SCORES, "lexicon_2": other, "stop_lenses": [(4, 6)]}
    with pytest.raises(
        WordShiftError, match="1 types lie in the stop lens 4 to 6 with one score only \\('good'\\)"
    ):
        shift(A, B, **options)
    assert list(shift(A, B, **options, lens_mixed="drop").types) == ["bad"]
    assert list(shift(A, B, **options, lens_mixed="keep").types) == ["bad", "good"]


@pytest.mark.filterwarnings("ignore::hotpapers.wordshift.filters.CoverageWarning")
def test_missing_scores():
    options = {"measure": "sentiment", "lexicon": {"good": 8, "bad": 2}, "lexicon_2": {"good": 7, "so": 5}}
    with pytest.raises(WordShiftError, match="2 types are scored by one lexicon only \\('bad', 'so'\\)"):
        shift(A, B, **options)
    excluded = shift(A, B, **options, missing="exclude")
    assert list(excluded.types) == ["good"]
    assert dict(excluded.coverage.dropped) == {"no score": 2, "one score": 2}
    adopted = shift(A, B, **options, missing="adopt")
    assert list(adopted.types) == ["bad", "good", "so"]
    assert adopted.adopted.tolist() == [True, False, True]
    assert adopted.s1.tolist() == [2, 8, 5]
    assert adopted.s2.tolist() == [2, 7, 5]


def test_rules_are_applied_in_order():
    """A stop word is no unscored type, and what has no score is not counted as rare."""
    found = shift(
        A, B, measure="sentiment", lexicon=SCORES, stop_words=["the", "so"], stop_lenses=[(4, 6)], min_count=8
    )
    assert dict(found.coverage.dropped) == {"stop words": 2, "no score": 1, "min count": 1}
    assert list(found.types) == ["bad"]


def test_min_count_counts_both_texts():
    assert list(shift(A, B, min_count=5).types) == ["bad", "good", "the"]


def test_low_coverage_warns_and_names_the_text():
    with pytest.warns(CoverageWarning, match="keep 10.0% of the tokens of mine"):
        shift({"a": 1, "b": 9}, {"a": 5, "b": 5}, stop_words=["b"], names=("mine", "yours"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shift({"a": 2, "b": 8}, {"a": 5, "b": 5}, stop_words=["b"])


@pytest.mark.parametrize(
    ("a", "options", "message"),
    [
        ({}, {}, "Text 1 is empty"),
        ({"a": 0}, {}, "Text 1 is empty"),
        (
            {"a": 1},
            {"stop_words": ["a"]},
            "nothing is left of Text 1 after the filters \\(stop words: 1 types\\)",
        ),
        ({"a": 1}, {"stop_words": "a"}, "give a list of words"),
        ({"a": 1}, {"stop_lenses": [(4, 6)]}, "a stop lens is a range of scores: give a lexicon"),
        ({"a": 1}, {"lexicon": {"a": 1}, "stop_lenses": [(6, 4)]}, "stop lens 6 to 4: its low end"),
        ({"a": 1}, {"lexicon": {"a": 1}, "stop_lenses": [4]}, "two numbers, low and high"),
        ({"a": 1}, {"min_count": -1}, "min_count -1"),
        ({"a": 1}, {"missing": "adpot"}, "missing 'adpot': accepted are error, exclude, adopt"),
        ({"a": 1}, {"lens_mixed": "no"}, "lens_mixed 'no'"),
        ({"a": 1}, {"lexicon": {"a": float("nan")}}, "the score of 'a' is nan"),
        (
            {"a": 1},
            {"lexicon": {"b": 1}},
            "nothing is left of Text 1 after the filters \\(no score: 1 types\\)",
        ),
    ],
)
def test_messages(a, options, message):
    with pytest.raises(WordShiftError, match=message) as caught:
        shift(a, {"a": 1, "b": 1}, **options)
    assert "\n" not in str(caught.value)
