"""Stacked networks are the room's layers, member by member and bag by bag."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hotpapers.hopfield import HopfieldError, HopfieldPooling  # noqa: E402
from hotpapers.hopfield.mil.batches import lay_out  # noqa: E402
from hotpapers.hopfield.mil.network import BagNetworks, Shape  # noqa: E402

SIZES = [3, 1, 7, 2, 400, 5]


@pytest.fixture
def offsets() -> torch.Tensor:
    return torch.tensor([0, *np.cumsum(SIZES)])


@pytest.fixture
def rows(offsets) -> torch.Tensor:
    return torch.randn(int(offsets[-1]), 6, generator=torch.Generator().manual_seed(1))


def networks(members: int = 3, **options) -> BagNetworks:
    """Networks whose every parameter matters."""
    beta = options.pop("beta", torch.tensor([0.5, 1.0, 4.0])[:members])
    made = BagNetworks(
        Shape(features=6, embedding=(9, 8), heads=2, hidden_size=4, **options), members, beta=beta
    )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5, generator=generator)
    return made.eval()


def room_pooling(made: BagNetworks, member: int, steps: int) -> HopfieldPooling:
    """The room's own layer with one member's weights."""
    p = {name: value[member].detach() for name, value in made.named_parameters()}
    layer = HopfieldPooling(
        input_size=8, hidden_size=4, num_heads=2, scaling=float(made.beta[member]),
        update_steps_max=steps, update_steps_eps=None, backend="matmul",
    )  # fmt: skip
    state = {
        "pooling_weights": p["state"][None],
        "hopfield.association_core.in_proj_weight": torch.cat([p[f"{n}_weight"].T for n in "qkv"]),
        "hopfield.association_core.in_proj_bias": torch.cat([p[f"{n}_bias"][0] for n in "qkv"]),
        "hopfield.association_core.out_proj.weight": p["pool_weight"].T,
        "hopfield.association_core.out_proj.bias": p["pool_bias"][0],
    }
    for theirs, ours in (
        ("stored_pattern", "stored"),
        ("state_pattern", "state"),
        ("pattern_projection", "projection"),
    ):
        for part in ("weight", "bias"):
            state[f"hopfield.norm_{theirs}.{part}"] = p[f"norm_{ours}_{part}"][0]
    layer.load_state_dict(state)
    return layer.eval()


def by_the_room(made: BagNetworks, member: int, bag: torch.Tensor, steps: int) -> tuple[float, torch.Tensor]:
    """Logit and association of one bag with torch's dense layers and the room's pooling."""
    layers = [p[member].detach() for p in made.embedding]
    for weight, offset in zip(layers[::2], layers[1::2], strict=True):
        bag = torch.relu(bag @ weight + offset)
    pooling = room_pooling(made, member, steps)
    with torch.no_grad():
        pooled = torch.relu(pooling(bag))
        out = pooled @ made.get_parameter("out_weight")[member] + made.get_parameter("out_bias")[member]
        return float(out), pooling.get_association_matrix(bag[None])[0, :, 0]


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_every_member_is_dense_layers_and_the_rooms_pooling(rows, offsets, steps) -> None:
    made = networks(update_steps=steps)
    chosen = torch.tensor([[4, 0, 1], [1, 2, 3], [5, 4, 0]])
    batch = lay_out(chosen, offsets)
    assert len(batch.buckets) > 1  # 400 rows do not make all other bags as long
    with torch.no_grad():
        logits = made(rows[batch.take], batch)
    for member in range(3):
        for place, bag in enumerate(chosen[member].tolist()):
            alone = rows[offsets[bag] : offsets[bag + 1]]
            wanted, _ = by_the_room(made, member, alone, steps)
            assert float(logits[member, place]) == pytest.approx(wanted, rel=1e-5, abs=1e-5)


def test_weights_are_the_associations_of_the_rooms_pooling(rows, offsets) -> None:
    made = networks()
    batch = lay_out(torch.tensor([[2], [2], [2]]), offsets)
    found = torch.cat(made.weights(rows[batch.take], batch))
    for member in range(3):
        _, wanted = by_the_room(made, member, rows[offsets[2] : offsets[3]], 0)
        torch.testing.assert_close(found[member], wanted, rtol=1e-5, atol=1e-6)


def test_gated_attention_is_its_formula(rows, offsets) -> None:
    made = networks(pooling="gated", beta=torch.ones(3))
    batch = lay_out(torch.tensor([[2, 0]] * 3), offsets)
    with torch.no_grad():
        logits = made(rows[batch.take], batch)
        for member in range(3):
            p = {name: value[member] for name, value in made.named_parameters()}
            h = rows[offsets[2] : offsets[3]]
            for i in (0, 2):
                h = torch.relu(h @ p[f"embedding.{i}"] + p[f"embedding.{i + 1}"])
            gate = torch.sigmoid(h @ p["gate_weight"] + p["gate_bias"])
            a = torch.softmax(
                (torch.tanh(h @ p["tanh_weight"] + p["tanh_bias"]) * gate) @ p["score_weight"], 0
            )
            wanted = torch.relu((a * h).sum(0)) @ p["out_weight"] + p["out_bias"]
            torch.testing.assert_close(logits[member, 0], wanted[0, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pooling", ["hopfield", "gated"])
def test_a_members_gradient_is_its_own(rows, offsets, pooling) -> None:
    made = networks(pooling=pooling, beta=torch.ones(3))
    chosen = torch.tensor([[0, 1], [2, 3], [4, 5]])
    batch = lay_out(chosen, offsets)
    made(rows[batch.take], batch)[1].sum().backward()
    for name, parameter in made.named_parameters():
        if parameter.grad is None:
            assert name in {"k_bias", "norm_stored_bias"}  # the same for all rows: softmax cancels them
            continue
        assert not parameter.grad[[0, 2]].any(), name
    assert made.get_parameter("out_weight").grad[1].any()


def test_a_bags_logit_depends_on_nothing_but_its_rows_in_any_order(rows, offsets) -> None:
    made = networks()
    batch = lay_out(torch.tensor([[0, 1, 2, 3, 4, 5]] * 3), offsets)
    with torch.no_grad():
        together = made(rows[batch.take], batch)
        turned = rows.clone()
        turned[offsets[2] : offsets[3]] = rows[offsets[2] : offsets[3]].flip(0)
        alone_batch = lay_out(torch.tensor([[2]] * 3), offsets)
        alone = made(turned[alone_batch.take], alone_batch)
    torch.testing.assert_close(together[:, 2:3], alone, rtol=1e-5, atol=1e-6)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation(rows, offsets) -> None:
    made = networks(1, beta=torch.ones(1))
    made.bag_dropout.fill_(0.5)
    batch = lay_out(torch.tensor([[4]]), offsets)
    with torch.no_grad():
        _, wanted = made.pool(made.embed(rows[batch.take], None), batch, None)
        generator = torch.Generator().manual_seed(0)
        made.train()
        draws = [made.pool(made.embed(rows[batch.take], None), batch, generator)[1][0] for _ in range(400)]
    every = torch.stack(draws)
    assert 0.49 < float((every == 0).float().mean()) < 0.51
    torch.testing.assert_close(every.mean(0), wanted[0], rtol=0.25, atol=1e-4)


def test_sizes_that_make_no_network_are_refused() -> None:
    with pytest.raises(HopfieldError, match="at least 1"):
        Shape(features=3, heads=0)
    with pytest.raises(HopfieldError, match="'hopfield' or 'gated'"):
        Shape(features=3, pooling="mean")
