"""All pairs of texts, and all of them at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordshift.uncertainty.cases import make_counts, make_shift

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.matrices import divergence, frequency_table, matrix
from hotpapers.wordshift.pooling import pooled
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.resampling import document_matrix


def random_groups(count=5, types=200, seed=0):
    generator = np.random.Generator(np.random.PCG64(seed))
    groups = {}
    for number in range(count):
        values = generator.poisson(3 * generator.exponential(size=types)).astype(float)
        kept = np.flatnonzero(values)
        groups[f"g{number}"] = Counts(
            types=[f"t{i:03d}" for i in kept], values=values[kept], name=f"g{number}"
        )
    return groups


def entropy(p):
    return -sum(x * math.log2(x) for x in p if x > 0)


def test_every_cell_is_the_pairs_shift() -> None:
    groups = random_groups()
    found = matrix(groups, top=6)
    types, table = frequency_table(groups)
    assert types == sorted(types)
    for row in range(5):
        for column in range(5):
            if row == column:
                assert found.values[row, column] == 0
                assert (row, column) not in found.words
                continue
            shift = make_shift(table[row], table[column], types=types)
            assert found.values[row, column] == pytest.approx(shift.difference, rel=1e-12)
            top = shift.order[:6]
            assert [word for word, _ in found.words[row, column]] == [types[i] for i in top]
            expected = [np.copysign(shift.contribution[i], shift.p_diff[i]) for i in top]
            np.testing.assert_allclose([value for _, value in found.words[row, column]], expected)


def test_matrix_is_symmetric_and_its_words_turn_their_sign() -> None:
    found = matrix(random_groups(4), base=math.e)
    np.testing.assert_array_equal(found.values, found.values.T)
    assert found.unit == "nats"
    assert found.words[1, 2] == tuple((word, -value) for word, value in found.words[2, 1])


def test_ties_are_in_type_order() -> None:
    groups = {"a": make_counts([["p", "q", "r", "s"]]), "b": make_counts([["t", "u", "v", "w"]])}
    found = matrix(groups, top=3)
    assert [word for word, _ in found.words[0, 1]] == ["p", "q", "r"]
    assert found.values[0, 1] == pytest.approx(1, abs=1e-12)
    assert matrix(groups, top=0).words[0, 1] == ()


def test_divergence_of_all_is_that_of_entropies() -> None:
    groups = random_groups(4)
    for weights in ("equal", "pooled", (0.1, 0.2, 0.3, 0.4)):
        found = divergence(groups, weights=weights)
        mixture = found.weights @ found.shares
        expected = entropy(mixture) - sum(
            w * entropy(p) for w, p in zip(found.weights, found.shares, strict=True)
        )
        assert found.total == pytest.approx(expected, rel=1e-10)
        assert np.all(found.contribution >= -1e-18)
    word, value, user = found.top(1)[0]
    assert value == found.contribution.max()
    assert (
        found.shares[int(user[1:]), found.types.index(word)] == found.shares[:, found.types.index(word)].max()
    )


def test_divergence_of_two_is_the_pairs() -> None:
    groups = random_groups(2)
    assert divergence(groups).total == pytest.approx(matrix(groups).values[0, 1], rel=1e-12)


@given(st.integers(2, 6))
def test_disjoint_texts_are_as_far_apart_as_can_be(count) -> None:
    groups = {str(k): make_counts([[f"w{k}{i}" for i in range(k + 1)]]) for k in range(count)}
    assert divergence(groups).total == pytest.approx(math.log2(count), abs=1e-12)


@given(st.lists(st.lists(st.integers(0, 8), min_size=3, max_size=3), min_size=2, max_size=5))
@settings(deadline=None)
def test_pooled_weights_do_not_see_a_text_cut_in_two(rows) -> None:
    rows = [row for row in rows if sum(row)]
    if len(rows) < 2:
        return
    groups = {
        str(k): Counts(types=["x", "y", "z"], values=np.array(row, float)) for k, row in enumerate(rows)
    }
    halved = {}
    for label, counts in groups.items():
        for part in "ab":
            halved[label + part] = Counts(types=counts.types, values=counts.values / 2)
    whole = divergence(groups, weights="pooled").total
    assert divergence(halved, weights="pooled").total == pytest.approx(whole, abs=1e-12)


def test_pooling_keeps_documents() -> None:
    a, b = make_counts([["x", "y"], ["y"]]), make_counts([["w", "y", "y"]])
    found = pooled({"a": a, "b": b})
    assert found.as_dict() == {"w": 1, "x": 1, "y": 4}
    assert list(found.documents.names) == ["a/0", "a/1", "b/0"]
    rows = document_matrix(found, found.types, found.values).columns(np.arange(3))
    assert rows.tolist() == [[0, 1, 1], [0, 0, 1], [1, 0, 2]]
    bare = Counts(types=b.types, values=b.values)
    assert pooled({"a": a, "b": bare}).documents is None


@pytest.mark.parametrize("wrong", [(0.5, 0.6), (1.0,), (1.5, -0.5), "tokens"])
def test_wrong_weights_are_named(wrong) -> None:
    with pytest.raises(WordShiftError, match="weights"):
        divergence(random_groups(2), weights=wrong)


def test_bad_groups_are_named() -> None:
    with pytest.raises(WordShiftError, match="two texts"):
        matrix(random_groups(1))
    with pytest.raises(WordShiftError, match="'empty' has no words"):
        matrix({**random_groups(1), "empty": Counts(types=[], values=np.array([]))})
    with pytest.raises(WordShiftError, match="base 1"):
        matrix(random_groups(2), base=1)
    with pytest.raises(WordShiftError, match="top=-1"):
        matrix(random_groups(2), top=-1)
    with pytest.raises(WordShiftError, match="no texts"):
        divergence({})
