"""Every measure by hand on three words, at its edges, and what its options may be."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.shifts import WordShiftError

A, B = {"a": 3, "b": 2, "c": 1}, {"a": 1, "b": 2, "d": 4}
SCORES = {"a": 1, "b": 2, "c": 3, "d": 4}
P1, P2 = np.array([3, 2, 1, 0]) / 6, np.array([1, 2, 0, 4]) / 7
ALIKE = {"a": 10**9, "b": 10**9 + 1, "c": 5}, {"a": 10**9 + 1, "b": 10**9, "c": 5}


def test_proportion():
    found = shift(A, B, measure="proportion")
    np.testing.assert_allclose(found.contribution, P2 - P1)
    assert found.norm == pytest.approx(np.abs(P2 - P1).sum())
    assert found.difference == pytest.approx(0, abs=1e-16)
    assert (found.averages, found.unit, found.all_positive) == (None, "", False)


def test_entropy():
    found = shift(A, B, measure="entropy")
    assert found.difference == pytest.approx(-0.08036442354106922, rel=1e-14)
    assert found.averages == pytest.approx((1.459147917027245, 1.3787834934861756))
    assert found.s1.tolist() == [1.0, pytest.approx(math.log2(3)), pytest.approx(math.log2(6)), 0.0]
    assert found.unit == "bits"


def test_entropy_of_one_word_is_zero_and_not_minus_zero():
    found = shift({"a": 3}, {"a": 5}, measure="entropy")
    assert found.averages == (0.0, 0.0)
    assert not np.signbit([*found.s1, *found.s2, *found.contribution]).any()
    assert found.degenerate


def test_tsallis():
    found = shift(A, B, measure="tsallis", alpha=0.5)
    assert found.difference == pytest.approx(-0.048578875975012065, rel=1e-14)
    assert found.averages == pytest.approx(((1 - (P1**0.5).sum()) / -0.5, (1 - (P2**0.5).sum()) / -0.5))
    assert found.averages[1] - found.averages[0] == pytest.approx(found.difference)
    assert (found.measure, found.unit) == ("tsallis", "")
    assert shift(A, B, measure="entropy", alpha=0.5).measure == "tsallis"
    assert shift(A, B, measure="tsallis", alpha=1 + 1e-10).measure == "entropy"


def test_qlog_form_keeps_the_difference_and_the_surprise():
    for alpha in (0.3, 0.9, 2.0):
        paper = shift(A, B, measure="tsallis", alpha=alpha, reference="average")
        qlog = shift(A, B, measure="tsallis", alpha=alpha, reference="average", tsallis_form="qlog")
        np.testing.assert_allclose(paper.contribution, qlog.contribution, rtol=1e-12, atol=1e-15)
        assert paper.averages == qlog.averages


def test_order_zero_counts_types():
    found = shift(A, {"a": 1, "b": 1}, measure="tsallis", alpha=0)
    assert found.averages == (2.0, 1.0)
    assert found.difference == pytest.approx(-1)
    assert shift(A, B, measure="jsd", alpha=0).difference == pytest.approx(1 - 0.5 * 2 + 3 - 0.5 * 4)


def test_kld():
    found = shift(A, {"a": 1, "b": 2, "c": 4}, measure="kld", base=math.e)
    q = np.array([1, 2, 4]) / 7
    np.testing.assert_allclose(found.contribution, q * np.log(q / P1[:3]))
    assert (found.unit, found.averages) == ("nats", None)
    np.testing.assert_array_equal(found.p_part, 0)


def test_kld_smoothed_is_kld_of_smoothed_counts():
    smooth = shift(A, B, measure="kld", kld_missing="smooth", pseudo_count=0.25)
    added = {word: A.get(word, 0) + 0.25 for word in "abcd"}, {word: B.get(word, 0) + 0.25 for word in "abcd"}
    np.testing.assert_allclose(smooth.contribution, shift(*added, measure="kld").contribution)
    assert smooth.f1.tolist() == [3, 2, 1, 0]
    assert smooth.parameters["pseudo_count"] == 0.25


def test_kld_without_what_text_1_lacks():
    found = shift(A, B, measure="kld", kld_missing="drop")
    assert list(found.types) == ["a", "b", "c"]
    assert found.p2.tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert dict(found.coverage.dropped) == {"not in text 1": 1}


def test_jsd():
    found = shift(A, B)
    assert found.difference == pytest.approx(0.44616148297689506, rel=1e-14)
    m = 0.5 * (P1 + P2)
    terms = [0.5 * p * np.log2(np.where(p > 0, p / m, 1)) for p in (P1, P2)]
    np.testing.assert_allclose(found.contribution, terms[0] + terms[1], rtol=1e-13)
    np.testing.assert_allclose(found.p_part + found.s_part, found.contribution, atol=1e-16)
    # by the table of scores: w log m where a text lacks the word
    assert found.s1[3] == pytest.approx(0.5 * math.log2(m[3]))
    assert found.s2[2] == pytest.approx(-0.5 * math.log2(m[2]))
    assert found.all_positive
    assert not shift(A, B, reference=0.1).all_positive


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.999, 1.001, 1.5, 2, 3, 7])
@pytest.mark.parametrize("w1", [0.5, 0.3, 0.9])
def test_generalized_jsd_is_a_difference_of_entropies(alpha, w1):
    w2 = 1 - w1
    found = shift(A, B, alpha=alpha, weights=(w1, w2))
    m = w1 * P1 + w2 * P2

    def h(p):
        return (1 - (p[p > 0] ** alpha).sum()) / (alpha - 1)

    assert found.difference == pytest.approx(h(m) - w1 * h(P1) - w2 * h(P2), rel=1e-9)
    np.testing.assert_allclose(found.p_part + found.s_part, found.contribution, rtol=1e-11, atol=1e-13)
    scores = w1 * (m ** (alpha - 1) - np.where(P1 > 0, P1, 1) ** (alpha - 1) * (P1 > 0)) / (alpha - 1)
    np.testing.assert_allclose(found.s1, scores, rtol=1e-9)


def test_jsd_of_disjoint_texts_is_one_bit():
    assert shift({"a": 3, "b": 4}, {"c": 5}).difference == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("alpha", [1, 0.5, 2])
def test_jsd_keeps_its_digits_where_texts_are_nearly_alike(alpha):
    found = shift(*ALIKE, alpha=alpha, base=math.e if alpha == 1 else 2)
    n1, n2 = (sum(text.values()) for text in ALIKE)
    for at, word in enumerate(found.types):
        p1, p2 = Fraction(ALIKE[0][word], n1), Fraction(ALIKE[1][word], n2)
        m = (p1 + p2) / 2
        x = float((p1 - p2) / (p1 + p2))
        # the second-order term of the exact series is all there is at 1e-9: a/2 x^2 m^a
        exact = float(m) ** alpha * alpha / 2 * x * x
        assert found.contribution[at] == pytest.approx(exact, rel=1e-6)
        assert found.contribution[at] >= 0


def test_a_weight_of_nothing():
    found = shift(A, B, weights=(1, 0))
    assert found.degenerate
    assert found.difference == 0.0
    assert found.norm == 1.0


def test_a_weight_lost_in_rounding_is_nothing():
    found = shift({"a": 1}, {"b": 1}, alpha=0.9, weights=(1e-300, 1.0))
    assert found.parameters["weights"] == (0.0, 1.0)
    assert found.difference == 0


def test_weighted_average():
    found = shift(A, B, measure="sentiment", lexicon=SCORES, reference="average")
    assert found.difference == pytest.approx(4 / 3)
    assert found.reference == pytest.approx(5 / 3)
    assert found.norm == pytest.approx(1.8095238095238093)
    assert found.averages == pytest.approx((5 / 3, 3))
    assert found.kinds == ["neg_s_neg_p", "pos_s_neg_p", "pos_s_neg_p", "pos_s_pos_p"]


def test_two_lexicons():
    found = shift({"a": 1, "b": 1}, {"a": 1, "b": 3}, measure="sentiment", lexicon={"a": 1, "b": 2},
                  lexicon_2={"a": 3, "b": 2}, reference=0)  # fmt: skip
    np.testing.assert_allclose(found.p_part, [-0.25 * 2, 0.25 * 2])
    np.testing.assert_allclose(found.s_part, [0.375 * 2, 0])
    assert found.components["pos_s"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    "scores",
    [SCORES, (SCORES, SCORES), lambda p1, p2: np.array([1, 2, 3, 4]),
     lambda p1, p2: (np.arange(1, 5), np.arange(1, 5))],
)  # fmt: skip
def test_custom_scores(scores):
    found = shift(A, B, measure="custom", scores=scores)
    assert found.difference == pytest.approx(4 / 3)
    assert found.measure == "custom"


def test_custom_scores_of_shares_remake_the_entropy():
    def surprisal(p1, p2):
        return tuple(-np.log2(np.where(p > 0, p, 1)) for p in (p1, p2))

    found = shift(A, B, measure="custom", scores=surprisal)
    np.testing.assert_allclose(found.contribution, shift(A, B, measure="entropy").contribution)
    assert found.parameters["callable"] == "surprisal"


def test_normalizations():
    parts = shift(A, B, measure="entropy").contribution
    for name, norm in (
        ("variation", np.abs(parts).sum()),
        ("trajectory", abs(parts.sum())),
        ("none", 1),
        (None, 1),
    ):
        assert shift(A, B, measure="entropy", normalization=name).norm == pytest.approx(norm)


def test_trajectory_of_what_cancels():
    swapped = {"a": 1, "b": 2}, {"a": 2, "b": 1}
    with pytest.raises(WordShiftError, match="the contributions cancel"):
        shift(*swapped, measure="entropy", normalization="trajectory")
    found = shift(*swapped, measure="entropy", normalization="trajectory", on_degenerate="unnormalized")
    assert (found.norm, found.degenerate) == (1.0, True)


def test_identical_texts():
    for measure in ("proportion", "entropy", "kld", "jsd"):
        found = shift(A, A, measure=measure)
        assert found.degenerate
        assert found.norm == 1
        assert not found.contribution.any()


def test_top_is_the_beginning_of_the_order():
    words = {f"w{i:03}": i % 7 + 1 for i in range(300)}
    other = {f"w{i:03}": i % 5 + 1 for i in range(300)}
    for count in (0, 1, 7, 50, 299, 300, 999):
        found = shift(words, other)
        assert found.top(count).tolist() == shift(words, other).order[:count].tolist()


def test_parameters_make_the_shift_again():
    for options in ({"weights": "pooled"}, {"alpha": 2}, {"measure": "entropy", "reference": "average"},
                    {"measure": "tsallis", "alpha": 0.5, "tsallis_form": "qlog"},
                    {"measure": "kld", "kld_missing": "smooth", "pseudo_count": 2.0}):  # fmt: skip
        found = shift(A, B, **options)
        kept = {name: value for name, value in found.parameters.items() if name != "weighting"}
        again = shift(A, B, measure=found.measure, **kept)
        np.testing.assert_array_equal(found.contribution, again.contribution)
    assert found.names == ("Text 1", "Text 2")


def test_the_lexicon_follows_the_case_of_the_words():
    from hotpapers.wordshift.counts import Counts

    a, b = (
        Counts(types=["good"], values=np.ones(1), meta={"tokenizer": {"case": case}})
        for case in ("lower", "lower")
    )
    assert shift(a, b, measure="sentiment", lexicon={"Good": 3}).s1.tolist() == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "jds"}, "measure 'jds': accepted are .* \\(did you mean 'jsd'\\?\\)"),
        ({"normalization": "variaton"}, "normalization 'variaton'.*did you mean 'variation'"),
        ({"alpha": -1}, "alpha -1: a finite number >= 0"),
        ({"alpha": float("nan")}, "alpha nan"),
        ({"alpha": "2"}, "alpha '2'"),
        ({"base": 1}, "base 1: a positive number other than 1"),
        ({"base": 10, "alpha": 2}, "base 10 has no meaning with alpha 2"),
        ({"weights": (0.5, 0.6)}, "weights \\(0.5, 0.6\\): accepted are equal, pooled, or two numbers"),
        ({"weights": (-0.5, 1.5)}, "weights"),
        ({"weights": "half"}, "weights 'half'"),
        ({"weights": (1,)}, "weights \\(1,\\)"),
        ({"measure": "entropy", "weights": (0.3, 0.7)}, "weights has no meaning for measure 'entropy'"),
        ({"measure": "proportion", "alpha": 2}, "alpha has no meaning for measure 'proportion'"),
        ({"measure": "proportion", "reference": 1}, "takes no reference"),
        ({"measure": "proportion", "normalization": "trajectory"}, "normalized by 'variation'"),
        ({"measure": "sentiment"}, "needs a lexicon"),
        ({"measure": "custom"}, "needs scores"),
        ({"measure": "custom", "scores": lambda p1, p2: [1]}, "scores gave arrays of shape \\(1,\\)"),
        ({"measure": "custom", "scores": lambda p1, p2: np.full(4, np.inf)}, "scores gave inf for 'a'"),
        ({"alpha": 1e4, "weights": (1e-12, 1 - 1e-12)}, "the contribution of '.' is not finite"),
        ({"reference": "averge"}, "reference 'averge'"),
        ({"reference": float("inf")}, "reference inf"),
        (
            {"measure": "kld"},
            "Text 1 lacks 1 types of Text 2 \\('d'\\): choose kld_missing 'drop' or 'smooth'",
        ),
        ({"measure": "kld", "kld_missing": "smooth", "pseudo_count": 0}, "pseudo_count 0"),
        ({"names": ("one",)}, "two are needed"),
        ({"on_degenerate": "ignore"}, "on_degenerate 'ignore'"),
    ],
)
def test_messages(options, message):
    with pytest.raises(WordShiftError, match=message) as caught:
        shift(A, B, **options)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_misspelt_options_are_type_errors():
    with pytest.raises(TypeError, match="normalisation"):
        shift(A, B, normalisation="none")
