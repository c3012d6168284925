"""What the reference gets wrong, by the numbers of the list: here it is right."""

from __future__ import annotations

import math

import pytest
import torch
from hopfield.randomised import normal, randomised

from hotpapers.hopfield import (
    Hopfield,
    HopfieldDecoderLayer,
    HopfieldEncoderLayer,
    HopfieldLayer,
    HopfieldPooling,
)
from hotpapers.hopfield.errors import HopfieldError

STATIC = {
    "normalize_stored_pattern": False,
    "normalize_stored_pattern_affine": False,
    "normalize_state_pattern": False,
    "normalize_state_pattern_affine": False,
    "normalize_pattern_projection": False,
    "normalize_pattern_projection_affine": False,
}


def one_by_one(layer, *inputs: torch.Tensor) -> torch.Tensor:
    """The layer on each item of the batch alone."""
    return torch.cat([layer(tuple(x[at : at + 1] for x in inputs)) for at in range(len(inputs[0]))])


@pytest.mark.parametrize("static", ["stored", "state", "projection"])
@pytest.mark.parametrize("backend", ["sdpa", "matmul", "chunked"])
def test_q1_static_inputs_with_several_heads_keep_items_apart(static, backend) -> None:
    name = {"stored": "stored_pattern", "state": "state_pattern", "projection": "pattern_projection"}[static]
    layer = randomised(Hopfield(4, 4, num_heads=2, backend=backend, **{f"{name}_as_static": True}))
    inputs = normal(3, 7, 4), normal(3, 5, 4, seed=2), normal(3, 7, 4, seed=3)
    assert torch.allclose(layer(inputs), one_by_one(layer, *inputs), atol=1e-5)


def test_q2_all_static_with_several_heads_keep_items_apart() -> None:
    layer = Hopfield(
        num_heads=3,
        scaling=0.8,
        update_steps_max=2,
        update_steps_eps=None,
        stored_pattern_as_static=True,
        state_pattern_as_static=True,
        pattern_projection_as_static=True,
        disable_out_projection=True,
        **STATIC,
    )
    stored, state = normal(3, 7, 6), normal(3, 5, 6, seed=2)
    out = layer((stored, state, stored))
    assert torch.allclose(out, one_by_one(layer, stored, state, stored), atol=1e-5)
    expected = state
    for _ in range(3):
        expected = torch.softmax(0.8 * expected @ stored.mT, -1) @ stored
    assert torch.allclose(out, expected.repeat(1, 1, 3), atol=1e-5)  # every head sees the same


def test_q3_each_beta_scales_its_own_head() -> None:
    betas = torch.tensor([0.5, 2.0])
    layer = randomised(Hopfield(6, num_heads=2, scaling=betas, update_steps_max=2, update_steps_eps=None))
    x = normal(2, 7, 6)
    found = layer.get_association_matrix(x)
    for head, beta in enumerate(betas.tolist()):
        alone = randomised(Hopfield(6, num_heads=2, scaling=beta, update_steps_max=2, update_steps_eps=None))
        assert torch.allclose(found[:, head], alone.get_association_matrix(x)[:, head], atol=1e-6)


def test_q3_h_need_not_be_divisible_by_the_number_of_heads() -> None:
    layer = randomised(Hopfield(6, 3, num_heads=2, scaling=torch.tensor([0.5, 2.0]), update_steps_max=2))
    assert layer(normal(2, 7, 6)).isfinite().all()


def test_q3_legacy_scaling_spreads_betas_over_the_features() -> None:
    betas = torch.tensor([0.5, 2.0])
    layer = randomised(Hopfield(6, 3, num_heads=2, scaling=betas, legacy_scaling=True))
    x = normal(2, 7, 6)
    core = layer.association_core
    q, k = core.queries(layer.norm_state_pattern(x)), core.keys(layer.norm_stored_pattern(x))
    joined = q.transpose(1, 2).flatten(2) * betas.repeat(3)  # b0 b1 b0 | b1 b0 b1
    scores = joined.unflatten(-1, (2, 3)).transpose(1, 2) @ k.mT
    assert torch.allclose(layer.get_association_matrix(x), scores.softmax(-1), atol=1e-6)


def test_q4_beta_may_be_an_int_a_float_a_tensor_or_a_parameter() -> None:
    x = normal(2, 7, 6)
    outs = [
        randomised(Hopfield(6, num_heads=2, scaling=beta))(x)
        for beta in (1, 1.0, torch.tensor(1.0), torch.tensor([1.0, 1.0]))
    ]
    assert all(torch.equal(out, outs[0]) for out in outs)
    beta = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    layer = randomised(Hopfield(6, num_heads=2, scaling=beta))
    assert any(parameter is beta for parameter in layer.parameters())
    layer(x).sum().backward()
    assert beta.grad.abs().min() > 0


@pytest.mark.parametrize("backend", ["auto", "matmul", "chunked"])
def test_q4_a_learned_beta_has_the_gradient_of_finite_differences(backend) -> None:
    layer = randomised(
        Hopfield(6, num_heads=2, scaling=0.7, learn_beta=True, update_steps_max=2, backend=backend)
    ).double()
    core = layer.association_core
    with torch.no_grad():
        core.log_beta.copy_(torch.tensor([0.7, 1.3]).log())
    x, weight = normal(2, 7, 6, dtype=torch.float64), normal(2, 7, 6, seed=3, dtype=torch.float64)
    (layer(x) * weight).sum().backward()
    for head in range(2):
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                core.log_beta[head] += step
                values.append(float((layer(x) * weight).sum()))
                core.log_beta[head] -= step
        assert float(core.log_beta.grad[head]) == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6)


def test_q4_a_learned_beta_starts_where_it_is_told_and_stays_positive() -> None:
    layer = HopfieldPooling(4, num_heads=2, scaling=0.1, learn_beta=True)
    assert layer.scaling.tolist() == pytest.approx([0.1, 0.1])
    assert "hopfield.association_core.log_beta" in layer.state_dict()
    layer.hopfield.association_core.log_beta.data.fill_(-5.0)
    layer.reset_parameters()
    assert layer.scaling.tolist() == pytest.approx([0.1, 0.1])


def test_q5_the_bias_pattern_is_used() -> None:
    layer = randomised(Hopfield(8, 4, pattern_size=3, num_heads=2, output_size=5, concat_bias_pattern=True))
    x = normal(2, 7, 8)
    matrix = layer.get_association_matrix(x)
    assert matrix.shape == (2, 2, 7, 8)
    assert torch.allclose(matrix.sum(-1), torch.ones(2, 2, 7))
    core = layer.association_core
    k = core.keys(layer.norm_stored_pattern(x))
    assert torch.allclose(k[:, :, -1], core.bias_k.view(1, 2, 4).expand(2, -1, -1))
    assert torch.allclose(
        layer.get_projected_pattern_matrix(x)[:, :, -1], core.bias_v.view(1, 2, 3).expand(2, -1, -1)
    )
    layer(x).sum().backward()
    assert core.bias_k.grad.abs().max() > 0
    assert core.bias_v.grad.abs().max() > 0


def test_q5_appended_rows_are_never_masked() -> None:
    layer = randomised(Hopfield(8, concat_bias_pattern=True, add_zero_association=True))
    padding = torch.ones(2, 7, dtype=torch.bool)
    matrix = layer.get_association_matrix(normal(2, 7, 8), stored_pattern_padding_mask=padding)
    assert matrix.shape == (2, 1, 7, 9)
    assert torch.allclose(matrix[..., 7:].sum(-1), torch.ones(2, 1, 7))


@pytest.mark.parametrize("which", ["stored_pattern_padding_mask", "association_mask"])
def test_q6_uint8_masks_are_taken_with_a_warning(which) -> None:
    layer = randomised(Hopfield(8))
    mask = torch.zeros((2, 7) if which.startswith("stored") else (7, 7), dtype=torch.bool)
    mask[..., 3] = True
    x = normal(2, 7, 8)
    with pytest.warns(UserWarning, match="uint8 is taken as bool"):
        found = layer(x, **{which: mask.to(torch.uint8)})
    assert torch.equal(found, layer(x, **{which: mask}))


@pytest.mark.parametrize("backend", ["sdpa", "matmul", "chunked"])
@pytest.mark.parametrize("kind", ["bool", "float"])
@pytest.mark.parametrize("steps", [0, 2])
def test_q7_a_masked_query_gives_zeros_and_no_gradient(backend, kind, steps, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.masks._WARNED", {"dead"})
    layer = randomised(Hopfield(8, num_heads=2, backend=backend, update_steps_max=steps))
    mask = torch.zeros(7, 7, dtype=torch.bool)
    mask[2] = True
    x = normal(2, 7, 8).requires_grad_()
    given = mask if kind == "bool" else torch.zeros(7, 7).masked_fill(mask, -math.inf)
    out = layer(x, association_mask=given)
    assert out.isfinite().all()
    assert not out[:, 2].abs().max()
    out[:, 2].sum().backward()
    assert not x.grad.abs().max()
    matrix = layer.get_association_matrix(x, association_mask=given)
    assert not matrix[:, :, 2].abs().max()
    rest = layer(x, association_mask=mask & (torch.arange(7) != 2)[:, None])
    keep = [0, 1, 3, 4, 5, 6]
    assert torch.allclose(out[:, keep], rest[:, keep], atol=1e-5)


def test_q7_the_warning_comes_once(monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.masks._WARNED", set())
    layer, mask = Hopfield(8), torch.ones(2, 7, dtype=torch.bool)
    with pytest.warns(UserWarning, match="may retrieve nothing"):
        layer(normal(2, 7, 8), stored_pattern_padding_mask=mask)
    layer(normal(2, 7, 8), stored_pattern_padding_mask=mask)


@pytest.mark.parametrize("form", ["dense", "offsets"])
def test_q8_an_empty_bag_is_named(form) -> None:
    layer = HopfieldPooling(8)
    given = normal(2, 0, 8) if form == "dense" else (normal(5, 8), torch.tensor([0, 3, 3, 5]))
    with pytest.raises(
        ValueError, match="sets 0 to 1" if form == "dense" else "bag 1 holds no stored patterns"
    ):
        layer(given)


@pytest.mark.parametrize("form", ["dense", "offsets", "padded"])
def test_q8_an_empty_bag_may_be_zero_and_then_gives_the_bias(form, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.masks._WARNED", {"dead"})
    layer = randomised(HopfieldPooling(8, quantity=2, empty="zero"))
    bias = layer.hopfield.association_core.out_proj.bias.repeat(2)
    if form == "dense":
        out = layer(normal(2, 0, 8))
    elif form == "padded":
        out = layer(normal(2, 3, 8), stored_pattern_padding_mask=torch.ones(2, 3, dtype=torch.bool))
    else:
        out = layer((normal(5, 8), torch.tensor([0, 3, 3, 5])))[1:2]
    assert torch.allclose(out, bias.expand_as(out), atol=1e-6)


def test_q9_pooling_with_the_batch_second_flattens_the_right_axes() -> None:
    first = randomised(HopfieldPooling(8, quantity=3, output_size=5))
    second = HopfieldPooling(8, quantity=3, output_size=5, batch_first=False).eval()
    state = first.state_dict()
    state["pooling_weights"] = state["pooling_weights"].transpose(0, 1)
    second.load_state_dict(state)
    x = normal(4, 7, 8)
    assert second(x.transpose(0, 1)).shape == (4, 15)
    assert torch.allclose(second(x.transpose(0, 1)), first(x), atol=1e-6)


def test_q10_properties_and_sizes_work() -> None:
    layer = Hopfield(8, num_heads=2, normalize_hopfield_space=True, normalize_hopfield_space_affine=True)
    assert layer.normalize_hopfield_space
    assert layer.normalize_hopfield_space_affine
    assert layer.association_core.p_norm_weight.shape == (4,)
    assert HopfieldDecoderLayer(Hopfield(8), Hopfield(8), 16).output_size == 8
    pool = randomised(HopfieldPooling(8, hidden_size=3, num_heads=2, state_pattern_as_static=True))
    assert pool.pooling_weights.shape == (1, 1, 3)
    assert pool(normal(2, 7, 8)).shape == (2, 8)
    for name in (
        "scaling",
        "stored_pattern_dim",
        "pattern_projection_dim",
        "pattern_size",
        "update_steps_eps",
    ):
        assert getattr(pool, name) is not None
    assert HopfieldLayer(8).normalize_hopfield_space is False


def test_q11_activations_are_elementwise_functions_of_torch() -> None:
    for name in ("tanh", "gelu", "relu"):
        assert Hopfield(8, association_activation=name)(normal(1, 3, 8)).isfinite().all()
    for name in ("tanhh", "softmax", "stack", "sum"):
        with pytest.raises(HopfieldError, match="no elementwise function"):
            Hopfield(8, association_activation=name)
    assert HopfieldEncoderLayer(Hopfield(8), 16, activation="gelu")(normal(1, 3, 8)).isfinite().all()


def test_q12_tuples_lists_and_single_sets_are_taken() -> None:
    layer = randomised(Hopfield(8, num_heads=2))
    stored, state = normal(7, 8), normal(5, 8, seed=2)
    expected = layer((stored[None], state[None], stored[None]))[0]
    assert torch.equal(layer([stored, state, stored]), expected)
    assert layer((stored, state[None], stored)).shape == (1, 5, 8)
    pool = randomised(HopfieldPooling(8, quantity=2))
    assert torch.equal(pool(stored), pool(stored[None])[0])
    assert torch.equal(pool([stored, stored]), pool(stored))
    lookup = randomised(HopfieldLayer(8, quantity=4))
    assert torch.equal(lookup(state), lookup(state[None])[0])
    padding = torch.tensor([False] * 4 + [True] * 3)
    assert torch.allclose(pool(stored, padding), pool(stored[:4]), atol=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((normal(2, 3, 8),), "three"),
        ("text", "must be a tensor"),
        (normal(2, 3, 4, 8), r"\[B, n, d\]"),
        (normal(2, 3, 7), "width 8"),
        ((normal(2, 3, 8), normal(2, 3, 8), normal(2, 4, 8)), "equally many"),
        ((normal(2, 3, 8), normal(3, 3, 8), normal(2, 3, 8)), "don't go together"),
        ((normal(5, 8), torch.tensor([0, 3, 4])), "offsets must rise"),
    ],
)
def test_q12_what_does_not_fit_is_named(given, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        Hopfield(8)(given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 3}, "not divisible"),
        ({"scaling": 0.0}, "must be positive"),
        ({"scaling": torch.ones(3)}, "one for each"),
        ({"update_steps_eps": 0.0}, "update_steps_eps must be positive"),
        ({"update_steps_max": torch.tensor([1, 2, 3])}, "one entry for each"),
        ({"update_steps_max": None, "update_steps_eps": None}, "takes an update_steps_eps"),
        ({"update_steps_max": 1.5}, "whole numbers"),
        ({"normalize_state_pattern": False}, "affine normalization without"),
        ({"attention": "hardmax"}, "no attention"),
        ({"attention": "sparsemax", "backend": "sdpa"}, "softmax only"),
        ({"backend": "cuda"}, "no backend"),
        ({"dropout": 1.0}, "dropout"),
        ({"empty": "skip"}, "empty must be"),
        ({"stop": "batch"}, "stop must be"),
        ({"concat_bias_pattern": True, "stored_pattern_as_static": True}, "can't be learned"),
    ],
)
def test_contradicting_arguments_are_refused_at_the_door(arguments, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        Hopfield(8, **arguments)


def test_q14_no_association_matrix_is_kept_for_backward() -> None:
    """With 3 extra updates the reference keeps four matrices of 1024 x 1024 a head; here none is saved."""
    layer = randomised(Hopfield(8, num_heads=2, update_steps_max=3))
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
        layer(normal(1, 1024, 8))
    assert max(sizes) < 1024 * 64
