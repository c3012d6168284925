"""Confidence intervals: exact draws, agreement of the methods, forms, bias reduction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from wordshift.uncertainty.cases import MEASURES, joined, make_counts, make_shift, presidents, zipf_texts

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.bias_reduction import bias_reduced, chao_shen_entropy
from hotpapers.wordshift.uncertainty.confidence import UncertaintyWarning, intervals
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.interval_forms import (
    benjamini_hochberg,
    bounds,
    student_quantile,
    two_sided_p,
)
from hotpapers.wordshift.uncertainty.lexicon_ratings import rating_variance
from hotpapers.wordshift.uncertainty.resampling import document_draws, document_matrix, token_draws
from hotpapers.wordshift.uncertainty.totals import total_interval


@pytest.fixture(scope="module")
def zipf():
    return make_shift(*zipf_texts())


@pytest.fixture(scope="module")
def addresses(shared_data):
    a, b = presidents(shared_data)
    return joined(a, b), a, b


def bursty(seed=0, documents=12):
    """Two texts of documents that each prefer some words."""
    generator = np.random.Generator(np.random.PCG64(seed))
    texts = []
    for tilt in (0.0, 0.6):
        p = 1 / np.arange(1, 41) ** (1.0 + tilt)
        p /= p.sum()
        rows = []
        for _ in range(documents):
            counts = generator.multinomial(150 + generator.integers(200), generator.dirichlet(60 * p))
            rows.append({f"w{i:02d}": int(count) for i, count in enumerate(counts) if count})
        texts.append(make_counts(rows))
    return joined(*texts), *texts


# Token draws


def test_token_draws_are_binomial(zipf) -> None:
    contributions = Contributions.of(zipf)
    index = zipf.order[:10]
    draws = token_draws(contributions, index, reps=20_000, seed=3)
    for f, drawn in ((zipf.f1, draws.f1), (zipf.f2, draws.f2)):
        n, p = f.sum(), f[index] / f.sum()
        np.testing.assert_allclose(drawn.mean(axis=0), n * p, atol=5 * np.sqrt(n / 20_000 / 4))
        # The variance of a variance: 5 standard errors, (2 / reps)^(1/2) each.
        shown = p > 0
        np.testing.assert_allclose(drawn.var(axis=0)[shown], (n * p * (1 - p))[shown], rtol=5 * 0.01 + 0.01)


def test_poisson_draws_move_the_total(zipf) -> None:
    draws = token_draws(Contributions.of(zipf), zipf.order[:5], reps=5000, seed=1, scheme="poisson")
    n = zipf.f1.sum()
    assert draws.totals[0].var() == pytest.approx(n, rel=0.12)
    assert np.all(draws.f1.sum(axis=1, keepdims=True) <= draws.totals[0])


@pytest.mark.parametrize("scheme", ["multinomial", "poisson"])
def test_moving_reference_draws_the_whole_text(scheme) -> None:
    shift = make_shift(*zipf_texts(60, 4000), "entropy", {"base": 2.0}, reference="average")
    delta = intervals(shift, method="delta", top=8)
    drawn = intervals(shift, method="token", top=8, reps=3000, scheme=scheme)
    np.testing.assert_allclose(drawn.sd, delta.sd, rtol=0.08)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_replicates_do_not_depend_on_threads_or_their_number(zipf, threads) -> None:
    contributions, index = Contributions.of(zipf), zipf.order[:7]
    whole = token_draws(contributions, index, reps=200, seed=5)
    some = token_draws(contributions, index, reps=77, seed=5, threads=threads)
    np.testing.assert_array_equal(whole.f1[:77], some.f1)
    np.testing.assert_array_equal(whole.f2[:77], some.f2)
    assert not np.array_equal(some.f1, token_draws(contributions, index, reps=77, seed=6).f1)


# The methods


@pytest.mark.parametrize(("measure", "parameters"), MEASURES, ids=lambda value: str(value)[:24])
def test_delta_agrees_with_token_draws(measure, parameters) -> None:
    f1, f2 = zipf_texts(60, 20_000)
    scores = (np.linspace(1, 9, 60), np.linspace(2, 8, 60))
    shift = make_shift(f1, f2, measure, parameters, given=scores)
    delta = intervals(shift, method="delta", top=8)
    token = intervals(shift, method="token", top=8, reps=3000, seed=1)
    assert delta.types == token.types
    np.testing.assert_allclose(delta.sd, token.sd, rtol=0.1)


def test_presidents_match_the_published_anchors(addresses) -> None:
    shift, a, b = addresses
    assert (a.total, b.total) == (35_187, 32_972)
    assert shift.difference == pytest.approx(0.168381207499, rel=1e-9)
    token = intervals(shift, method="token", seed=0)
    delta = intervals(shift, method="delta")
    document = intervals(shift, documents=(a, b))
    np.testing.assert_allclose(delta.sd[:8], token.sd[:8], rtol=0.07)
    wider = dict(zip(token.types, (document.high - document.low) / (token.high - token.low), strict=True))
    assert token.types[0] == "applause"
    assert wider["applause"] == pytest.approx(4.0, abs=0.4)
    assert wider["vietnam"] == pytest.approx(3.5, abs=0.4)
    assert min(list(wider.values())[:10]) > 1.3


def test_delta_draws_divergences_where_their_gradient_is_flat() -> None:
    shift = make_shift([500, 300, 100, 40, 60], [500, 302, 99, 60, 39])
    delta = intervals(shift, method="delta", top=5)
    assert np.all(delta.sd > 0)
    close = delta.types.index(1)
    assert delta.low[close] >= 0


def test_direction_and_rank_stability() -> None:
    shift = make_shift([900, 500, 101, 100, 8000], [400, 500, 99, 120, 8000])
    token = intervals(shift, method="token", top=2, reps=2000)
    assert token.types[0] == 0
    assert token.q[0] < 0.01
    assert token.in_top_share[0] == 1
    assert 0 < token.in_top_share[1] < 1
    everything = intervals(shift, method="token", top=5)
    assert everything.q[everything.types.index(2)] > 0.2
    delta = intervals(shift, method="delta", top=2)
    assert delta.q[0] < 1e-6
    assert delta.in_top_share[0] > 0.99
    assert intervals(shift, method="delta", top=5).in_top_share.min() > 0.5  # nothing is left to oust them


def test_scores_are_in_the_unit_that_figures_draw(zipf) -> None:
    made = intervals(zipf, method="token", top=3)
    low, high = made.scores()[made.types[0]]
    assert low * zipf.norm == pytest.approx(made.low[0])
    assert low < float(zipf.score[made.index[0]]) < high


def test_none_gives_estimates_only(zipf) -> None:
    made = intervals(zipf, method="none", top=3)
    assert np.isnan(made.low).all()
    assert made.total.estimate == zipf.difference


def test_identical_texts_have_no_words_to_show() -> None:
    for method in ("token", "delta"):
        made = intervals(make_shift([3, 4, 5], [3, 4, 5]), method=method)
        assert len(made.low) == len(made.types) == 0
        assert made.total.estimate == 0


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=3, max_size=6),
    st.sampled_from(["percentile", "basic", "bca", "studentized"]),
)
@settings(max_examples=25, deadline=None)
def test_swapping_texts_swaps_delta_and_keeps_order_of_ends(pairs, form) -> None:
    f1, f2 = zip(*pairs, strict=True)
    there, back = (make_shift(*texts, "entropy", {"base": 2.0}) for texts in ((f1, f2), (f2, f1)))
    one, two = (intervals(shift, method="delta", top=6) for shift in (there, back))
    np.testing.assert_allclose(one.low, -two.high, atol=1e-9)
    made = intervals(there, method="token", form=form, reps=100, top=6)
    assert np.all(made.low <= made.high + 1e-12)


# Documents


def test_document_draws_are_resampled_documents() -> None:
    shift, a, b = bursty()
    contributions = Contributions.of(shift)
    matrices = (document_matrix(a, shift.types, shift.f1), document_matrix(b, shift.types, shift.f2))
    index = shift.order[:6]
    draws = document_draws(contributions, matrices, index, reps=4000, seed=2)
    dense = matrices[0].columns(np.arange(len(shift.types)))
    np.testing.assert_array_equal(dense.sum(axis=0), shift.f1)
    np.testing.assert_array_equal(dense.sum(axis=1), matrices[0].lengths)
    np.testing.assert_array_equal(matrices[0].weighted(np.ones((1, 12)))[0], shift.f1)
    count = len(dense)
    expected = count * dense[:, index].var(axis=0)
    np.testing.assert_allclose(draws.f1.var(axis=0), expected, rtol=0.15)
    np.testing.assert_allclose(draws.totals[0].mean(), shift.f1.sum(), rtol=0.01)


def test_documents_follow_the_filters() -> None:
    _, a, b = bursty()
    kept = [word for word in sorted({*a.types, *b.types}) if word not in {"w00", "w07"}]
    first, second = a.as_dict(), b.as_dict()
    f1, f2 = ([counts.get(word, 0.0) for word in kept] for counts in (first, second))
    shift = make_shift(f1, f2, types=kept)
    matrix = document_matrix(a, kept, shift.f1)
    assert matrix.lengths.sum() == sum(f1)
    assert intervals(shift, documents=(a, b), top=5).method == "document"


def test_empty_documents_are_left_out() -> None:
    counts = make_counts([["x"], [], ["y"], ["x", "y"]])
    assert len(document_matrix(counts, counts.types, counts.values)) == 3
    only_x = document_matrix(counts, ["x"], np.array([2.0]))
    assert only_x.lengths.tolist() == [1, 1]


def test_documents_of_another_text_are_refused() -> None:
    shift, a, b = bursty()
    with pytest.raises(WordShiftError, match="add up"):
        intervals(shift, documents=(b, a))
    with pytest.raises(WordShiftError, match="add up"):
        intervals(shift, documents=(b.documents, a.documents))


def test_few_documents_fall_back_to_tokens_with_a_warning() -> None:
    shift, a, b = bursty(documents=4)
    with pytest.warns(UncertaintyWarning, match="4 and 4 documents"):
        assert intervals(shift, documents=(a, b), top=3).method == "token"
    with pytest.warns(UncertaintyWarning, match="no documents"):
        assert intervals(shift, top=3).method == "token"
    bare = Counts(types=a.types, values=a.values)
    with pytest.warns(UncertaintyWarning, match="no documents"):
        assert intervals(shift, documents=(bare, b), top=3).method == "token"


def test_document_intervals_are_wider_on_bursty_text_in_every_form() -> None:
    shift, a, b = bursty(1)
    token = intervals(shift, method="token", top=10)
    for form in ("percentile", "basic", "bca", "studentized"):
        document = intervals(shift, documents=(a, b), top=10, form=form)
        assert np.median((document.high - document.low) / (token.high - token.low)) > 1.3


def test_moving_reference_with_documents() -> None:
    _, a, b = bursty(2)
    shift = joined(a, b, "entropy", {"base": 2.0}, reference="average")
    document = intervals(shift, documents=(a, b), top=5, form="studentized", reps=400)
    assert np.all(document.low < document.high)
    assert np.all(document.sd > 0)


# Forms and tests


def test_forms_on_known_replicates() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    drawn = 2 + generator.normal(size=(20_001, 1))
    estimate = np.array([2.0])
    unit = (np.array([1.0]), np.array([0.0]))
    for form in ("percentile", "basic", "bca"):
        low, high = bounds(estimate, drawn, level=0.95, form=form, influence=unit)
        assert (low[0], high[0]) == pytest.approx((0.04, 3.96), abs=0.08)
    low, high = bounds(
        estimate, drawn, level=0.95, form="studentized", influence=unit, spread=np.ones_like(drawn)
    )
    assert (low[0], high[0]) == pytest.approx((0.04, 3.96), abs=0.08)


def test_bca_agrees_with_scipy() -> None:
    generator = np.random.Generator(np.random.PCG64(4))
    sample = generator.exponential(size=40)
    drawn = np.array([generator.choice(sample, 40).mean() for _ in range(9999)])[:, None]
    moved = (sample - sample.mean()) / 40
    influence = (np.array([(moved**2).sum()]), np.array([(moved**3).sum()]))
    low, high = bounds(np.array([sample.mean()]), drawn, level=0.95, form="bca", influence=influence)
    known = stats.bootstrap((sample,), np.mean, n_resamples=9999, method="BCa", rng=1).confidence_interval
    assert (low[0], high[0]) == pytest.approx((known.low, known.high), abs=0.02)


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    p = np.random.Generator(np.random.PCG64(1)).uniform(size=40) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert np.isnan(benjamini_hochberg(np.array([np.nan, 0.3]))[0])


def test_student_quantile_agrees_with_scipy() -> None:
    for freedom in (1, 2, 4, 4.7, 7, 14, 60, 1e6):
        for probability in (0.9, 0.975, 0.995):
            expected = stats.t.ppf(probability, freedom)
            assert student_quantile(probability, freedom) == pytest.approx(expected, rel=0.02)
    assert student_quantile(0.975, 4) == pytest.approx(2.776, rel=3e-3)


def test_two_sided_p_counts_both_tails() -> None:
    drawn = np.array([[1.0, -1.0], [2.0, 1.0], [3.0, 2.0]])
    np.testing.assert_allclose(two_sided_p(drawn), [0.5, 1.0])


# Totals


@pytest.mark.parametrize(
    ("measure", "parameters"), [m for m in MEASURES if m[0] in {"entropy", "tsallis", "jsd"}]
)
def test_token_jackknife_leaves_out_every_token(measure, parameters) -> None:
    f1, f2 = np.array([5.0, 3.0, 1.0, 0.0]), np.array([2.0, 2.0, 4.0, 3.0])
    contributions = Contributions.of(make_shift(f1, f2, measure, parameters))
    estimate = contributions.total(f1, f2)
    expected = estimate
    for k, f in enumerate((f1, f2)):
        totals = []
        for j in np.flatnonzero(f > 0):
            less = f.copy()
            less[j] -= 1
            totals += [contributions.total(*((less, f2) if k == 0 else (f1, less)))] * int(f[j])
        expected -= (f.sum() - 1) * (np.mean(totals) - estimate)
    assert bias_reduced(contributions) == pytest.approx(expected, rel=1e-10)


def test_document_jackknife_leaves_out_every_document() -> None:
    shift, a, b = bursty(documents=6)
    contributions = Contributions.of(shift)
    matrices = (document_matrix(a, shift.types, shift.f1), document_matrix(b, shift.types, shift.f2))
    expected = estimate = contributions.total(shift.f1, shift.f2)
    everything = np.arange(len(shift.types))
    for k, matrix in enumerate(matrices):
        rows = matrix.columns(everything)
        texts = [(shift.f1 - row, shift.f2) if k == 0 else (shift.f1, shift.f2 - row) for row in rows]
        expected -= 5 * (np.mean([contributions.total(*text) for text in texts]) - estimate)
    assert bias_reduced(contributions, documents=matrices) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("reduction", ["jackknife", "chao-shen"])
@pytest.mark.parametrize("measure", ["jsd", "entropy"])
def test_reduced_totals_are_nearer_to_the_truth(measure, reduction) -> None:
    generator = np.random.Generator(np.random.PCG64(8))
    base = 1 / np.arange(1, 3001) ** 1.05
    p1, p2 = base / base.sum(), base * np.exp(generator.normal(0, 0.7, 3000))
    p2 /= p2.sum()
    true = Contributions.of(make_shift(p1, p2, measure, {"base": 2.0, "weights": (0.5, 0.5)})).total(p1, p2)
    plain, reduced = [], []
    for _ in range(12):
        shift = make_shift(generator.multinomial(3000, p1), generator.multinomial(9000, p2), measure)
        plain.append(shift.difference - true)
        reduced.append(total_interval(shift, reduction=reduction).reduced - true)
    assert abs(np.mean(reduced)) < 0.6 * abs(np.mean(plain))


def test_chao_shen_of_a_uniform_text() -> None:
    # 1000 equal types, 1000 tokens: the plug-in is about half a nat too low.
    generator = np.random.Generator(np.random.PCG64(0))
    found = [
        chao_shen_entropy(generator.multinomial(1000, np.full(1000, 1e-3)).astype(float)) for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(np.log(1000), abs=0.15)
    assert np.isfinite(chao_shen_entropy(np.ones(5)))


def test_total_interval_of_an_average_is_its_classical_one() -> None:
    f1, f2 = zipf_texts(50, 5000)
    scores = np.linspace(1, 9, 50)
    shift = make_shift(f1, f2, "sentiment", given=(scores, scores))
    found = total_interval(shift)
    variance = sum(((f / f.sum()) @ scores**2 - ((f / f.sum()) @ scores) ** 2) / f.sum() for f in (f1, f2))
    assert found.sd == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert found.reduced == found.estimate == shift.difference
    assert found.high - found.estimate == pytest.approx(1.959964 * found.sd, rel=1e-6)


def test_total_sd_by_documents_agrees_with_their_bootstrap() -> None:
    shift, a, b = bursty(3, documents=40)
    contributions = Contributions.of(shift)
    matrices = (document_matrix(a, shift.types, shift.f1), document_matrix(b, shift.types, shift.f2))
    everything = np.arange(len(shift.types))
    draws = document_draws(contributions, matrices, everything, reps=1500)
    totals = contributions.at(draws.f1, draws.f2, totals=draws.totals, index=everything).sum(axis=1)
    found = total_interval(shift, documents=matrices)
    assert found.sd == pytest.approx(totals.std(), rel=0.12)
    assert 0 <= found.low < found.reduced < found.high


def test_ratings_add_to_the_totals_error() -> None:
    f1, f2 = zipf_texts(50, 5000)
    scores = np.linspace(1, 9, 50)
    shift = make_shift(f1, f2, "sentiment", given=(scores, scores))
    sd = np.linspace(0.5, 2, 50)
    generator = np.random.Generator(np.random.PCG64(0))
    rated = scores + sd * generator.normal(size=(20_000, 50))
    variance = rating_variance(shift, sd)
    assert variance == pytest.approx((rated @ shift.p_diff).var(), rel=0.05)
    assert rating_variance(shift, dict(enumerate(sd)), raters=50) == pytest.approx(variance / 50)
    both = rating_variance(shift, sd, sd)
    assert both == pytest.approx(((shift.p1**2 + shift.p2**2) * sd**2).sum())
    plain = total_interval(shift).sd
    assert total_interval(shift, rating_variance=variance).sd == pytest.approx(np.hypot(plain, variance**0.5))
    with pytest.raises(WordShiftError, match="negative"):
        rating_variance(shift, -sd)
    with pytest.raises(WordShiftError, match="jsd"):
        rating_variance(make_shift(f1, f2), sd)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "bootstrap"}, "accepted are document"),
        ({"form": "bcaa"}, "accepted are percentile"),
        ({"level": 95}, "level 95"),
        ({"top": 0}, "at least 1"),
        ({"reps": 0}, "at least 1"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_wrong_options_are_named(zipf, options, message) -> None:
    with pytest.raises(WordShiftError, match=message):
        intervals(zipf, **{"method": "token", **options})


def test_reductions_that_do_not_exist_for_a_measure(zipf) -> None:
    with pytest.raises(WordShiftError, match="only for Shannon"):
        total_interval(make_shift([3, 2], [2, 3], "tsallis", {"alpha": 2.0}), reduction="chao-shen")
    with pytest.raises(WordShiftError, match="smooth"):
        total_interval(make_shift([3, 2], [2, 3], "kld", {}), reduction="jackknife")
    with pytest.raises(WordShiftError, match="null_mean"):
        total_interval(zipf, reduction="null-subtracted")
    assert total_interval(zipf, reduction="null-subtracted", null_mean=0.01).reduced == pytest.approx(
        zipf.difference - 0.01
    )
