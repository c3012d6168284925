"""The classifier learns, keeps scikit-learn's promises, and says what it can't use."""

from __future__ import annotations

import json
import pickle
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pd = pytest.importorskip("pandas")
sklearn_base = pytest.importorskip("sklearn.base")

from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier  # noqa: E402
from hotpapers.hopfield.mil.data import as_bags  # noqa: E402
from hotpapers.hopfield.mil.explaining import explain, row_weights  # noqa: E402

SMALL = {
    "embedding": (16,),
    "heads": 2,
    "hidden_size": 8,
    "max_epochs": 30,
    "n_ensembles": 2,
    "random_state": 0,
}


def bags_with_a_key(count: int = 60, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Bags of 1 to 6 rows; in positive ones one row, the first, has a large second feature."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    bags = [rng.normal(size=(rng.integers(1, 7), 4)) for _ in y]
    for bag, label in zip(bags, y, strict=True):
        bag[0, 1] += 5 * label
    return bags, y


@pytest.fixture(scope="module")
def fitted() -> HopfieldMILClassifier:
    return HopfieldMILClassifier(**SMALL, learning_rate=5e-3).fit(*bags_with_a_key())


@pytest.mark.parametrize("pooling", ["hopfield", "gated"])
def test_it_finds_the_row_that_decides(pooling) -> None:
    bags, y = bags_with_a_key(seed=1)
    model = HopfieldMILClassifier(**SMALL, learning_rate=5e-3, pooling=pooling, beta=4.0).fit(
        *bags_with_a_key()
    )
    assert (model.predict(bags) == y).mean() >= 0.9
    if pooling == "gated":
        return
    weights = [
        w
        for w, label, bag in zip(model.instance_weights(bags), y, bags, strict=True)
        if label and len(bag) > 2
    ]
    assert np.mean([w.argmax() == 0 for w in weights]) >= 0.9


def test_weights_of_a_bag_sum_to_one(fitted) -> None:
    bags, _ = bags_with_a_key(seed=2)
    weights = fitted.instance_weights(bags)
    assert [len(w) for w in weights] == [len(bag) for bag in bags]
    assert [w.sum() for w in weights] == pytest.approx([1] * len(bags))


def test_forms_of_input_and_names_of_labels_change_nothing(fitted) -> None:
    bags, y = bags_with_a_key()
    wanted = fitted.predict_proba(bags)
    rows, offsets = np.concatenate(bags), np.cumsum([0, *map(len, bags)])
    assert (fitted.predict_proba((rows, offsets)) == wanted).all()
    table = pd.DataFrame(rows, columns=list("abcd"))
    table["who"] = np.repeat(np.arange(len(bags)), np.diff(offsets))
    table["kind"] = np.where(y[table["who"]] == 1, "z", "m")
    again = HopfieldMILClassifier(**SMALL, learning_rate=5e-3, bag="who").fit(table, "kind")
    assert again.classes_.tolist() == ["m", "z"]
    assert (again.predict_proba(table[["who", "d", "c", "b", "a"]]) == wanted).all()
    assert set(again.predict(table)) == {"m", "z"}


def test_it_is_cloned_pickled_and_seeded(fitted) -> None:
    bags, y = bags_with_a_key()
    wanted = fitted.predict_proba(bags)
    fresh = sklearn_base.clone(fitted)
    assert not hasattr(fresh, "networks_")
    assert (fresh.fit(bags, y).predict_proba(bags) == wanted).all()
    assert (pickle.loads(pickle.dumps(fitted)).predict_proba(bags) == wanted).all()
    other = fresh.set_params(random_state=1).fit(bags, y)
    assert (other.predict_proba(bags) != wanted).any()
    assert not fitted.__sklearn_tags__().classifier_tags.multi_class


def test_a_bags_probability_does_not_depend_on_other_bags(fitted) -> None:
    bags, _ = bags_with_a_key(seed=3)
    together = fitted.predict_proba(bags)[:, 1]
    alone = [fitted.predict_proba([bag])[0, 1] for bag in bags]
    assert together == pytest.approx(alone, abs=1e-6)


def test_scikit_learn_cross_validates_it() -> None:
    from sklearn.model_selection import cross_val_score

    bags, y = bags_with_a_key()
    model = HopfieldMILClassifier(**SMALL, learning_rate=5e-3)
    assert cross_val_score(model, bags, y, cv=2, scoring="roc_auc").mean() > 0.9


def test_weights_of_bags_matter_and_nothing_comes_from_weight_zero() -> None:
    bags, y = bags_with_a_key()
    wrong = [*bags, *bags]
    labels, weight = np.concatenate([y, 1 - y]), np.repeat([1.0, 0.0], len(y))
    settings = {**SMALL, "early_stopping": False}
    model = HopfieldMILClassifier(**settings, learning_rate=5e-3).fit(wrong, labels, sample_weight=weight)
    assert (model.predict(bags) == y).mean() > 0.9
    model = HopfieldMILClassifier(**settings, learning_rate=5e-3).fit(wrong, labels, sample_weight=1 - weight)
    assert (model.predict(bags) == y).mean() < 0.1


def test_few_positive_bags_count_as_much_as_many_negative_ones() -> None:
    bags, y = bags_with_a_key(120)
    kept = np.flatnonzero((y == 0) | (np.arange(120) < 16))  # 8 positive, 60 negative
    few, labels = [0.3 * bags[i] for i in kept], y[kept]
    settings = {**SMALL, "max_epochs": 15, "early_stopping": False, "learning_rate": 5e-3}
    one, balanced = (
        HopfieldMILClassifier(**settings, pos_weight=pos_weight)
        .fit(few, labels)
        .predict_proba(few)[:, 1]
        .mean()
        for pos_weight in (1.0, "balanced")
    )
    assert one == pytest.approx(8 / 68, abs=0.06)  # the share of positive bags
    assert balanced > one + 0.06


def test_early_stopping_keeps_the_best_and_groups_stay_together() -> None:
    from hotpapers.hopfield.mil.stopping import parts_held_out

    bags, y = bags_with_a_key()
    model = HopfieldMILClassifier(**{**SMALL, "max_epochs": 200}, patience=2, learning_rate=0.02).fit(bags, y)
    assert model.n_epochs_ < 200
    positive, groups = (np.arange(60) % 2).astype(np.float32), np.arange(60) // 4
    for train, test in parts_held_out(positive, 3, 0.2, groups, 0):
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(60))
    assert parts_held_out((np.arange(60) < 4).astype(np.float32), 3, 0.2, None, 0) is None


def test_a_saved_model_is_the_same_and_holds_no_code(tmp_path, fitted) -> None:
    bags, _ = bags_with_a_key()
    fitted.save(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]
    found = HopfieldMILClassifier.load(tmp_path / "model")
    assert (found.predict_proba(bags) == fitted.predict_proba(bags)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format version 2.*reads version 1"),
        ({"format": "other"}, "no model of a classifier of bags"),
        ({"classes": None, "parameters": {"heads": 3}}, "damaged"),
    ],
)
def test_what_another_version_wrote_is_refused(tmp_path, fitted, change, message) -> None:
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(HopfieldError, match=message):
        HopfieldMILClassifier.load(tmp_path / "model")


def test_a_broken_or_absent_model_is_refused(tmp_path, fitted) -> None:
    with pytest.raises(HopfieldError, match="is no model"):
        HopfieldMILClassifier.load(tmp_path)
    fitted.save(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"short")
    with pytest.raises(HopfieldError, match="damaged"):
        HopfieldMILClassifier.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta": 0.0}, "beta must be positive"),
        ({"bag_dropout": 1.0}, "bag_dropout must lie in"),
        ({"n_ensembles": 0}, "at least 1"),
        ({"pos_weight": -1.0}, "pos_weight must be"),
        ({"pooling": "mean"}, "'hopfield' or 'gated'"),
        ({"learning_rate": 0.0}, "positive"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        HopfieldMILClassifier(**{**SMALL, **settings}).fit(*bags_with_a_key())


def test_columns_at_predict_are_those_of_fit() -> None:
    bags, y = bags_with_a_key(20)
    table = pd.DataFrame(np.concatenate(bags), columns=list("abcd"))
    table["who"] = np.repeat(np.arange(20), [len(bag) for bag in bags])
    model = HopfieldMILClassifier(**{**SMALL, "max_epochs": 1}, bag="who").fit(table, y)
    with pytest.raises(HopfieldError, match="column 'c' is missing"):
        model.predict(table.drop(columns="c"))
    with pytest.raises(HopfieldError, match="column 'e' is new to the model"):
        model.predict(table.assign(e=1))
    with pytest.raises(HopfieldError, match="rows of 3 features: the model learned from 4"):
        model.predict([np.ones((2, 3))])


def test_one_class_and_wrong_weights_are_refused() -> None:
    bags, y = bags_with_a_key(20)
    with pytest.raises(HopfieldError, match="only one class"):
        HopfieldMILClassifier().fit(bags, 0 * y)
    with pytest.raises(HopfieldError, match="none negative"):
        HopfieldMILClassifier(**SMALL).fit(bags, y, sample_weight=-np.ones(20))


def test_an_explanation_names_the_row_in_the_table_and_its_effect(fitted) -> None:
    bags, y = bags_with_a_key(seed=4)
    found = explain(fitted, bags, top=2)
    firsts = np.cumsum([0, *map(len, bags)])
    chosen = [int(bag) for bag in found["bag"].unique() if y[int(bag)] == 1 and len(bags[int(bag)]) > 1]
    effects = [
        found[(found["bag"] == str(b)) & (found["row"] == firsts[b])]["effect"].to_numpy() for b in chosen
    ]
    assert np.mean([len(e) == 1 and e[0] > 0.2 for e in effects]) > 0.8
    b = chosen[0]
    line = found[(found["bag"] == str(b)) & (found["row"] == firsts[b])].iloc[0]
    without = fitted.predict_proba([bags[b][1:]])[0, 1]
    assert line["effect"] == pytest.approx(line["probability"] - without, abs=1e-6)
    alone = next(i for i, bag in enumerate(bags) if len(bag) == 1)
    assert found[found["bag"] == str(alone)]["effect"].isna().all()
    assert len(row_weights(fitted, as_bags(bags))) == firsts[-1]


def test_nothing_warns(fitted) -> None:
    bags, y = bags_with_a_key(12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HopfieldMILClassifier(**{**SMALL, "max_epochs": 2}).fit(bags, y, groups=np.arange(12)).predict(bags)
