"""Separations kept up to date, the beta they ask for, rows that grow."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from hotpapers.hopfield import separation  # noqa: E402
from hotpapers.hopfield.memory.buffer import GrowingRows  # noqa: E402
from hotpapers.hopfield.memory.separation import Rivals, least_beta  # noqa: E402
from hotpapers.hopfield.retrieval import separation_needed  # noqa: E402


def patterns(count: int, d: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_separations_follow_every_kind_of_change() -> None:
    random = torch.Generator().manual_seed(3)
    x, rivals = patterns(3), Rivals()
    for turn in range(200):
        kind = int(torch.randint(3, (1,), generator=random))
        if kind == 0 or len(x) < 3:
            x = torch.cat([x, patterns(1 + turn % 4, seed=turn)])
        elif kind == 1:
            kept = torch.rand(len(x), generator=random) < 0.8
            kept[0] = True
            rivals.keep(kept)
            x = x[kept]
        else:
            at = int(torch.randint(len(x), (1,), generator=random))
            x[at] = patterns(1, seed=turn)[0] * (1 + turn % 3)
            rivals.change(x, at)
        if turn % 3 == 0:
            assert torch.allclose(rivals.separation(x), separation(x), atol=1e-12), turn
            assert rivals.is_current(len(x))


def test_many_blocks_agree_with_one_product() -> None:
    x = patterns(4500)
    assert torch.allclose(Rivals().separation(x), separation(x), atol=1e-12)


def test_catching_up_costs_new_times_all() -> None:
    x, rivals = patterns(1000), Rivals()
    rivals.separation(x)
    assert rivals.cost(1000, 6) == 0
    assert rivals.cost(1010, 6) == 10 * 1010 * 6


def test_a_duplicate_that_came_later_has_no_separation() -> None:
    x = torch.nn.functional.normalize(patterns(3000, 50).float(), dim=1)
    rivals = Rivals()
    rivals.separation(x)
    delta = rivals.separation(torch.cat([x, x[70:71]]))
    assert delta[[70, 3000]].tolist() == [0.0, 0.0]
    assert int((delta == 0).sum()) == 2


def test_one_pattern_is_infinitely_separated_also_after_others_went() -> None:
    x, rivals = patterns(2), Rivals()
    rivals.separation(x)
    rivals.keep(torch.tensor([False, True]))
    assert rivals.separation(x[1:]).tolist() == [math.inf]


@pytest.mark.parametrize(("count", "delta"), [(2, 0.5), (100, 0.3), (1797, 0.05), (10**6, 0.9)])
def test_least_beta_is_the_upper_root(count, delta) -> None:
    found = least_beta(delta, count, 1.0, 1e4)
    assert separation_needed(count, 1.0, found.beta) <= delta
    assert separation_needed(count, 1.0, found.beta * (1 - 1e-9)) > delta
    above = [found.beta * factor for factor in (1.01, 2, 10, 100)]
    assert all(separation_needed(count, 1.0, beta) < delta for beta in above)
    # The inequality holds near 0 as well, for no reason: that root is not meant.
    assert separation_needed(count, 1.0, 1e-30) < 0


@pytest.mark.parametrize("delta", [0.0, -0.2, 1e-4])
def test_least_beta_is_capped_and_says_so(delta) -> None:
    found = least_beta(delta, 1000, 2.0, 1e4)
    assert found.capped
    assert found.beta == 2500.0


def test_least_beta_of_one_pattern() -> None:
    assert least_beta(math.inf, 1, 4.0, 1e4).beta == 1 / 16


def test_rows_are_moved_seldom_while_they_grow() -> None:
    kept, moves, where = GrowingRows(3, torch.float32, torch.device("cpu")), 0, 0
    for number in range(5000):
        kept.append(torch.full((1, 3), float(number)))
        moves += kept.rows.data_ptr() != where
        where = kept.rows.data_ptr()
    assert moves <= 12
    assert kept.rows[:, 0].tolist() == list(map(float, range(5000)))
    kept.keep(torch.arange(5000) % 2 == 1)
    kept.replace(0, torch.tensor([7.0, 8.0, 9.0]))
    assert kept.rows[:2].tolist() == [[7.0, 8.0, 9.0], [3.0, 3.0, 3.0]]
    assert len(kept) == 2500
