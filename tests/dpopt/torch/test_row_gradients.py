"""Clipped sums against one backward pass for every row."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.torch import RowGradients


class Reused(nn.Module):
    """One linear layer called twice, with a sequence between."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.inner(torch.tanh(self.inner(x)))).mean(1))


class Tied(nn.Module):
    """An embedding whose table is also the last layer's matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.middle = nn.Embedding(7, 5), nn.Linear(5, 5)
        self.head = nn.Linear(5, 7)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        return self.head(torch.tanh(self.middle(self.embedding(x))).sum(1))


class OwnParameter(nn.Module):
    """A module with a parameter of its own and a child."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.child = nn.Parameter(torch.ones(4) * 0.7), nn.Linear(4, 3)

    def forward(self, x):
        return self.child(x * self.scale)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x)[0].mean(1))


class Halves(nn.Module):
    """Half of the parameters are frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 3)
        self.first.weight.requires_grad_(requires_grad=False)

    def forward(self, x):
        return self.second(functional.relu(self.first(x), inplace=True))


def _rows(*shape):
    return torch.randn(6, *shape, dtype=torch.float64)


def _tokens(length):
    return torch.randint(0, 7, (6, length))


FLAT = nn.Flatten()


class _Mean(nn.Module):
    def __init__(self, axis) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x):
        return x.mean(self.axis)


MODELS = {
    "linear": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3, bias=False)), _rows, (4,)),
    "short sequence": (lambda: nn.Sequential(nn.Linear(40, 30), _Mean(1), nn.Linear(30, 3)), _rows, (3, 40)),
    "long sequence": (lambda: nn.Sequential(nn.Linear(4, 5), _Mean((1, 2)), nn.Linear(5, 3)), _rows, (3, 5, 4)),
    "conv1d": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2), nn.Tanh(), FLAT, nn.LazyLinear(3)),
        _rows, (2, 9),
    ),
    "conv2d": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, (3, 2), padding="same", groups=2, padding_mode="reflect"), nn.Tanh(),
            nn.Conv2d(4, 3, 3, stride=2, bias=False), FLAT, nn.LazyLinear(3),
        ),
        _rows, (2, 7, 8),
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(7, 5, padding_idx=2), nn.LayerNorm(5), _Mean(1), nn.Linear(5, 3)),
        _tokens, (8,),
    ),
    "layer norm": (
        lambda: nn.Sequential(
            nn.LayerNorm((3, 4)), nn.Linear(4, 4), nn.LayerNorm(4, bias=False), FLAT, nn.LazyLinear(3)
        ),
        _rows, (3, 4),
    ),
    "group norm": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.GroupNorm(2, 4), FLAT, nn.LazyLinear(3)), _rows, (2, 6)
    ),
    "reused": (Reused, _rows, (5, 4)),
    "tied": (Tied, _tokens, (3,)),
    "own parameter": (OwnParameter, _rows, (4,)),
    "attention": (Attention, _rows, (5, 4)),
    "frozen": (Halves, _rows, (4,)),
}  # fmt: skip


def _made(name):
    torch.manual_seed(3)
    build, draw, shape = MODELS[name]
    model, x = build().double(), draw(*shape)
    y = torch.randint(0, 3, (6,))
    model(x)  # lazy layers take their shape
    return model, x, y


def _explicit(model, x, y, bound):
    """One backward pass a row, clipped over all parameters."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    total = [torch.zeros_like(p) for p in parameters]
    for one, label in zip(x, y, strict=True):
        loss = functional.cross_entropy(model(one[None]), label[None])
        found = torch.autograd.grad(loss, parameters)
        length = torch.sqrt(sum(g.square().sum() for g in found))
        factor = min(1.0, bound / float(length))
        total = [t + factor * g for t, g in zip(total, found, strict=True)]
    return dict(zip(parameters, total, strict=True))


@pytest.mark.parametrize("ghost", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", list(MODELS))
def test_sums_equal_explicit_ones(name, reduction, ghost) -> None:
    model, x, y = _made(name)
    lengths = []
    for one, label in zip(x, y, strict=True):
        loss = functional.cross_entropy(model(one[None]), label[None])
        found = torch.autograd.grad(loss, [p for p in model.parameters() if p.requires_grad])
        lengths.append(float(torch.sqrt(sum(g.square().sum() for g in found))))
    bound = sorted(lengths)[3]  # some are clipped and some are not
    expected = _explicit(model, x, y, bound)
    rows = RowGradients(model, ghost=ghost, loss_reduction=reduction, dtype=torch.float64)
    functional.cross_entropy(model(x), y, reduction=reduction).backward()
    found = rows.clipped_sums(6, bound)
    assert set(found) == set(expected)
    for parameter, value in expected.items():
        torch.testing.assert_close(found[parameter], value, rtol=1e-6, atol=1e-6 * bound)
        assert parameter.grad is None  # the sum without noise does not stay


def test_single_precision_models_agree_to_their_precision() -> None:
    model, x, y = _made("linear")
    expected = _explicit(model, x, y, 0.5)
    single = MODELS["linear"][0]()
    single.load_state_dict(model.state_dict())
    rows = RowGradients(single, dtype=torch.float32)
    functional.cross_entropy(single(x.float()), y).backward()
    found = rows.clipped_sums(6, 0.5)
    for mine, reference in zip(single.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(found[mine].double(), expected[reference], rtol=1e-4, atol=2e-6)


@settings(max_examples=40, deadline=None)
@given(
    scale=st.sampled_from([0.0, 1e-30, 1.0, 1e8, 1e200, float("inf"), float("nan")]),
    bound=st.sampled_from([1e-3, 1.0, 50.0]),
    place=st.integers(0, 4),
    name=st.sampled_from(["linear", "long sequence", "conv1d", "reused"]),
)
def test_one_row_moves_the_sum_by_at_most_the_bound(scale, bound, place, name) -> None:
    """Whatever the row holds: zero, huge, infinite or no number."""
    model, x, y = _made(name)
    x[place] = x[place] * scale
    rows = RowGradients(model, loss_reduction="sum", dtype=torch.float64)
    sums = []
    for keep in (range(6), [i for i in range(6) if i != place]):
        functional.cross_entropy(model(x[list(keep)]), y[list(keep)], reduction="sum").backward()
        sums.append(rows.clipped_sums(len(keep), bound))
    moved = torch.sqrt(sum((sums[0][p] - sums[1][p]).square().sum() for p in sums[0]))
    assert float(moved) <= bound * (1 + 1e-9)


def test_cancelling_positions_stay_within_the_bound() -> None:
    """Two huge terms that all but cancel: the Gram form alone would lose the length to rounding."""
    model = nn.Sequential(nn.Linear(8, 4, bias=False), _Mean(1)).double()
    rows = RowGradients(model, loss_reduction="sum", dtype=torch.float64)
    x = torch.randn(1, 2, 8, dtype=torch.float64) * 1e7
    x[:, 1] = -x[:, 0] * (1 + 1e-15)
    model(x).sum().backward()
    found = rows.clipped_sums(1, 1.0)[model[0].weight]
    assert float(found.norm()) <= 1.0


def test_empty_batches_give_zeros() -> None:
    model, x, y = _made("linear")
    rows = RowGradients(model, loss_reduction="sum", dtype=torch.float64)
    functional.cross_entropy(model(x[:0]), y[:0], reduction="sum").backward()
    assert all(not value.any() for value in rows.clipped_sums(0, 1.0).values())


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.BatchNorm1d(3), "mixes the rows of a batch"),
        (nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)), "use GroupNorm or LayerNorm"),
        (nn.InstanceNorm1d(3, affine=True, track_running_stats=True), "track_running_stats=False"),
        (nn.Embedding(3, 2, max_norm=1.0), "max_norm=None"),
        (nn.Tanh(), "no parameters to train"),
    ],
)
def test_modules_that_mix_rows_are_refused_in_one_line(module, words) -> None:
    with pytest.raises(PrivacyError, match=words) as caught:
        RowGradients(module, dtype=torch.float64)
    assert "\n" not in str(caught.value)


def test_two_backwards_on_different_batches_are_refused() -> None:
    """Rows of two batches would be clipped in pairs."""
    model, x, y = _made("linear")
    rows = RowGradients(model, dtype=torch.float64)
    functional.cross_entropy(model(x), y).backward()
    with pytest.raises(PrivacyError, match=r"step\(\) must follow"):
        model(x)
    rows.clear()
    model(x)


def test_what_is_not_one_entry_for_each_row_is_refused() -> None:
    model = nn.Linear(4, 3).double()
    rows = RowGradients(model, dtype=torch.float64)
    model(_rows(2, 4).reshape(12, 4)).sum().backward()
    with pytest.raises(PrivacyError, match="one entry for each row"):
        rows.clipped_sums(6, 1.0)
    with pytest.raises(PrivacyError, match="backward"):
        rows.clipped_sums(6, 1.0)


def test_a_parameter_used_outside_of_its_module_is_refused() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)).double()
    rows = RowGradients(model, dtype=torch.float64)
    x = _rows(4)
    (model[1](x).sum() + (x @ model[0].weight).sum()).backward()
    with pytest.raises(PrivacyError, match="outside of its own module"):
        rows.clipped_sums(6, 1.0)


def test_evaluation_records_nothing() -> None:
    model, x, y = _made("linear")
    rows = RowGradients(model, dtype=torch.float64)
    model.eval()
    functional.cross_entropy(model(x), y).backward()
    model.train()
    with torch.no_grad():
        model(x)
    with pytest.raises(PrivacyError, match="training mode"):
        rows.clipped_sums(6, 1.0)


def test_a_second_watch_replaces_the_first() -> None:
    model, x, y = _made("linear")
    first = RowGradients(model, dtype=torch.float64)
    second = RowGradients(model, dtype=torch.float64)
    for _ in range(2):
        functional.cross_entropy(model(x), y).backward()
        assert second.clipped_sums(6, 1.0)
    with pytest.raises(PrivacyError, match="backward"):
        first.clipped_sums(6, 1.0)
    second.detach()
    functional.cross_entropy(model(x), y).backward()
    assert model[0].weight.grad is not None
