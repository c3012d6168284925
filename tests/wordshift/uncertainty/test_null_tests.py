"""Permutation tests: anchors, uniform p-values under the null, what is shuffled."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from wordshift.uncertainty.cases import joined, make_counts, make_shift, presidents, zipf_texts

from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.null_tests import permutation_test


def same_source(generator, *, documents=0, types=40, tokens=600):
    """Two samples of one text: tokens, or bursty documents."""
    p = 1 / np.arange(1, types + 1)
    p /= p.sum()
    if not documents:
        return [generator.multinomial(tokens, p) for _ in range(2)]
    texts = []
    for _ in range(2):
        rows = [generator.multinomial(100, generator.dirichlet(50 * p)) for _ in range(documents)]
        texts.append(make_counts([{f"w{i:02d}": int(n) for i, n in enumerate(row) if n} for row in rows]))
    return texts


def token_p_values(runs, measure="jsd", reps=99):
    generator = np.random.Generator(np.random.PCG64(11))
    scores = (np.linspace(1, 9, 40),) * 2
    found = []
    for seed in range(runs):
        shift = make_shift(*same_source(generator), measure, given=scores)
        found.append(permutation_test(shift, unit="token", reps=reps, seed=seed).p_value)
    return np.array(found)


def document_p_values(runs, reps=99):
    generator = np.random.Generator(np.random.PCG64(12))
    found = []
    for seed in range(runs):
        a, b = same_source(generator, documents=8)
        found.append(permutation_test(joined(a, b), documents=(a, b), reps=reps, seed=seed).p_value)
    return np.array(found)


@pytest.mark.parametrize("measure", ["jsd", "entropy", "sentiment", "proportion"])
def test_p_values_are_uniform_under_the_null(measure) -> None:
    found = token_p_values(60, measure)
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_document_p_values_are_uniform_under_the_null() -> None:
    assert stats.kstest(document_p_values(60), "uniform").pvalue > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["jsd", "entropy", "sentiment"])
def test_p_values_are_uniform_over_many_runs(measure) -> None:
    assert stats.kstest(token_p_values(200, measure, reps=199), "uniform").pvalue > 0.01


@pytest.mark.slow
def test_document_p_values_are_uniform_over_many_runs() -> None:
    assert stats.kstest(document_p_values(200, reps=199), "uniform").pvalue > 0.01


def test_shuffled_tokens_of_bursty_documents_find_what_is_not_there() -> None:
    generator = np.random.Generator(np.random.PCG64(5))
    pairs = [same_source(generator, documents=8) for _ in range(10)]
    tokens = [permutation_test(joined(*pair), unit="token", reps=99).p_value for pair in pairs]
    assert max(tokens) <= 0.05  # each of them a false alarm


def test_presidents_match_the_published_null(shared_data) -> None:
    a, b = presidents(shared_data)
    shift = joined(a, b)
    test = permutation_test(shift, unit="token", reps=128)
    assert test.estimate == pytest.approx(shift.difference, rel=1e-12)
    assert test.mean == pytest.approx(0.0827, abs=4e-4)
    assert test.sd == pytest.approx(0.0009, abs=2e-4)
    assert test.p_value == 1 / 129
    assert test.null_subtracted == pytest.approx(test.estimate - test.mean)
    by_document = permutation_test(shift, documents=(a, b), reps=199)
    assert by_document.mean > test.mean  # documents differ among themselves
    assert by_document.p_value == 1 / 200


def test_document_shuffles_are_those_of_the_documents() -> None:
    a, b = same_source(np.random.Generator(np.random.PCG64(1)), documents=2)
    shift = joined(a, b)
    test = permutation_test(shift, documents=(a, b), reps=300)
    # 4 documents in two pairs: 3 divisions, each twice, so at most 3 values.
    assert len(np.unique(np.round(test.null, 10))) == 3
    assert np.any(np.isclose(test.null, shift.difference))
    assert test.p_value == pytest.approx(1 / 3, abs=0.4)


def test_signed_totals_count_both_sides() -> None:
    scores = (np.array([1.0, 9.0]),) * 2
    for f1, f2 in (([500, 300], [300, 500]), ([300, 500], [500, 300])):
        test = permutation_test(make_shift(f1, f2, "sentiment", given=scores), unit="token", reps=99)
        assert test.two_sided
        assert test.p_value == 0.01
    assert not permutation_test(make_shift([5, 3], [3, 5]), unit="token", reps=9).two_sided


def test_proportions_are_compared_by_their_distance() -> None:
    test = permutation_test(make_shift([50, 30], [30, 50], "proportion"), unit="token", reps=9)
    assert test.statistic == "total variation distance"
    assert test.estimate == pytest.approx(0.25)


def test_divergence_from_a_text_that_lost_a_type() -> None:
    test = permutation_test(
        make_shift([50, 1, 30], [30, 2, 50], "kld", {"base": 2.0}), unit="token", reps=200
    )
    assert np.all(np.isfinite(test.null))


def test_seeds_and_threads() -> None:
    shift = make_shift(*zipf_texts(50, 2000))
    one = permutation_test(shift, unit="token", reps=70, seed=1)
    two = permutation_test(shift, unit="token", reps=99, seed=1, threads=2)
    np.testing.assert_array_equal(one.null, two.null[:70])
    assert permutation_test(shift, unit="token", reps=70, seed=2).mean != one.mean


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "word"}, "accepted are document, token"),
        ({"unit": "token", "reps": 0}, "at least 1"),
        ({"unit": "document"}, "unit='token'"),
    ],
)
def test_wrong_options_are_named(options, message) -> None:
    with pytest.raises(WordShiftError, match=message):
        permutation_test(make_shift([3, 2], [2, 3]), **options)


def test_fractional_tokens_can_not_be_shuffled() -> None:
    with pytest.raises(WordShiftError, match="fractional"):
        permutation_test(make_shift([3.5, 2], [2, 3]), unit="token")
