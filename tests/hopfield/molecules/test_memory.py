"""The memory of molecules against values worked out by hand, and what learning and folds must keep."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.molecules.files import StoredMemory, load, save  # noqa: E402
from hotpapers.hopfield.molecules.folds import label_folds  # noqa: E402
from hotpapers.hopfield.molecules.memory import MoleculeMemory, mean_area  # noqa: E402
from hotpapers.hopfield.molecules.projection import Recipe, epochs, recalled, unit  # noqa: E402


def family(count: int, seed: int, *, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Bits whose first four tell the label, among 60 that tell nothing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count).astype(float)
    bits = (rng.random((count, 64)) < 0.4).astype(np.uint8)
    told = rng.random((count, 4)) > noise
    bits[:, :4] = np.where(told, labels[:, None], 1 - labels[:, None])
    return bits, labels


def test_recall_is_the_softmax_of_cosines_over_known_labels() -> None:
    stored = unit(torch.tensor([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]))
    state = unit(torch.tensor([[1.0, 1, 0, 0]]))
    values = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    known = torch.tensor([[1.0, 1], [1, 0], [1, 1]])
    p = np.exp(3 * np.array([1.0, 0.5, 0.0]))
    p /= p.sum()
    found = recalled(state @ stored.T, 3.0, values, known)[0].numpy()
    assert found == pytest.approx([p[0] + p[2], p[2] / (p[0] + p[2])], rel=1e-6)
    alone = recalled(state @ stored.T, 3.0, values, known, torch.tensor([[True, False, False]]))[0].numpy()
    assert alone == pytest.approx([p[2] / (p[1] + p[2]), 1.0], rel=1e-6)


def test_a_molecule_without_bits_recalls_the_mean() -> None:
    bits, labels = family(60, 0)
    memory = MoleculeMemory(learn=False).fit(bits, labels)
    assert memory.recall(np.zeros((1, 64)))[0, 0] == pytest.approx(labels.mean(), rel=1e-5)


def test_where_no_near_label_is_known_the_mean_of_the_known_is_recalled() -> None:
    cosines = torch.tensor([[1.0, 0.0, 0.0]])
    values, known = torch.tensor([[0.0], [1.0], [0.0]]), torch.tensor([[0.0], [1.0], [1.0]])
    assert float(recalled(cosines, 1e6, values, known)) == pytest.approx(0.5)


def test_inner_folds_choose_the_temperature_that_judges_new_molecules_best() -> None:
    bits, labels = family(600, 1)
    memory = MoleculeMemory(learn=False, betas=(0.5, 5.0, 300.0)).fit(bits, labels)
    new, truth = family(2000, 2)
    areas = {}
    for beta in memory.betas:
        fixed = MoleculeMemory(learn=False, betas=(beta,)).fit(bits, labels)
        areas[beta] = mean_area(fixed.recall(new), truth[:, None])
    assert areas[memory.beta_] == max(areas.values())
    assert areas[300.0] < max(areas.values()) - 0.03


def either(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The label is 1 where just one of the first two bits is, whatever the other 30 are."""
    bits = (np.random.default_rng(seed).random((count, 32)) < 0.5).astype(np.uint8)
    return bits, (bits[:, 0] ^ bits[:, 1]).astype(float)


def test_learning_finds_the_bits_that_tell() -> None:
    memory = MoleculeMemory(recipe=Recipe(epochs=20, learning_rate=0.01, dropout=0.0)).fit(*either(500, 3))
    new, truth = either(2000, 4)
    plain, learned = (mean_area(memory.recall(new, projected=p), truth[:, None]) for p in (False, True))
    assert plain < 0.85
    assert learned > 0.99


def test_where_nothing_is_to_be_learned_the_lookup_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    bits = np.eye(16, dtype=np.uint8)[
        rng.integers(0, 16, 200)
    ]  # copies of 16 molecules: the lookup is perfect
    labels = (bits.argmax(1) < 8).astype(float)
    memory = MoleculeMemory(recipe=Recipe(epochs=2)).fit(bits, labels)
    assert (memory.epochs_, memory.projection_) == (0, None)
    assert mean_area(memory.recall(bits), labels[:, None]) == 1.0


def test_while_learning_no_molecule_recalls_itself() -> None:
    """Labels without a pattern: whoever recalled itself would see its own label at a high temperature."""
    bits, _ = family(100, 5)
    stored = unit(torch.tensor(bits, dtype=torch.float32))
    values = torch.tensor(np.random.default_rng(0).integers(0, 2, (100, 1)), dtype=torch.float32)
    known = torch.ones_like(values)
    recipe = Recipe(epochs=1, batch_size=100, dropout=0.0)
    (learned,) = epochs(stored, values, known, 200.0, recipe, torch.Generator().manual_seed(0))
    assert (
        float((learned - torch.eye(64)).abs().max()) > 1e-5
    )  # itself, it would lose nothing and learn nothing


def test_the_same_seed_learns_the_same() -> None:
    bits, labels = family(200, 6)
    one, two = (MoleculeMemory(recipe=Recipe(epochs=3), seed=4).fit(bits, labels) for _ in range(2))
    assert np.array_equal(one.recall(bits), two.recall(bits))


def test_several_labels_some_missing() -> None:
    bits, labels = family(300, 7)
    both = np.stack([labels, 1 - labels], axis=1)
    both[::3, 1] = np.nan
    memory = MoleculeMemory(learn=False).fit(bits, both)
    new, truth = family(500, 8)
    found = memory.recall(new)
    assert found.shape == (500, 2)
    assert mean_area(found, np.stack([truth, 1 - truth], axis=1)) > 0.7
    assert np.corrcoef(found.T)[0, 1] < -0.9  # the second label is the first one's contrary


def test_a_memory_read_from_its_folder_recalls_the_same(tmp_path) -> None:
    bits, labels = either(120, 9)
    memory = MoleculeMemory(recipe=Recipe(epochs=6, learning_rate=0.01)).fit(bits, labels)
    assert memory.projection_ is not None
    names = tuple("C" * (at + 1) for at in range(120))
    stored = StoredMemory(
        memory=memory, smiles=names, smiles_column="smiles", labels=("active",), classes=(("no", "yes"),)
    )
    save(stored, tmp_path / "m")
    again = load(tmp_path / "m")
    assert (again.smiles, again.classes) == (names, (("no", "yes"),))
    assert np.array_equal(again.memory.recall(bits), memory.recall(bits))
    assert np.array_equal(again.memory.nearest(bits)[0], memory.nearest(bits)[0])
    (tmp_path / "m" / "model.safetensors").write_bytes(b"")
    with pytest.raises(HopfieldError, match="damaged"):
        load(tmp_path / "m")


def test_the_nearest_molecule_is_itself() -> None:
    bits, labels = family(80, 10)
    places, weights = MoleculeMemory(learn=False).fit(bits, labels).nearest(bits, 3)
    assert places[:, 0].tolist() == list(range(80))
    assert (np.diff(weights, axis=1) <= 0).all()


def test_folds_spread_every_label_and_use_every_molecule_once() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((500, 6)) < [0.02, 0.1, 0.3, 0.5, 0.9, 0.97]).astype(float)
    labels[rng.random((500, 6)) < 0.1] = np.nan
    fold_of = label_folds(labels, 5, seed=0)
    assert sorted(np.unique(fold_of)) == [0, 1, 2, 3, 4]
    assert np.bincount(fold_of).max() - np.bincount(fold_of).min() <= 10
    for column in labels.T:
        rarer = min((0.0, 1.0), key=lambda kind: (column == kind).sum())
        counts = [int(((column == rarer) & (fold_of == fold)).sum()) for fold in range(5)]
        assert max(counts) - min(counts) <= 3, counts
    assert not np.array_equal(fold_of, label_folds(labels, 5, seed=1))


def test_one_label_is_spread_to_within_one() -> None:
    labels = (np.arange(103) < 17).astype(float)[:, None]
    fold_of = label_folds(labels, 5, seed=3)
    for kind in (0.0, 1.0):
        counts = np.bincount(fold_of[labels[:, 0] == kind], minlength=5)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("bits", "labels", "message"),
    [
        (np.ones((6, 4)), np.ones(6), "5 folds need a label with 5 molecules of each kind"),
        (np.ones((20, 4)), np.arange(19) % 2, "20 molecules have 19 rows of labels"),
        (np.ones((20, 4)), np.arange(20) % 3, "labels must be 1, 0 or NaN"),
        (np.ones(20), np.arange(20) % 2, "fingerprints must be an array"),
    ],
)
def test_what_cannot_be_stored_is_refused(bits, labels, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        MoleculeMemory(learn=False).fit(bits, labels)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(HopfieldError, match="beta must be a positive number"):
        MoleculeMemory(betas=(0.0,))
    with pytest.raises(HopfieldError, match="dropout"):
        Recipe(dropout=1.0)
    bits, labels = family(40, 0)
    with pytest.raises(HopfieldError, match="fingerprints of 10 bits: the memory holds 64"):
        MoleculeMemory(learn=False).fit(bits, labels).recall(np.ones((1, 10)))
