"""What holds for every pair of texts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hotpapers.wordshift.counts import as_counts
from hotpapers.wordshift.measures import shift

pytestmark = pytest.mark.filterwarnings("ignore::hotpapers.wordshift.filters.CoverageWarning")
quick = settings(max_examples=25, deadline=None, derandomize=True)

WORDS = "abcdefgh"
texts = st.dictionaries(st.sampled_from(WORDS), st.integers(0, 10**6), min_size=1).filter(
    lambda text: any(text.values())
)
scores = st.dictionaries(st.sampled_from(WORDS), st.floats(-9, 9), min_size=8, max_size=8)
orders = st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0, 1.1, 2.0, 3.0])
references = st.one_of(st.floats(-20, 20), st.just("average"))
weights = st.floats(0, 1).map(lambda w: (w, 1 - w))
measures = st.one_of(
    orders.map(lambda a: {"measure": "jsd", "alpha": a}),
    st.tuples(orders, weights).map(lambda o: {"measure": "jsd", "alpha": o[0], "weights": o[1]}),
    orders.map(lambda a: {"measure": "entropy", "alpha": a}),
    orders.map(lambda a: {"measure": "entropy", "alpha": a, "tsallis_form": "qlog"}),
    st.just({"measure": "kld", "kld_missing": "smooth"}),
    scores.map(lambda s: {"measure": "sentiment", "lexicon": s}),
    st.tuples(scores, scores).map(lambda s: {"measure": "sentiment", "lexicon": s[0], "lexicon_2": s[1]}),
)


def size(found):
    """What rounding errors are measured against."""
    return 1 + np.abs(found.p_part).sum() + np.abs(found.s_part).sum()


def averages_differ(found):
    return math.fsum(found.p2 * found.s2) - math.fsum(found.p1 * found.s1)


@quick
@given(texts, texts, measures, references)
def test_contributions_add_up_to_the_difference_for_every_reference(a, b, options, reference):
    found = shift(a, b, **options, reference=reference)
    close = {"rel": 1e-9, "abs": 1e-10 * size(found)}
    assert found.difference == pytest.approx(averages_differ(found), **close)
    assert found.difference == pytest.approx(shift(a, b, **options, reference=0).difference, **close)
    assert math.fsum(found.components.values()) == pytest.approx(found.difference, **close)
    np.testing.assert_allclose(found.p_part + found.s_part, found.contribution, atol=1e-12 * size(found))
    if not found.degenerate:
        assert np.abs(found.score).sum() == pytest.approx(1)


@quick
@given(texts, texts, measures)
def test_swapped_texts_swap_the_signs(a, b, options):
    assume(options["measure"] != "kld")
    found = shift(a, b, **options, reference=0)
    back = dict(options)
    if "lexicon_2" in options:
        back |= {"lexicon": options["lexicon_2"], "lexicon_2": options["lexicon"]}
    if "weights" in options:
        back["weights"] = options["weights"][::-1]
    other = shift(b, a, **back, reference=0)
    sign = 1 if options["measure"] == "jsd" else -1
    np.testing.assert_allclose(
        other.contribution, sign * found.contribution, rtol=1e-9, atol=1e-12 * size(found)
    )


@quick
@given(texts, texts, measures, st.integers(2, 9))
def test_only_shares_count(a, b, options, times):
    assume(options["measure"] != "kld")
    found = shift(a, b, **options)
    scaled = shift({word: n * times for word, n in a.items()}, b, **options)
    np.testing.assert_allclose(scaled.contribution, found.contribution, rtol=1e-9, atol=1e-12 * size(found))


@quick
@given(texts, texts, scores, st.floats(-5, 5), st.floats(-5, 5))
def test_a_constant_on_scores_and_reference_changes_nothing(a, b, lexicon, constant, reference):
    found = shift(a, b, measure="sentiment", lexicon=lexicon, reference=reference)
    lifted = {word: score + constant for word, score in lexicon.items()}
    other = shift(a, b, measure="sentiment", lexicon=lifted, reference=reference + constant)
    np.testing.assert_allclose(other.contribution, found.contribution, atol=1e-13)


@quick
@given(texts, texts, weights)
def test_jsd_lies_between_zero_and_the_entropy_of_the_weights(a, b, w):
    found = shift(a, b, weights=w)
    most = -sum(x * math.log2(x) for x in w if x > 0)
    assert 0 <= found.difference <= most + 1e-12
    assert (found.contribution >= 0).all()


@quick
@given(texts, texts)
def test_generalized_measures_tend_to_shannons(a, b):
    nats = shift(a, b, base=math.e).difference
    for alpha in (1 - 1e-6, 1 + 1e-6):
        # relative to the entropy of the mixture where the texts are nearly alike
        assert shift(a, b, alpha=alpha).difference == pytest.approx(nats, rel=1e-4, abs=1e-13)
        qlog = shift(a, b, measure="tsallis", alpha=alpha, tsallis_form="qlog")
        shannon = shift(a, b, measure="entropy", base=math.e)
        np.testing.assert_allclose(qlog.contribution, shannon.contribution, atol=2e-4)


@quick
@given(texts, texts, st.integers(1, 50), st.integers(1, 50))
def test_merging_words_with_one_ratio_leaves_the_jsd(a, b, first, second):
    n, m = a.get("a", 0), b.get("a", 0)
    assume(n + m > 0)
    parted = [{**text, "a": k * first, "z": k * second} for text, k in ((a, n), (b, m))]
    merged = [{**text, "a": k * (first + second)} for text, k in ((a, n), (b, m))]
    assert shift(*parted).difference == pytest.approx(shift(*merged).difference, rel=1e-9, abs=1e-14)


@quick
@given(texts, texts, measures)
def test_the_order_of_the_words_given_does_not_matter(a, b, options):
    found = shift(a, b, **options)
    other = shift(dict(reversed(a.items())), as_counts(list(b.items())[::-1]), **options)
    np.testing.assert_array_equal(found.contribution, other.contribution)
    assert found.norm == other.norm


@quick
@given(texts, texts, measures)
def test_words_in_neither_text_change_nothing(a, b, options):
    found = shift(a, b, **options)
    other = shift({**a, "z": 0}, {**b, "y": 0}, **options)
    assert list(other.types) == list(found.types)
    np.testing.assert_array_equal(found.contribution, other.contribution)


@quick
@given(texts, texts, scores, st.sets(st.sampled_from(WORDS), max_size=2), st.floats(-9, 0), st.floats(0, 9))
def test_filters_leave_what_a_list_of_kept_words_leaves(a, b, lexicon, stop_words, low, high):
    kept = {word for word in WORDS if word not in stop_words and not low <= lexicon[word] <= high}
    assume(all(any(text.get(word, 0) for word in kept) for text in (a, b)))
    options = {"measure": "sentiment", "lexicon": lexicon}
    found = shift(a, b, **options, stop_words=stop_words, stop_lenses=[(low, high)])
    other = shift(*({word: text.get(word, 0) for word in kept} for text in (a, b)), **options)
    np.testing.assert_array_equal(found.contribution, other.contribution)
    assert sum(found.coverage.dropped.values()) + len(found.types) == len(
        {word for text in (a, b) for word, n in text.items() if n}
    )


@quick
@given(texts, texts, measures)
def test_ranks_fall(a, b, options):
    found = shift(a, b, **options)
    sizes = np.abs(found.contribution)[found.order]
    assert (np.diff(sizes) <= 0).all()
    ties = np.flatnonzero(np.diff(sizes) == 0)
    assert (found.order[ties] < found.order[ties + 1]).all()
