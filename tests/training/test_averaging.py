"""The moving average beside its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from training.toys import Regression, settings

from hotpapers.training import TrainingError, train
from hotpapers.training.averaging import WeightAverage


@pytest.mark.parametrize("warmup", [True, False])
def test_the_average_is_its_definition(warmup) -> None:
    module = nn.Linear(3, 2)
    average = WeightAverage({"net": module}, 0.9, warmup=warmup)
    expected = module.weight.detach().numpy().astype(np.float64)
    for update in range(1, 500):
        with torch.no_grad():
            module.weight.copy_(torch.randn(2, 3, generator=torch.Generator().manual_seed(update)))
        average.update()
        decay = min(0.9, update / (update + 30)) if warmup else 0.9
        expected = decay * expected + (1 - decay) * module.weight.detach().numpy()
    np.testing.assert_allclose(average.modules["net"].weight.numpy(), expected, atol=1e-6)


def test_buffers_are_taken_as_they_are() -> None:
    module = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    average = WeightAverage({"net": module}, 0.99, warmup=False)
    for _ in range(3):
        module(torch.randn(8, 2))
        average.update()
    held = average.modules["net"][1]
    assert torch.equal(held.running_var, module[1].running_var)
    assert held.num_batches_tracked == 3
    assert not held.training
    assert not any(each.requires_grad for each in average.modules["net"].parameters())


def test_only_the_named_modules_are_averaged(tmp_path) -> None:
    with pytest.raises(TrainingError, match="ema_modules names generator: no module of the task"):
        train(Regression(), settings(tmp_path, ema_modules=("net", "generator")))


def test_without_an_average_the_trained_weights_count(tmp_path) -> None:
    net = train(Regression(), settings(tmp_path, ema_decay=None)).modules["net"]
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert content["average"] == {}
    assert torch.equal(net[0].weight, content["modules"]["net"]["0.weight"])
    assert not net.training
