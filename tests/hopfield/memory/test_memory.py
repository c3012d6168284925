"""Storing, retrieving, changing; what the report says, against the theory's own functions."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield import (  # noqa: E402
    HopfieldMemory,
    energy,
    hopfield_retrieve,
    k_mass,
    retrieval_bound,
    separation,
)

HAND = [[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]]


def plain(**options) -> HopfieldMemory:
    """A memory that compares patterns as they are, in double precision."""
    return HopfieldMemory(**{"center": False, "normalize": False, "dtype": torch.float64, **options})


def holding(x, memory: HopfieldMemory | None = None) -> HopfieldMemory:
    """A memory that holds `x`."""
    memory = memory or plain()
    memory.store(x)
    return memory


def vectors(count: int, d: int = 20, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("beta", "point", "index", "regime"),
    [
        (0.1, (0.40294779, 0.40294779), None, "global"),
        (0.5, (0.82467063, 0.82467063), None, "global"),  # 2 of 3 patterns are more than half
        (1.0, (1.94897585, 0.04019247), 0, "single"),
        (4.0, (1.99999977, 2.3e-7), 0, "single"),
    ],
)
def test_the_hand_case(beta, point, index, regime) -> None:
    memory = plain(beta=beta)
    memory.store(HAND)
    found = memory.retrieve([1.0, 0.25], "converge", eps=1e-12)
    assert found.state.tolist() == pytest.approx(point, abs=1e-7)
    assert found.regime == regime
    assert index in {None, found.index}
    report = found.reports[0]
    assert report.converged
    assert report.change <= 1e-12
    assert report.energy_before == pytest.approx(
        float(energy(torch.tensor([1.0, 0.25]).double(), HAND, beta))
    )
    assert report.energy_after <= report.energy_before
    assert report.separation == 4.0
    assert report.norm == 2.0
    if beta == 0.5:
        assert report.iterations > 200


def test_reports_agree_with_the_theorys_functions() -> None:
    x = torch.nn.functional.normalize(vectors(60), dim=1)
    queries = x[:30] + torch.linspace(0, 0.06, 30)[:, None] * vectors(30, seed=1)
    memory = plain(beta=40.0)
    memory.store(x)
    found = memory.retrieve(queries)
    assert torch.allclose(found.state, hopfield_retrieve(queries, x, 40.0), atol=1e-12)
    void = 0
    for at, report in enumerate(found.reports):
        bound = retrieval_bound(x, report.index, queries[at], 40.0)
        assert report.index == at
        assert report.separation == pytest.approx(bound.separation, rel=1e-9)
        assert report.separation_needed == pytest.approx(bound.needed, rel=1e-9)
        assert report.well_separated == bound.well_separated
        assert report.void == bound.void
        if not bound.void:
            assert report.error_bound == pytest.approx(bound.error, rel=1e-6)
            assert float(torch.dist(found.state[at], x[at])) <= report.error_bound
        void += report.void
        weights = torch.softmax(40.0 * x @ queries[at], 0)
        assert report.k == int(k_mass(weights))
        assert report.weight == pytest.approx(float(weights.max()), rel=1e-9)
        assert report.change == pytest.approx(float(torch.dist(found.state[at], queries[at])), rel=1e-9)
    assert 0 < void < 30


@pytest.mark.parametrize("count", [1, 40, 64])
def test_without_a_report_the_answer_is_the_same(count) -> None:
    """Also where many queries go through the fused kernel."""
    x, values = vectors(500), vectors(500, 3, seed=2)
    queries = x[:count] + 0.2 * vectors(count, seed=1)
    memory = HopfieldMemory(beta=30.0, dtype=torch.float64)
    memory.store(x)
    for steps in (0, 3, "converge"):
        found = memory.retrieve(queries, steps)
        assert torch.allclose(memory.retrieve(queries, steps, False), found.state, atol=1e-10)
    other = HopfieldMemory(beta=30.0, dtype=torch.float64)
    other.store(x, values=values)
    found = other.retrieve(queries)
    assert torch.allclose(other.retrieve(queries, return_info=False), found.value, atol=1e-10)
    assert found.value.shape == (count, 3)


def test_centring_and_unit_norm_are_undone_in_the_answer() -> None:
    x = vectors(100) * 3 + 50
    memory = HopfieldMemory(dtype=torch.float64)
    memory.store(x)
    found = memory.retrieve(x[7] + 0.1)
    assert found.id == 7
    assert torch.allclose(found.state, x[7], atol=0.05)
    assert found.reports[0].norm == pytest.approx(1.0)


def test_an_answer_does_not_depend_on_other_queries_or_on_the_order_of_patterns() -> None:
    x = vectors(300)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(5))
    one, other = (
        HopfieldMemory(beta=20.0, dtype=torch.float64),
        HopfieldMemory(beta=20.0, dtype=torch.float64),
    )
    one.store(x)
    other.store(x[order], ids=order.tolist())
    queries = x[:50] + 0.3 * vectors(50, seed=9)
    together = one.retrieve(queries, "converge")
    shuffled = other.retrieve(queries, "converge")
    assert together.id == shuffled.id
    assert torch.allclose(together.state, shuffled.state, atol=1e-6)
    for at in (0, 17, 49):
        alone = one.retrieve(queries[at], "converge")
        assert torch.allclose(alone.state, together.state[at], atol=1e-6)
        assert alone.reports[0].iterations == together.reports[at].iterations


def test_blocks_of_queries_agree_with_one(monkeypatch) -> None:
    from hotpapers.hopfield.memory import answering

    memory = HopfieldMemory(beta=20.0, dtype=torch.float64)
    memory.store(vectors(100))
    queries, known = vectors(23, seed=1), torch.rand(23, 20, generator=torch.Generator().manual_seed(1)) < 0.7
    whole = memory.retrieve(queries, known=known)
    monkeypatch.setattr(answering, "_SCORES", 400)
    pieces = memory.retrieve(queries, known=known)
    assert torch.allclose(whole.state, pieces.state, atol=1e-12)
    assert whole.id == pieces.id


# ---- known coordinates


def test_known_coordinates_are_a_memory_of_their_own() -> None:
    x, mask = vectors(80), torch.arange(20) < 8
    whole, part = (
        HopfieldMemory(beta=25.0, dtype=torch.float64),
        HopfieldMemory(beta=25.0, dtype=torch.float64),
    )
    whole.store(x)
    part.store(x[:, mask])
    queries = x[:10] + 0.2 * vectors(10, seed=3)
    masked, small = whole.retrieve(queries, 2, known=mask), part.retrieve(queries[:, mask], 2)
    for one, other in zip(masked.reports, small.reports, strict=True):
        for name, value in other.as_dict().items():
            expected = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
            assert one.as_dict()[name] == expected, name
    assert torch.equal(masked.state[:, mask], queries[:, mask])
    unfilled = whole.retrieve(torch.where(mask, queries, math.nan), 2, known=mask)
    assert torch.equal(unfilled.state, masked.state)


def test_each_query_may_know_something_else() -> None:
    x = vectors(50)
    known = torch.rand(50, 20, generator=torch.Generator().manual_seed(2)) < 0.5
    memory = HopfieldMemory(dtype=torch.float64)
    memory.store(x)
    found = memory.retrieve(torch.where(known, x, math.nan), known=known)
    assert found.id == list(range(50))
    alone = memory.retrieve(x[3], known=known[3])
    assert torch.allclose(alone.state, found.state[3], atol=1e-12)
    assert alone.reports[0].separation == pytest.approx(found.reports[3].separation)


# ---- changes


def test_streaming_ends_where_storing_at_once_does() -> None:
    x = vectors(300) + 4
    at_once, streamed = HopfieldMemory(dtype=torch.float64), HopfieldMemory(dtype=torch.float64)
    at_once.store(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first pattern alone is its own mean
        for row in x:
            streamed.store(row)
    assert streamed.retrieve(x).id == list(range(300))  # centred anew at each doubling
    streamed.compact()
    assert torch.allclose(streamed.separation(), at_once.separation(), atol=1e-12)
    assert streamed.beta == at_once.beta


def test_remove_and_update() -> None:
    x = vectors(40)
    memory = plain(beta=10.0)
    memory.store(x, ids=[f"row {at}" for at in range(40)])
    memory.separation()
    memory.remove(["row 3", "row 30"])
    assert len(memory) == 38
    assert "row 3" not in memory
    memory.update("row 5", 2 * x[3])
    left = torch.cat([x[:3], x[4:5], 2 * x[3:4], x[6:30], x[31:]])
    assert torch.equal(memory.patterns, left)
    assert torch.allclose(memory.separation(), separation(left), atol=1e-12)
    assert memory.retrieve(2 * x[3]).id == "row 5"
    memory.remove(memory.ids)
    assert len(memory) == 0
    with pytest.raises(InputError, match="the memory is empty"):
        memory.retrieve(x[0])
    assert memory.store(x[:2]) == [0, 1]


def test_numbers_of_removed_patterns_are_not_given_again() -> None:
    memory = plain()
    assert memory.store(HAND) == [0, 1, 2]
    memory.remove(2)
    assert memory.store([[5.0, 5.0]]) == [3]


# ---- beta


def test_auto_beta_separates_the_median_pattern_and_follows_changes() -> None:
    x = vectors(101)
    memory = HopfieldMemory(dtype=torch.float64)
    memory.store(x)
    found = memory.beta
    reports = memory.retrieve(x).reports
    assert not found.capped
    assert sum(report.well_separated for report in reports) == 51
    memory.store(vectors(400, seed=4))
    assert memory.beta.beta > found.beta


def test_a_sampled_median_is_near_the_exact_one(monkeypatch) -> None:
    from hotpapers.hopfield.memory import contents

    memory = HopfieldMemory()
    memory.store(vectors(6000, 12))
    exact = memory.beta.beta
    other = HopfieldMemory()
    other.store(vectors(6000, 12))
    monkeypatch.setattr(contents, "_CHEAP", 0)
    assert other.beta.beta == pytest.approx(exact, rel=0.1)


def test_raw_patterns_with_a_mean_in_common_are_warned_about() -> None:
    x = vectors(200).abs() + 30
    memory = HopfieldMemory(beta=5.0, center=False, normalize=False)
    memory.store(x)
    with pytest.warns(UserWarning, match="separation <= 0"):
        found = memory.retrieve(x[:20])
    assert len(set(found.id)) < 5  # all queries retrieve the longest patterns, which are well separated
    assert all(report.separation > 0 for report in found.reports)
    with pytest.warns(UserWarning, match="capped at"):
        _ = holding(x, HopfieldMemory(center=False, normalize=False)).beta


def test_duplicates_retrieve_their_mean_and_say_so() -> None:
    memory = plain(beta=50.0, normalize=True)
    memory.store([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.3], [0.0, -1.0]])
    with pytest.warns(UserWarning, match="separation <= 0"):
        found = memory.retrieve([1.0, 0.1], "converge")
    assert found.regime == "metastable"
    assert found.reports[0].k == 2
    assert found.reports[0].separation == 0.0
    assert found.verdict == "mean of 2 patterns"
    assert found.state.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)


def test_one_pattern_is_retrieved_without_error() -> None:
    memory = plain()
    memory.store([[3.0, 4.0]])
    report = memory.retrieve([0.0, 1.0]).reports[0]
    assert (report.error_bound, report.separation, report.well_separated) == (0.0, math.inf, True)


def test_a_beta_of_a_million_overflows_nothing() -> None:
    memory = HopfieldMemory(beta=1e6)
    memory.store(vectors(50))
    found = memory.retrieve(vectors(50))
    assert found.id == list(range(50))
    assert bool(found.state.isfinite().all())
    assert all(math.isfinite(report.energy_after) for report in found.reports)


@pytest.mark.parametrize(("size", "beta"), [(1e3, 1e-4), (1e4, 1.0), (1e-3, 1e-6), (1.0, 1e6)])
def test_rounding_of_large_terms_is_not_taken_for_a_rising_energy(size, beta) -> None:
    x = (vectors(200) * size).float()
    memory = HopfieldMemory(beta=beta, center=False, normalize=False)
    memory.store(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such patterns are not all separated
        found = memory.retrieve(x[:50] * 1.001, 3)
    assert bool(found.state.isfinite().all())


def test_updates_that_do_not_come_to_rest_say_so() -> None:
    memory = plain(beta=0.5)
    memory.store(HAND)
    report = memory.retrieve([1.0, 0.25], "converge", eps=1e-300).reports[0]
    assert report.iterations <= 1000
    slow = memory.retrieve([1.0, 0.25], 3)
    assert slow.reports[0].iterations == 4
    assert slow.verdict == "mean of 2 patterns, not converged"


def test_same_calls_same_bits() -> None:
    def run() -> torch.Tensor:
        memory = HopfieldMemory()
        memory.store(vectors(500).float())
        return memory.retrieve(vectors(40, seed=1).float(), 5).state

    assert torch.equal(run(), run())


# ---- what is refused


def test_zero_vectors_are_kept_and_warned_about() -> None:
    memory = HopfieldMemory(center=False)
    with pytest.warns(UserWarning, match="1 of 3 patterns are zero"):
        memory.store([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert len(memory) == 3
    with pytest.warns(UserWarning, match="1 of 3 patterns have separation <= 0"):
        assert memory.retrieve([1.0, 0.1]).id == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HopfieldMemory(beta=0), "beta must be a positive number"),
        (lambda: HopfieldMemory(beta="hot"), "positive number or 'auto': got 'hot'"),
        (lambda: HopfieldMemory(dtype=torch.int32), "float32 or torch.float64"),
        (lambda: HopfieldMemory(dim=0), "dim must be at least 1"),
        (lambda: plain(dim=3).store(HAND), "have 2 numbers a row, but this memory holds 3"),
        (lambda: plain().store([[1.0, math.nan]]), "nan in row 0, column 1 .* no finite number"),
        (lambda: plain().store([["a"]]), "patterns must be a tensor"),
        (lambda: plain().store(HAND, ids=[1, 2]), "2 ids were given for 3 patterns"),
        (lambda: plain().store(HAND, ids=[1, 2, 1]), "id 1 was given twice"),
        (lambda: plain().store(HAND, ids=[1, 2, 2.5]), "whole number or text: got 2.5"),
        (lambda: plain().store(np.zeros((2, 0))), "rows of an array"),
        (lambda: HopfieldMemory().store(np.array([[1e300, 1.0]])), "too large for torch.float32"),
        (lambda: holding(HAND).store([[1.0, 2.0]], ids=[2]), "id 2 is stored already"),
        (lambda: holding(HAND).remove([1, 9]), "no pattern is called 9"),
        (lambda: holding(HAND).update(7, [1.0, 2.0]), "no pattern is called 7"),
        (lambda: holding(HAND).update(1, HAND), "one pattern takes the place"),
        (lambda: holding(HAND).store([[9.0, 9.0]], values=[[1.0]]), "have no values"),
        (lambda: plain().store(HAND, values=[[1.0], [2.0]]), "2 values were given for 3 patterns"),
        (lambda: holding(HAND).retrieve([1.0]), "queries have 1 numbers"),
        (lambda: holding(HAND).retrieve([1.0, math.inf]), "no finite number"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], -1), "steps must be a whole number"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], "often"), "or 'converge': got 'often'"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], eps=0), "eps must be positive"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], known=[True]), "known must be boolean of shape"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], known=[1, 0]), "known must be boolean"),
        (lambda: holding(HAND).retrieve([1.0, 2.0], known=[False, False]), "nothing is known of query 0"),
    ],
)
def test_what_can_not_be_used_is_refused(call, message) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_a_refused_change_changes_nothing() -> None:
    memory = plain()
    memory.store(HAND)
    with pytest.raises(InputError):
        memory.store([[1.0, 1.0], [2.0, 2.0]], ids=[7, 1])
    with pytest.raises(InputError):
        memory.remove([0, 99])
    assert memory.ids == [0, 1, 2]
    assert torch.equal(memory.patterns, torch.tensor(HAND, dtype=torch.float64))


def test_integers_are_taken() -> None:
    memory = HopfieldMemory()
    memory.store(np.array([[1, 0, 3], [0, 2, 9], [4, 4, 1]]))
    assert memory.retrieve(np.array([1, 0, 3])).id == 0
