"""When a head stops: executed updates counted by hand from the definition, and by the layers."""

from __future__ import annotations

import pytest
import torch
from hopfield.randomised import normal, randomised

from hotpapers.hopfield import Hopfield, HopfieldPooling


def by_hand(layer: Hopfield, x: torch.Tensor, limits, tolerances, *, per_item: bool) -> torch.Tensor:
    """Updates by the definition: associations compared in Frobenius norm, one item and head at a time."""
    core = layer.association_core
    q = core.queries(layer.norm_state_pattern(x)) * core.beta_of(core.head_dim, x)
    k = core.keys(layer.norm_stored_pattern(x))
    counts = torch.zeros(q.shape[:2], dtype=torch.int64)
    groups = [[at] for at in range(len(x))] if per_item else [list(range(len(x)))]
    for head in range(core.num_heads):
        beta = core.beta_of(core.head_dim, x).expand(core.num_heads, 1, -1)[head]
        for items in groups:
            a = (q[items, head] @ k[items, head].mT).softmax(-1)
            steps = 0
            while limits[head] is None or steps < limits[head]:
                new = (beta * (a @ k[items, head]) @ k[items, head].mT).softmax(-1)
                change = (new - a).flatten(1).norm(dim=1).max()
                a, steps = new, steps + 1
                if change <= tolerances[head]:
                    break
            counts[items, head] = steps
    return counts if per_item else counts[0]


@pytest.mark.parametrize("backend", ["matmul", "sdpa", "chunked"])
@pytest.mark.parametrize("per_item", [False, True])
@pytest.mark.parametrize(
    ("limits", "tolerances"),
    [
        ((None, None), (1e-2, 1e-4)),
        ((None, None), (1e-6, 0.3)),
        ((2, 9), (1e-3, 1e-3)),
        ((1, None), (1e-3, 1e-5)),
        ((0, 3), (1e-3, 1e-9)),
        ((5, 5), (10.0, 1e-9)),
    ],
)
def test_executed_updates_are_those_of_the_definition(backend, per_item, limits, tolerances) -> None:
    steps = torch.tensor([-1 if limit is None else limit for limit in limits])
    layer = randomised(
        Hopfield(
            6,
            num_heads=2,
            scaling=1.2,
            update_steps_max=steps,
            update_steps_eps=torch.tensor(tolerances, dtype=torch.float64),
            stop="item" if per_item else "head",
            backend=backend,
        )
    ).double()
    x = normal(4, 9, 6, dtype=torch.float64) * torch.tensor([0.2, 1.0, 2.0, 5.0]).view(4, 1, 1)
    expected = by_hand(layer, x, limits, tolerances, per_item=per_item)
    found = layer.get_executed_updates(x)
    assert found.tolist() == expected.tolist()
    assert len(expected.unique()) > 1  # the case tells heads or items apart


def test_a_pooling_over_many_patterns_stops_by_the_same_rule() -> None:
    """Folded into the query: the same counts as with the whole association matrix."""
    x = normal(3, 2000, 6, dtype=torch.float64)
    for stop in ("head", "item"):
        options = {
            "num_heads": 2,
            "scaling": 3.0,
            "update_steps_max": 8,
            "update_steps_eps": 3e-3,
            "stop": stop,
        }
        folded, plain = (
            randomised(HopfieldPooling(6, **options, backend=backend)).double()
            for backend in ("auto", "matmul")
        )
        found = [layer.get_executed_updates(x) for layer in (folded, plain)]
        assert found[0].tolist() == found[1].tolist()
        assert 0 < found[0].float().mean() < 8
        assert torch.allclose(folded(x), plain(x), atol=1e-10)


def test_a_stopped_head_is_frozen_where_it_stopped() -> None:
    x = normal(2, 9, 6)
    options = {"num_heads": 2, "scaling": 1.2, "update_steps_eps": None}
    mixed = randomised(Hopfield(6, update_steps_max=torch.tensor([1, 4]), **options)).get_association_matrix(
        x
    )
    for head, steps in enumerate((1, 4)):
        alone = randomised(Hopfield(6, update_steps_max=steps, **options)).get_association_matrix(x)
        assert torch.allclose(mixed[:, head], alone[:, head], atol=1e-6)


def test_what_never_settles_is_said_not_to_converge(monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.stopping.CAP", 3)
    layer = randomised(Hopfield(6, scaling=1.2, update_steps_max=None, update_steps_eps=1e-30))
    with pytest.warns(UserWarning, match="not converged after 3 updates"):
        layer(normal(2, 9, 6))


def test_with_stop_item_no_item_depends_on_its_batch() -> None:
    layer = randomised(
        Hopfield(6, num_heads=2, scaling=1.2, update_steps_max=None, update_steps_eps=1e-2, stop="item")
    )
    x = normal(4, 9, 6) * torch.tensor([0.2, 1.0, 2.0, 5.0]).view(4, 1, 1)
    alone = torch.cat([layer(x[at : at + 1]) for at in range(4)])
    assert torch.allclose(layer(x), alone, atol=1e-6)


def test_without_tolerance_nothing_is_compared(monkeypatch) -> None:
    def compared(*_: object) -> None:
        raise AssertionError("associations were compared")

    monkeypatch.setattr("hotpapers.hopfield.stopping._moved", compared)
    for backend in ("sdpa", "matmul", "chunked"):
        layer = randomised(Hopfield(6, update_steps_max=3, update_steps_eps=None, backend=backend))
        layer(normal(2, 9, 6))
        assert layer.get_executed_updates(normal(2, 9, 6)).tolist() == [3]
