"""Where the reference implementation is wrong: its bugs B1 to B9, as far as they concern the mathematics.

B8 is about figures and B10 about rank-turbulence divergence; their tests are beside those.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from hotpapers.wordshift import compat as sh
from hotpapers.wordshift.counts import as_counts
from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.shifts import WordShiftError

A, B = {"a": 3, "b": 2, "c": 1}, {"a": 1, "b": 2, "d": 4}
SCORES = {"a": 1, "b": 2, "c": 3, "d": 4}


def zipf(seed, size=400):
    rng = np.random.default_rng(seed)
    return {f"w{i}": int(n) for i, n in enumerate(rng.poisson(2000 / np.arange(1, size + 1))) if n}


def test_b1_scores_as_any_mapping_on_this_python():
    from types import MappingProxyType

    found = sh.WeightedAvgShift(A, B, MappingProxyType(SCORES), reference_value="average")
    assert found.diff == pytest.approx(4 / 3)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.9999, 1.0001, 2, 5])
def test_b2_generalized_jsd_is_never_negative(alpha):
    a, b = zipf(1), zipf(2)
    found = shift(a, b, alpha=alpha)
    assert (found.contribution >= 0).all()
    assert found.difference > 0
    assert found.all_positive


def test_b2_generalized_jsd_tends_to_jsd():
    a, b = zipf(1), zipf(2)
    nats = shift(a, b, base=np.e).difference
    for alpha in (1 - 1e-6, 1 + 1e-6):
        assert shift(a, b, alpha=alpha).difference == pytest.approx(nats, rel=1e-5)


def test_b3_proportions_are_normalized_though_their_total_is_zero():
    found = sh.ProportionShift({"a": 1, "b": 1}, {"b": 1, "c": 1})
    assert found.diff == pytest.approx(0)
    assert found.norm == 1.0
    assert sum(map(abs, found.type2shift_score.values())) == pytest.approx(1)


def test_b3_nothing_depends_on_the_hash_seed():
    program = (
        "import hotpapers.wordshift.compat as sh\n"
        "f = sh.ProportionShift({c: i % 5 + 1 for i, c in enumerate('abcdefghijkl')},"
        " {c: i % 4 + 1 for i, c in enumerate('hgfedcbamnop')})\n"
        "print(repr(f.norm), [f.result.types[i] for i in f.result.order])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True, check=True, text=True,
        ).stdout
        for seed in (0, 3, 7)
    }  # fmt: skip
    assert len(outputs) == 1


def test_b3_ties_are_in_order_of_the_words():
    found = shift({"x": 1, "b": 1, "a": 1}, {"x": 1, "d": 1, "c": 1}, measure="proportion")
    assert [found.types[at] for at in found.order] == ["a", "b", "c", "d", "x"]


def test_b4_kld_looks_at_counts_and_not_at_keys():
    with pytest.raises(WordShiftError, match="Text 1 lacks 1 types of Text 2 \\('z'\\)"):
        sh.KLDivergenceShift({"a": 5, "z": 0}, {"a": 5, "z": 3})
    assert sh.KLDivergenceShift({"a": 5, "z": 2}, {"a": 5, "z": 0}).diff == pytest.approx(np.log2(7 / 5))


def test_b4_kld_keeps_the_sizes_of_both_texts():
    found = sh.KLDivergenceShift({"a": 5, "z": 5}, {"a": 1, "z": 3})
    assert (sum(found.type2freq_1.values()), sum(found.type2freq_2.values())) == (10, 4)


def test_b5_words_without_any_score_are_no_error():
    found = sh.WeightedAvgShift({**A, "x": 3}, {**B, "y": 1}, SCORES, {**SCORES, "z": 9}, reference_value=0)
    assert found.types == {"a", "b", "c", "d"}
    assert found.no_score_types == {"x", "y"}
    assert found.adopted_score_types == set()


def test_b5_only_words_of_the_texts_are_looked_at():
    """The lexicons disagree about a word that neither text uses: under a lens, and in what they score."""
    first, second = {**SCORES, "unused": 5, "alone": 1}, {**SCORES, "unused": 9}
    found = sh.WeightedAvgShift(A, B, first, second, reference_value=0, stop_lens=[(4.5, 6)])
    assert found.types == {"a", "b", "c", "d"}
    assert found.filtered_types == set()


def test_b6_order_zero_counts_types_and_negative_orders_are_refused():
    assert sh.EntropyShift(A, {"a": 1}, alpha=0).diff == pytest.approx(-2)
    with pytest.raises(ValueError, match=r"alpha -0\.5"):
        sh.EntropyShift(A, B, alpha=-0.5)


def test_b6_a_misspelt_normalization_is_refused():
    with pytest.raises(ValueError, match="did you mean 'variation'"):
        sh.EntropyShift(A, B, normalization="varation")


@pytest.mark.parametrize("count", [float("nan"), -1, float("inf")])
def test_b6_counts_that_are_none_are_refused(count):
    with pytest.raises(ValueError, match="the count of 'b' is"):
        sh.JSDivergenceShift({"a": 1, "b": count}, B)


def test_b6_texts_without_lexicon_score_one_each():
    found = sh.WeightedAvgShift(A, B)
    np.testing.assert_allclose(found.result.contribution, found.result.p2 - found.result.p1)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: sh.ProportionShift({}, B), "Text 1 is empty"),
        (lambda: sh.WeightedAvgShift(A, B, {"z": 1}), "nothing is left of Text 1"),
    ],
)
def test_b7_crashes_are_messages(run, message):
    with pytest.raises(WordShiftError, match=message):
        run()


def test_b7_what_crashed_works():
    assert sh.JSDivergenceShift({**A, "q": 0}, {**B, "q": 0}).types == {"a", "b", "c", "d"}
    assert sh.JSDivergenceShift(A, B, weight_1=1, weight_2=0).diff == 0
    assert sh.JSDivergenceShift(A, B, weight_1=0.1, weight_2=0.9).diff > 0  # 0.1 + 0.9 is 1 to a bit


def test_b7_series_are_counts():
    class Series:
        iloc = None
        index = np.array(["a", "b"])

        def tolist(self):
            return [1, 2]

    assert as_counts(Series()).as_dict() == {"a": 1.0, "b": 2.0}


def test_b9_titles_show_tsallis_entropies():
    found = shift(A, B, measure="tsallis", alpha=2).averages
    p = np.array([3, 2, 1]) / 6
    assert found[0] == pytest.approx(1 - (p**2).sum())


def test_b9_a_base_without_logarithms_is_refused():
    with pytest.raises(ValueError, match="base 10 has no meaning with alpha 2"):
        sh.EntropyShift(A, B, base=10, alpha=2)
