"""Cross-validation does not leak, tells chance from skill, and goes on where it stopped."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.mil import validation  # noqa: E402
from hotpapers.hopfield.mil.data import as_bags  # noqa: E402
from hotpapers.hopfield.mil.figures import roc_curve_at, roc_with_band  # noqa: E402
from hotpapers.hopfield.mil.forest import bag_features  # noqa: E402
from hotpapers.hopfield.mil.report import CrossValidation, fold_table, verdict, write_report  # noqa: E402
from hotpapers.hopfield.mil.scores import area, corrected_difference  # noqa: E402
from hotpapers.hopfield.mil.selection import Candidate, stratified_folds  # noqa: E402
from hotpapers.hopfield.mil.validation import (  # noqa: E402
    Protocol,
    judge_fold,
    nested_cross_validation,
    outer_folds,
)

QUICK = Protocol(
    inner_folds=2, candidates=(Candidate(), Candidate(beta=4.0)), max_epochs=3, embedding=(8,), heads=2,
    hidden_size=4, kept=1, n_ensembles=2, trees=20,
)  # fmt: skip


def made(bags: int = 40, shift: float = 2.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    positive = (np.arange(bags) % 2).astype(np.float32)
    rows = [rng.normal(size=(rng.integers(1, 5), 5)) + shift * label for label in positive]
    return as_bags(rows), positive


def test_areas_are_scikit_learns() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 6, (3, 50)), rng.integers(0, 2, 50)
    assert area(scores, positive) == pytest.approx([roc_auc_score(positive, each) for each in scores])
    with pytest.raises(HopfieldError, match="both classes"):
        area([0.1, 0.2], [1, 1])


def test_the_corrected_test_counts_overlap() -> None:
    # by hand: d = 1, 2, 3; variance 1; (1/3 + 1/9) -> 2/3; t(2) at 97.5 % = 4.30265273
    found = corrected_difference([1, 2, 3], [0, 0, 0], test_share=1 / 9)
    assert found.mean == 2
    assert found.high - found.mean == pytest.approx(4.30265273 * 2 / 3)
    assert found.p == pytest.approx(0.0955, abs=1e-4)  # t = 3 with 2 degrees of freedom
    assert corrected_difference([1, 1], [1, 1], test_share=0.1).p == 1


def test_the_corrected_test_errs_about_as_often_as_it_says() -> None:
    """Scores of equal classifiers over 10 independent folds: differences called real in at most 5 %."""
    rng = np.random.default_rng(0)
    wrong = [corrected_difference(*rng.normal(size=(2, 10)), test_share=1 / 9).p < 0.05 for _ in range(1000)]
    assert np.mean(wrong) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 1000)


def test_folds_spread_classes_and_keep_groups() -> None:
    _, positive = made(40)
    folds = stratified_folds(positive, 4, seed=0)
    assert [positive[folds == fold].sum() for fold in range(4)] == [5] * 4
    groups = np.arange(40) // 4
    folds = stratified_folds(positive, 4, seed=0, groups=groups)
    assert all(len(set(folds[groups == group])) == 1 for group in range(10))
    with pytest.raises(HopfieldError, match=r"21 folds need 21 bags of each class.*the rarer class has 20"):
        stratified_folds(positive, 21, seed=0)
    with pytest.raises(HopfieldError, match="there are 3"):
        stratified_folds(positive, 4, seed=0, groups=np.arange(40) % 3)


def test_test_bags_change_nothing_that_is_learned(monkeypatch) -> None:
    """Their rows and labels may be anything: scaling, choice and weights stay, bit by bit."""
    bags, positive = made()
    test = np.arange(40) < 8
    seen = []
    original = validation.final_model

    def watched(*words):
        model = original(*words)
        seen.append(model)
        return model

    monkeypatch.setattr(validation, "final_model", watched)
    first = judge_fold(bags, positive, test, QUICK)
    rows, labels = bags.rows.copy(), positive.copy()
    rows[: bags.offsets[8]] += 1000
    labels[:8] = 1 - labels[:8]
    second = judge_fold(replace(bags, rows=rows), labels, test, QUICK)
    assert first.chosen == second.chosen
    one, other = seen
    assert (one.scaling_.mean == other.scaling_.mean).all()
    for a, b in zip(one.networks_.parameters(), other.networks_.parameters(), strict=True):
        assert torch.equal(a, b)
    assert first.probabilities != second.probabilities  # they were judged, though


def test_inner_bags_that_judge_are_not_scaled_by(monkeypatch) -> None:
    from hotpapers.hopfield.mil import selection

    bags, positive = made()
    fold_of = stratified_folds(positive, 2, seed=0)
    data, judged = selection._inner_sets(bags, positive, fold_of, 4, None)
    for fold in range(2):
        learned = bags.take(np.flatnonzero(fold_of != fold)).rows.astype(np.float64)
        wanted = (bags.rows - learned.mean(0)) / learned.std(0)
        assert data.rows[fold].numpy() == pytest.approx(wanted, abs=1e-5)
        for member in (fold, fold + 2):
            assert not set(data.bags[member].tolist()) & set(judged[member].tolist())
            assert fold_of[judged[member].numpy()].tolist() == [fold] * len(judged[member])


def test_labels_that_mean_nothing_give_an_area_of_one_half() -> None:
    bags, positive = made(80, shift=2.0)
    shuffled = np.random.default_rng(1).permutation(positive)
    folds = outer_folds(shuffled, folds=4, repetitions=2, seed=0)
    found = [
        fold.auc for fold in nested_cross_validation(bags, shuffled, folds, replace(QUICK, max_epochs=6))
    ]
    # a fold's area has a deviation of .13 by chance, and 8 folds of 2 repetitions some less in the mean
    assert 0.5 - 0.2 < np.mean(found) < 0.5 + 0.2


def test_labels_that_mean_something_are_found(tmp_path) -> None:
    bags, positive = made(shift=1.5)
    folds = outer_folds(positive, folds=2, repetitions=1, seed=0)
    run = CrossValidation(
        name="a <set>", bags=40, rows=len(bags.rows), features=5,
        folds=tuple(nested_cross_validation(bags, positive, folds, replace(QUICK, max_epochs=20))),
    )  # fmt: skip
    assert run.mean_and_deviation()[0] > 0.9
    assert sorted(index for fold in run.folds for index in fold.bags) == list(range(40))
    paths = write_report(run, QUICK, tmp_path)
    assert [path.name for path in paths] == ["cv.json", "folds.csv", "roc.svg"]
    written = json.loads(paths[0].read_text())
    assert written["auc"]["mean"] == pytest.approx(run.mean_and_deviation()[0])
    assert written["verdict"] == verdict(run)
    assert len(fold_table(run)) == 2
    svg = roc_with_band(run)
    assert "a &lt;set&gt;" in svg
    assert "NaN" not in svg
    assert "nan" not in svg


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch) -> None:
    bags, positive = made()
    folds = outer_folds(positive, folds=2, repetitions=1, seed=0)
    running = nested_cross_validation(bags, positive, folds, QUICK, folder=tmp_path)
    first = next(running)
    monkeypatch.setattr(validation, "forest_probabilities", lambda *a, **k: pytest.fail("done before"))
    again = nested_cross_validation(bags, positive, folds, QUICK, folder=tmp_path)
    assert next(again) == first
    other = nested_cross_validation(bags, positive, folds, replace(QUICK, seed=1), folder=tmp_path)
    with pytest.raises(pytest.fail.Exception):
        next(other)  # another protocol: nothing is taken over


def test_folds_that_can_not_be_judged_are_refused() -> None:
    bags, positive = made()
    with pytest.raises(HopfieldError, match="one class only"):
        next(nested_cross_validation(bags, positive, positive[None], QUICK))
    with pytest.raises(HopfieldError, match=r"must be \[repetitions, 40\]"):
        next(nested_cross_validation(bags, positive, np.zeros((2, 3)), QUICK))


def result(fold: int, ours: float, theirs: float) -> validation.FoldResult:
    return validation.FoldResult(
        repetition=0, fold=fold, auc=ours, forest_auc=theirs, chosen=[], trained_on=90, bags=list(range(10))
    )


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ([0.1, 0.11, 0.09, 0.1], "the network beats the random forest"),
        ([-0.1, -0.11, -0.09, -0.1], "the random forest beats the network"),
        ([-0.2, 0.1, -0.1, 0.1], "the random forest scores higher than the network.*no more than chance"),
        ([0.2, -0.1, 0.1, -0.1], "the network scores higher than the random forest.*no more than chance"),
    ],
)
def test_the_verdict_says_who_wins(gaps, words) -> None:
    folds = tuple(result(at, 0.8 + gap, 0.8) for at, gap in enumerate(gaps))
    found = verdict(CrossValidation(name="set", folds=folds, bags=100, rows=1000, features=3))
    assert re.search(words, found)


def test_the_forest_sees_means_and_extremes() -> None:
    bags = as_bags([np.array([[1.0, 5.0], [3.0, -1.0]]), np.array([[2.0, 2.0]])])
    assert bag_features(bags).tolist() == [[2, 2, 1, -1, 3, 5], [2, 2, 2, 2, 2, 2]]


def test_a_roc_curve_rises_straight_up_and_is_slanted_at_ties() -> None:
    curve = roc_curve_at([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0], np.array([0.0, 0.25, 0.5, 1.0]))
    assert curve.tolist() == [0.5, 0.5, 1.0, 1.0]
    tied = roc_curve_at([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0], np.array([0.0, 0.25, 1.0]))
    assert tied.tolist() == [0.0, 0.25, 1.0]
