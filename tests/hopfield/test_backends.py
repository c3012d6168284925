"""Backends agree with each other and with plain formulas; their gradients are those of finite differences."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hopfield.randomised import normal, randomised

from hotpapers.hopfield import Hopfield, HopfieldPooling
from hotpapers.hopfield.association import Method, associate
from hotpapers.hopfield.backends import chunked, flex, matmul, sdpa
from hotpapers.hopfield.backends.choice import choose
from hotpapers.hopfield.backends.folded import retrieve_folded
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.masks import Mask
from hotpapers.hopfield.sparse_maps import association_map
from hotpapers.hopfield.stopping import Rule

SOFTMAX = association_map("softmax")
BACKENDS = {
    "sdpa": sdpa.associate,
    "matmul": lambda q, k, v, mask: matmul.associate(q, k, v, mask, map_=SOFTMAX),
    "chunked": chunked.associate,
}
MASKS = ["none", "bool", "padding", "float"]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch) -> None:
    """Blocks of 64 patterns, so that small inputs have several."""
    monkeypatch.setattr(chunked, "_BLOCK_VALUES", 64)


def tensors(n: int = 150, *, dtype: torch.dtype = torch.float32, width: int = 5) -> list[torch.Tensor]:
    """q, k, v: 2 items, 3 heads, 4 queries of width 6, values of another width."""
    return [
        normal(2, 3, 4, 6, seed=1, dtype=dtype),
        normal(2, 3, n, 6, seed=2, dtype=dtype),
        normal(2, 3, n, width, seed=3, dtype=dtype),
    ]


def mask_of(kind: str, n: int, dtype: torch.dtype = torch.float32) -> torch.Tensor | None:
    """A mask of that kind that leaves every query something."""
    random = torch.rand(2, 3, 4, n, generator=torch.Generator().manual_seed(5))
    open_ = random > 0.4
    open_[..., 0] = True
    if kind == "bool":
        return open_
    if kind == "padding":
        return torch.arange(n).expand(2, 1, 1, n) < torch.tensor([n, n // 2]).view(2, 1, 1, 1)
    return None if kind == "none" else (4 * random - 2).masked_fill(~open_, -math.inf).to(dtype)


@pytest.mark.parametrize("kind", MASKS)
def test_backends_agree_pairwise(kind) -> None:
    inputs, mask = tensors(), mask_of(kind, 150)
    outs = {name: associate_(*inputs, mask) for name, associate_ in BACKENDS.items()}
    with torch.no_grad():
        outs["flex"] = flex.associate(*tensors(width=6)[:2], tensors(width=6)[2], mask)
        outs["matmul, equal width"] = BACKENDS["matmul"](*tensors(width=6), mask)
    assert torch.allclose(outs.pop("flex"), outs.pop("matmul, equal width"), atol=1e-5)
    for one, other in itertools.combinations(outs.values(), 2):
        assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("steps", [0, 3])
def test_gradients(backend, kind, steps) -> None:
    n = 70
    inputs = [x.requires_grad_() for x in tensors(n, dtype=torch.float64)]
    beta = torch.tensor([0.4, 0.8, 1.1], dtype=torch.float64).view(3, 1, 1).requires_grad_()
    mask = Mask(scores=mask_of(kind, n, torch.float64))
    rule, method = Rule.of(steps, None, 3), Method(backend=backend)

    def run(q, k, v, beta) -> torch.Tensor:
        return associate(q, k, v, beta, mask, rule, method)[0]

    assert torch.autograd.gradcheck(run, (*inputs, beta), atol=1e-7, rtol=1e-5, fast_mode=True)


@pytest.mark.parametrize("attention", ["entmax15", "sparsemax", "topk"])
@pytest.mark.parametrize("kind", ["none", "bool"])
@pytest.mark.parametrize("steps", [0, 3])
def test_gradients_of_sparse_maps(attention, kind, steps) -> None:
    inputs = [x.requires_grad_() for x in tensors(9, dtype=torch.float64)]
    beta = torch.full((3, 1, 1), 0.3, dtype=torch.float64)
    mask = Mask(scores=mask_of(kind, 9))
    rule, method = Rule.of(steps, None, 3), Method(attention=attention, top_k=3)

    def run(q, k, v) -> torch.Tensor:
        return associate(q, k, v, beta, mask, rule, method)[0]

    assert torch.autograd.gradcheck(run, inputs, atol=1e-7, rtol=1e-5, fast_mode=True)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("eps", [None, 1e-5])
@pytest.mark.parametrize("limits", [(0, 0), (3, 3), (1, 3)])
def test_gradients_folded_into_the_query(padded, eps, limits) -> None:
    y = normal(2, 70, 5, seed=1, dtype=torch.float64) + 3
    u = normal(2, 2, 3, 5, seed=2, dtype=torch.float64)
    w, b = normal(2, 5, 4, seed=3, dtype=torch.float64) / 2, normal(2, 1, 4, seed=4, dtype=torch.float64)
    beta = torch.tensor([0.3, 0.6], dtype=torch.float64).view(2, 1, 1)
    mask = mask_of("padding", 70)[:, 0].mT if padded else None
    rule = Rule(limits=limits, tolerances=None)

    def run(*inputs: torch.Tensor) -> torch.Tensor:
        return retrieve_folded(*inputs, mask=mask, eps=eps, rule=rule)[0]

    inputs = [x.requires_grad_() for x in (y, u, w, b, beta)]
    assert torch.autograd.gradcheck(run, inputs, atol=1e-7, rtol=1e-5, fast_mode=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_heads": 4, "quantity": 2},
        {"num_heads": 2, "update_steps_max": 3, "update_steps_eps": None},
        {"update_steps_max": 4, "update_steps_eps": 1e-2},
        {"normalize_stored_pattern_affine": False, "normalize_pattern_projection_affine": False},
        {
            "normalize_stored_pattern": False,
            "normalize_stored_pattern_affine": False,
            "normalize_pattern_projection": False,
            "normalize_pattern_projection_affine": False,
        },
        {"stored_pattern_as_static": True, "hidden_size": 8},
        {"pattern_projection_as_static": True, "hidden_size": 8, "num_heads": 2},
        {"pattern_projection_as_connected": True, "num_heads": 2, "update_steps_max": 1},
        {"input_bias": False, "pattern_size": 3, "output_size": 4},
    ],
)
@pytest.mark.parametrize("masked", [False, True])
def test_pooling_folded_into_the_query_is_the_plain_one(options, masked) -> None:
    x = 3 * normal(2, 300, 8) + 5
    padding = torch.arange(300) >= torch.tensor([[300], [170]]) if masked else None
    gradients, outs = [], []
    for backend in ("chunked", "matmul"):
        layer = randomised(HopfieldPooling(8, backend=backend, scaling=0.5, **options))
        given = x.clone().requires_grad_()
        out = layer(given, padding)
        (out * normal(*out.shape, seed=9)).sum().backward()
        outs.append(out)
        gradients.append([given.grad, *(p.grad for p in layer.parameters())])
    assert torch.allclose(*outs, atol=2e-5, rtol=1e-4)
    for one, other in zip(*gradients, strict=True):
        if one is None or other is None:
            assert one is None or one.abs().max() < 1e-5
            assert other is None or other.abs().max() < 1e-5
        else:
            assert torch.allclose(one, other, atol=1e-4 * max(1.0, float(other.abs().max())))


def test_patterns_far_from_zero_are_normalised_precisely() -> None:
    """LayerNorm of patterns with mean 1000 and deviation 1, by the two ways."""
    x = normal(1, 2000, 16) + 1000
    folded, plain = (randomised(HopfieldPooling(16, backend=name)) for name in ("auto", "matmul"))
    exact = randomised(HopfieldPooling(16, backend="matmul")).double()(x.double())
    assert (folded(x) - exact).abs().max() <= 3 * max(1e-5, (plain(x) - exact).abs().max())


def test_huge_scores_do_not_overflow() -> None:
    q, k, v = (1e6 * x if at == 0 else x for at, x in enumerate(tensors()))
    best = v.gather(2, (q @ k.mT).argmax(-1)[..., None].expand(-1, -1, -1, 5))
    for associate_ in BACKENDS.values():
        assert torch.allclose(associate_(q, k, v, None), best, atol=1e-5)


def test_a_block_without_open_places_changes_nothing() -> None:
    q, k, v = tensors()
    mask = torch.arange(150).expand(1, 1, 1, 150) >= 100  # the first blocks are closed
    assert torch.allclose(chunked.associate(q, k, v, mask), BACKENDS["matmul"](q, k, v, mask), atol=1e-6)


@pytest.mark.parametrize("attention", ["softmax", "entmax15", "sparsemax", "topk"])
def test_maps_give_weights_that_sum_to_one_over_open_places(attention) -> None:
    scores = normal(20, 12) * 3
    scores[:, 3] = -math.inf
    weights = association_map(attention, 4)(scores)
    assert torch.allclose(weights.sum(-1), torch.ones(20), atol=1e-5)
    assert (weights >= 0).all()
    assert not weights[:, 3].abs().max()
    if attention == "topk":
        assert ((weights > 0).sum(-1) == 4).all()
    if attention == "sparsemax":  # it is the Euclidean projection on the simplex
        shift = (scores - weights).where(weights > 0, torch.nan)
        assert (shift.nan_to_num(-math.inf).amax(-1) - shift.nan_to_num(math.inf).amin(-1)).abs().max() < 1e-5


def test_sparse_maps_retrieve_a_separated_pattern_without_error() -> None:
    stored = torch.eye(6)
    layer = Hopfield(6, scaling=2.0, attention="sparsemax", **_memory())
    assert torch.equal(layer((stored, 0.9 * stored[:1], stored)), stored[:1])


def _memory() -> dict[str, bool]:
    off = {
        f"normalize_{name}{part}": False
        for name in ("stored_pattern", "state_pattern", "pattern_projection")
        for part in ("", "_affine")
    }
    static = {f"{name}_as_static": True for name in ("stored_pattern", "state_pattern", "pattern_projection")}
    return off | static | {"disable_out_projection": True}


@pytest.mark.parametrize(
    ("queries", "patterns", "device", "dropout", "expected"),
    [
        (512, 512, "cpu", False, "sdpa"),
        (1, 300_000, "cpu", False, "chunked"),
        (64, 100_000, "cpu", False, "chunked"),
        (1, 300_000, "cpu", True, "matmul"),
        (1, 50, "cpu", False, "sdpa"),
        (1, 300_000, "cuda", False, "sdpa"),
    ],
)
def test_the_choice(queries, patterns, device, dropout, expected) -> None:
    found = choose(
        heads=1,
        queries=queries,
        patterns=patterns,
        device=torch.device(device),
        dropout=dropout,
        mask_learns=False,
    )
    assert found == expected


def test_flex_says_where_it_has_no_gradients() -> None:
    layer = Hopfield(8, backend="flex")
    x = normal(2, 5, 8)
    with pytest.raises(HopfieldError, match="no gradients on cpu"):
        layer(x)
    with torch.no_grad():
        plain = Hopfield(8, backend="matmul")
        plain.load_state_dict(layer.state_dict())
        assert torch.allclose(layer(x), plain(x), atol=1e-5)


def test_chunked_refuses_dropout_and_auto_takes_it() -> None:
    x = normal(2, 1100, 8)
    with pytest.raises(HopfieldError, match="dropout"):
        HopfieldPooling(8, backend="chunked", dropout=0.5)(x)
    layer = randomised(HopfieldPooling(8, dropout=0.5)).train()
    assert not torch.equal(layer(x), layer(x))
    assert torch.equal(layer.eval()(x), layer(x))


def test_a_mask_that_learns_gets_its_gradient() -> None:
    mask = torch.zeros(7, 7, requires_grad=True)
    randomised(Hopfield(8))(normal(2, 7, 8), association_mask=mask).sum().backward()
    assert mask.grad.abs().max() > 0
