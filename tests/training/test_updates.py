"""Clipping, the guard against what is no number, and half precision's scale."""

from __future__ import annotations

import math
import types

import pytest
import torch
from lightning_fabric.plugins.precision import MixedPrecision
from torch import nn
from training.toys import Adversaries, Faulty, Regression, settings

from hotpapers.training import DivergedError, TrainingError, train
from hotpapers.training.updates import Guard, Updates, largest_norm


def updates(optimizer: torch.optim.Optimizer, *, clip=None, accumulate: int = 1, precision=None) -> Updates:
    """Of one process."""
    strategy = types.SimpleNamespace(precision=precision)

    def backward(loss, inputs):
        (loss if precision is None else precision.scaler.scale(loss)).backward(inputs=inputs)

    fabric = types.SimpleNamespace(strategy=strategy, world_size=1, backward=backward)
    return Updates({"net": optimizer}, fabric, clip=clip, accumulate=accumulate)


def test_twice_the_running_median() -> None:
    assert largest_norm([1.0, 2.0, 3.0, 4.0], "median") == math.inf  # too few to know
    assert largest_norm([1.0, 100.0, 2.0, 3.0, 4.0], "median") == 6.0
    assert largest_norm([1.0] * 9, 0.25) == 0.25
    assert largest_norm([1.0] * 9, None) == math.inf


def test_an_outlier_is_cut_to_twice_the_median() -> None:
    weight = nn.Parameter(torch.zeros(4))
    tool = updates(torch.optim.SGD([weight], lr=1.0), clip="median")
    for _ in range(5):
        tool.update("net", weight.sum())  # gradient (1, 1, 1, 1): norm 2
    before = weight.detach().clone()
    tool.update("net", 50 * weight.sum())
    assert tool.norms["net"] == pytest.approx(100)
    assert torch.allclose(before - weight, torch.full((4,), 2.0))  # norm 4
    assert weight.grad is None


def test_a_fixed_norm_is_torchs_clipping() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Linear(5, 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(7, 5)
    updates(torch.optim.SGD(ours.parameters(), lr=1.0), clip=0.1).update("net", ours(x).square().sum())
    optimizer = torch.optim.SGD(theirs.parameters(), lr=1.0)
    theirs(x).square().sum().backward()
    nn.utils.clip_grad_norm_(theirs.parameters(), 0.1)
    optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


def test_the_running_median_forgets() -> None:
    guard = Guard("median")
    for norm in [1.0] * 200 + [10.0] * 101:
        guard.accept(norm)
    assert guard.accept(100.0) == pytest.approx(0.2)


def test_what_is_no_number_is_skipped_and_halves_the_rate(tmp_path) -> None:
    rates, weights = [], []

    class Watching(Faulty):
        def step(self, run, batch):
            weights.append(run.modules["net"].weight.detach().clone())
            values = super().step(run, batch)
            return {**values, "loss": 0.0}

        def learning_rate(self, step, progress):
            return 1.0

    train(Watching(range(3, 6)), settings(tmp_path, steps=10, log_every=1))
    rows = (tmp_path / "log.csv").read_text().splitlines()
    column = rows[0].split(",").index("learning_rate/net")
    rates = [float(row.split(",")[column]) / 0.05 for row in rows[1:11]]
    assert rates == pytest.approx([1, 1, 1, 1, 0.5, 0.25, 0.125, 0.125, 0.125, 0.125])
    assert torch.equal(weights[3], weights[6])
    assert not torch.equal(weights[6], weights[7])
    assert torch.isfinite(weights[9]).all()


def test_the_fifth_in_a_row_ends_with_a_checkpoint(tmp_path) -> None:
    message = r"gradient of 'net' was not a number 5 times in a row.*last.ckpt is saved after 11 steps"
    with pytest.raises(DivergedError, match=message):
        train(Faulty(range(7, 99)), settings(tmp_path))
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert torch.isfinite(content["modules"]["net"]["weight"]).all()
    result = train(Faulty(range(0)), settings(tmp_path), resume=True)  # mended, it goes on
    assert result.steps == 20


def test_a_halved_rate_recovers_after_a_thousand_good_steps() -> None:
    guard = Guard(None)
    guard.reject()
    guard.reject()
    rates = [guard.rate for _ in range(2500) if guard.accept(1.0)]
    assert (rates[998], rates[999], rates[1998], rates[1999], rates[-1]) == (0.25, 0.5, 0.5, 1.0, 1.0)


def test_a_players_loss_leaves_the_other_alone(tmp_path) -> None:
    class Watching(Adversaries):
        def step(self, run, batch):
            values = super().step(run, batch)
            assert all(each.grad is None for module in run.modules.values() for each in module.parameters())
            critic = run.modules["critic"][0].weight.detach().clone()
            run.update("generator", -run.modules["critic"](run.modules["generator"](batch["latent"])).mean())
            assert torch.equal(run.modules["critic"][0].weight, critic)
            assert run.modules["critic"][0].weight.grad is None
            return values

    train(Watching(), settings(tmp_path, steps=2))


def test_sparse_gradients_of_word_vectors() -> None:
    table = nn.Embedding(100, 4, sparse=True)
    before = table.weight.detach().clone()
    tool = updates(torch.optim.SGD(table.parameters(), lr=1.0), clip=1.0)
    tool.update("net", table(torch.tensor([3, 3, 7])).sum())
    assert tool.norms["net"] == pytest.approx(math.sqrt(4 * 2**2 + 4))
    moved = (table.weight - before).abs().sum(1).nonzero().flatten().tolist()
    assert moved == [3, 7]
    assert torch.linalg.vector_norm(table.weight - before).item() == pytest.approx(1.0, rel=1e-5)


def test_half_precisions_scale_is_lowered_without_a_strike() -> None:
    weight = nn.Parameter(torch.ones(1))
    precision = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=2.0**4))
    tool = updates(torch.optim.SGD([weight], lr=0.1), precision=precision)
    tool.update("net", 3 * weight.sum())
    assert weight.item() == pytest.approx(0.7)  # unscaled
    assert tool.norms["net"] == pytest.approx(3)
    for _ in range(4):
        tool.update("net", weight.sum() * math.inf)
    assert precision.scaler.get_scale() == 1.0
    assert tool.guards["net"].strikes == 0
    tool.update("net", weight.sum() * math.inf)
    assert tool.guards["net"].strikes == 1
    assert weight.item() == pytest.approx(0.7)


def test_half_precisions_scale_holds_for_all_parts_of_a_batch() -> None:
    weight = nn.Parameter(torch.ones(1))
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0, growth_interval=1)
    precision = MixedPrecision("16-mixed", "cpu", scaler)
    tool = updates(torch.optim.SGD([weight], lr=0.1), precision=precision, accumulate=2)
    scales = []
    for tool.part in (0, 1):
        tool.update("net", 2 * weight.sum())
        scales.append(scaler.get_scale())
    tool.end_step()
    assert (scales, scaler.get_scale()) == ([2.0, 2.0], 4.0)
    assert weight.item() == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("name", "loss", "complaint"),
    [
        ("nett", lambda net, x: net(x).mean(), "no optimiser 'nett': the task's are net"),
        ("net", lambda net, x: net(x), r"must be one number.*its shape is \(8, 1\)"),
        ("net", lambda net, x: net(x).detach().mean(), "it has no gradient"),
        ("net", lambda net, x: x.clone().requires_grad_().mean(), "depends on none of the parameters"),
    ],
)
def test_a_wrong_update_is_explained(tmp_path, name, loss, complaint) -> None:
    class Wrong(Regression):
        def step(self, run, batch):
            run.update(name, loss(run.modules["net"], batch[0]))
            return {}

    with pytest.raises(TrainingError, match=complaint):
        train(Wrong(plain=True), settings(tmp_path))


def test_two_updates_of_one_optimiser_in_a_part_are_refused(tmp_path) -> None:
    class Twice(Regression):
        def step(self, run, batch):
            super().step(run, batch)
            return super().step(run, batch)

    train(Twice(plain=True), settings(tmp_path / "fine", steps=2))
    with pytest.raises(TrainingError, match="with accumulate above 1, update 'net' once for each batch"):
        train(Twice(plain=True), settings(tmp_path / "refused", steps=2, accumulate=2))
