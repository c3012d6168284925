"""Sets in any form give the same: jagged, padded, one by one; in any order; beside any others."""

from __future__ import annotations

import pytest
import torch
from hopfield.randomised import normal, randomised

from hotpapers.hopfield import Hopfield, HopfieldLayer, HopfieldPooling
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.inputs import buckets

SIZES = [5, 1, 40, 3, 3, 17]
OFFSETS = torch.tensor([0, *SIZES]).cumsum(0)
OPTIONS = [
    {},
    {"backend": "chunked"},
    {"num_heads": 2, "update_steps_max": 3, "update_steps_eps": None},
    {"num_heads": 2, "update_steps_max": 6, "update_steps_eps": 1e-2, "stop": "item"},
    {"num_heads": 2, "scaling": 1.0, "attention": "entmax15"},
    {"concat_bias_pattern": True, "add_zero_association": True},
]


def rows(width: int = 8, seed: int = 1) -> torch.Tensor:
    """The bags' rows in one."""
    return 2 * normal(sum(SIZES), width, seed=seed)


def padded(values: torch.Tensor, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Bags as one tensor with garbage in the padding, and the padding mask."""
    longest = max(SIZES) + extra
    out = torch.full((len(SIZES), longest, values.shape[-1]), 7.0)
    for at, size in enumerate(SIZES):
        out[at, :size] = values[OFFSETS[at] : OFFSETS[at + 1]]
    return out, torch.arange(longest) >= torch.tensor(SIZES)[:, None]


def bags(values: torch.Tensor) -> list[torch.Tensor]:
    """Bags one by one."""
    return list(values.split(SIZES))


def nested(values: torch.Tensor) -> torch.Tensor:
    """Bags as a nested tensor."""
    return torch.nested.nested_tensor_from_jagged(values, OFFSETS)


@pytest.mark.parametrize("options", OPTIONS)
def test_pooling_jagged_is_padded_is_one_by_one(options) -> None:
    layer, x = randomised(HopfieldPooling(8, quantity=2, **options)), rows()
    expected = torch.stack([layer(bag) for bag in bags(x)])
    for found in (layer((x, OFFSETS)), layer(nested(x)), layer(*padded(x)), layer(*padded(x, extra=9))):
        assert torch.allclose(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS)
def test_association_jagged_is_padded_is_one_by_one(options) -> None:
    layer, x = randomised(Hopfield(8, **options)), rows()
    expected = torch.cat([layer(bag) for bag in bags(x)])
    assert torch.allclose(layer((x, OFFSETS)), expected, atol=1e-6, rtol=1e-5)
    out = layer(nested(x))
    assert out.is_nested
    assert torch.equal(out.offsets(), OFFSETS)
    assert torch.allclose(out.values(), expected, atol=1e-6, rtol=1e-5)
    dense, padding = padded(x)
    assert torch.allclose(layer(dense, padding)[~padding], expected, atol=1e-6, rtol=1e-5)


def test_lookup_takes_jagged_states() -> None:
    layer, x = randomised(HopfieldLayer(8, quantity=4, output_size=3)), rows()
    expected = torch.cat([layer(bag) for bag in bags(x)])
    assert torch.allclose(layer((x, OFFSETS)), expected, atol=1e-6)


def test_three_jagged_inputs_of_different_widths() -> None:
    layer = randomised(Hopfield(8, 4, stored_pattern_size=6, pattern_projection_size=7, output_size=3))
    stored, projection = rows(6, seed=2), rows(7, seed=3)
    state_sizes = [2, 4, 1, 1, 3, 2]
    state_offsets = torch.tensor([0, *state_sizes]).cumsum(0)
    state = normal(sum(state_sizes), 8)
    triples = zip(bags(stored), state.split(state_sizes), bags(projection), strict=True)
    expected = torch.cat([layer(triple) for triple in triples])
    found = layer(((stored, OFFSETS), (state, state_offsets), (projection, OFFSETS)))
    assert torch.allclose(found, expected, atol=1e-6)


def test_gradients_reach_jagged_rows() -> None:
    layer, x = randomised(HopfieldPooling(8)), rows()
    given = x.clone().requires_grad_()
    layer((given, OFFSETS)).square().sum().backward()
    alone = x.clone().requires_grad_()
    sum(layer(bag).square().sum() for bag in bags(alone)).backward()
    assert torch.allclose(given.grad, alone.grad, atol=1e-5)


def test_heads_that_stop_for_all_bags_see_all_bags() -> None:
    """With stop="head" jagged and padded bags of one batch make the same number of updates."""
    options = {"num_heads": 2, "scaling": 0.8, "update_steps_max": None, "update_steps_eps": 1e-3}
    layer, x = randomised(Hopfield(8, **options)), rows()
    counts = layer.get_executed_updates((x, OFFSETS))
    alone = torch.stack([layer.get_executed_updates(bag) for bag in bags(x)])
    assert counts.tolist() == alone.amax(0).tolist()
    assert len(alone.unique()) > 1


@pytest.mark.parametrize("options", OPTIONS)
def test_pooling_does_not_depend_on_the_order_of_patterns_or_bags(options) -> None:
    layer, x = randomised(HopfieldPooling(8, **options)), 2 * normal(3, 30, 8)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(layer(x[:, order]), layer(x), atol=1e-6, rtol=1e-5)
    assert torch.allclose(layer(x[[2, 0, 1]]), layer(x)[[2, 0, 1]], atol=1e-6, rtol=1e-5)


def test_association_follows_the_order_of_states() -> None:
    layer, x = randomised(Hopfield(8, num_heads=2, update_steps_max=2)), normal(3, 30, 8)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(layer(x[:, order]), layer(x)[:, order], atol=1e-6)


def test_the_same_seed_gives_the_same_bits() -> None:
    layer, x = randomised(HopfieldPooling(8, update_steps_max=2)), normal(2, 3000, 8)
    assert torch.equal(layer(x), layer(x))


def test_association_matrices_of_jagged_bags_are_padded() -> None:
    layer, x = randomised(HopfieldPooling(8)), rows()
    matrix = layer.get_association_matrix((x, OFFSETS))
    assert matrix.shape == (len(SIZES), 1, 1, max(SIZES))
    for at, bag in enumerate(bags(x)):
        alone = layer.get_association_matrix(bag)
        assert torch.allclose(matrix[at, ..., : SIZES[at]], alone[0], atol=1e-6)
        assert not matrix[at, ..., SIZES[at] :].abs().sum()


def test_bags_of_like_sizes_are_padded_together() -> None:
    sizes = torch.tensor([100_000, 3, 5, 90_000, 4] + [7] * 2000)
    groups = [group.tolist() for group in buckets(sizes, whole=False)]
    assert sorted(index for group in groups for index in group) == list(range(len(sizes)))
    assert sum(len(group) * int(sizes[group].max()) for group in groups) <= 1.3 * int(sizes.sum())
    assert len(groups) <= 4
    assert len(list(buckets(sizes, whole=True))) == 1


def test_masks_do_not_go_with_jagged_bags() -> None:
    with pytest.raises(HopfieldError, match="masks go with padded input"):
        HopfieldPooling(8)((rows(), OFFSETS), torch.zeros(6, 40, dtype=torch.bool))


def test_bags_that_do_not_belong_together_are_refused() -> None:
    layer = Hopfield(8)
    other = torch.tensor([0, 10, sum(SIZES)])
    with pytest.raises(HopfieldError, match="bags don't go together"):
        layer(((rows(), OFFSETS), (rows(), other), (rows(), OFFSETS)))
    with pytest.raises(HopfieldError, match="same offsets"):
        layer(((rows(), OFFSETS), (rows(), OFFSETS), (rows(), OFFSETS.flip(0).max() - OFFSETS.flip(0))))


@pytest.mark.parametrize(
    ("name", "mask", "message"),
    [
        ("stored_pattern_padding_mask", torch.zeros(2, 6, dtype=torch.bool), r"\[2, 7\]"),
        ("stored_pattern_padding_mask", torch.zeros(2, 7), "must be bool"),
        ("association_mask", torch.zeros(7, 6, dtype=torch.bool), r"\[7, 7\]"),
        ("association_mask", torch.zeros(7, 7, dtype=torch.int64), "bool or float"),
    ],
)
def test_a_mask_of_another_shape_or_type_is_refused(name, mask, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        Hopfield(8)(normal(2, 7, 8), **{name: mask})
