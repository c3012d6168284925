"""The classifier whose stored patterns are the training rows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from hotpapers.hopfield import HopfieldMemoryClassifier
from hotpapers.hopfield.errors import HopfieldError


@parametrize_with_checks([HopfieldMemoryClassifier(epochs=5)])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_knows_it(estimator, check):
    check(estimator)


def test_two_real_tables():
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    for load, least in ((load_iris, 0.93), (load_breast_cancer, 0.965)):
        scores = cross_val_score(HopfieldMemoryClassifier(), *load(return_X_y=True), cv=folds)
        assert scores.mean() >= least


def test_probabilities_are_the_labels_share_of_the_association():
    rows, y = load_iris(return_X_y=True)
    model = HopfieldMemoryClassifier(epochs=3).fit(rows, y)
    query = torch.from_numpy((rows[:1] - model.mean_) / model.scale_) @ model.projection_.double().T
    scores = (query * model.stored_).sum(1) - 0.5 * (model.stored_**2).sum(1)
    expected = torch.softmax(scores, 0) @ model.recalled_.double()
    assert model.predict_proba(rows[:1])[0] == pytest.approx(expected.numpy(), abs=1e-6)


def test_learning_pays():
    random = np.random.default_rng(0)
    rows = np.concatenate([random.normal(size=(300, 1)), 4 * random.normal(size=(300, 20))], axis=1)
    y = (rows[:, 0] > 0).astype(int)
    scores = [
        HopfieldMemoryClassifier(epochs=epochs).fit(rows[:200], y[:200]).score(rows[200:], y[200:])
        for epochs in (1, 150)
    ]
    assert scores[1] > scores[0] + 0.05
    curve = HopfieldMemoryClassifier(epochs=150).fit(rows, y).loss_curve_
    assert curve[-1] < 0.6 * curve[0]


def test_a_row_does_not_retrieve_itself_while_it_learns():
    """Of labels that mean nothing there is nothing to learn: a row that saw its own label would."""
    random = np.random.default_rng(1)
    rows, y = random.normal(size=(120, 5)), random.integers(0, 2, size=120)
    curve = HopfieldMemoryClassifier(epochs=60, dropout=0.0).fit(rows, y).loss_curve_
    assert curve[-1] > 0.5


def test_the_same_seed_gives_the_same_model():
    rows, y = load_iris(return_X_y=True)
    first, second = (clone(HopfieldMemoryClassifier(random_state=3, epochs=5)).fit(rows, y) for _ in range(2))
    assert torch.equal(first.projection_, second.projection_)
    again = pickle.loads(pickle.dumps(first))
    assert np.array_equal(again.predict_proba(rows), first.predict_proba(rows))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0}, "learning_rate must be positive"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
    ],
)
def test_wrong_options_are_named(options, message):
    rows, y = load_iris(return_X_y=True)
    with pytest.raises(HopfieldError, match=message):
        HopfieldMemoryClassifier(**options).fit(rows, y)


def test_one_class_is_refused():
    with pytest.raises(HopfieldError, match="one class only"):
        HopfieldMemoryClassifier().fit(np.eye(4), ["a"] * 4)
