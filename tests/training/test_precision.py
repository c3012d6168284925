"""Half precision: only the computation is cast, and only where it pays."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from training.toys import Regression, settings

from hotpapers.training import TrainingError, train
from hotpapers.training.devices import where
from hotpapers.training.precision import faster_precision


class Probe(nn.Linear):
    """A linear map that notes the types it sees."""

    seen: list[tuple[torch.dtype, torch.dtype, bool]]

    def forward(self, x):
        y = super().forward(x)
        self.seen.append((x.dtype, y.dtype, torch.is_autocast_enabled("cpu")))
        return y


class Probing(Regression):
    """With a `Probe` for a net."""

    def __init__(self) -> None:
        super().__init__(plain=True)
        self.seen: list = []
        self.outside: list = []

    def modules(self):
        probe = Probe(3, 1)
        probe.seen = self.seen
        return {"net": probe}

    def step(self, run, batch):
        x, y = batch
        output = run.modules["net"](x)
        with run.autocast():
            inside = (x @ x.T).dtype
        self.outside.append((output.dtype, (x @ x.T).dtype, inside))
        loss = (output - y).square().mean()
        run.update("net", loss)
        return {"loss": loss}


@pytest.mark.parametrize(("precision", "kind"), [("bf16-mixed", torch.bfloat16), ("32", torch.float32)])
def test_only_the_computation_is_cast(tmp_path, precision, kind) -> None:
    """Inputs keep their digits, losses and weights are float32, validation too."""
    task, half = Probing(), kind != torch.float32
    result = train(task, settings(tmp_path, steps=2, precision=precision, ema_decay=None))
    assert task.seen[:2] == [(torch.float32, kind, half)] * 2
    assert task.outside == [(torch.float32, torch.float32, kind)] * 2
    assert task.seen[2] == (torch.float32, torch.float32, False)
    assert result.precision == precision
    assert result.modules["net"].weight.dtype == torch.float32
    assert "forward" not in vars(result.modules["net"])


def test_a_modules_own_forward_is_put_back(tmp_path) -> None:
    """Some wrappers (torch.compile) put ``forward`` on the instance."""

    class Wrapping(Regression):
        def modules(self):
            modules = super().modules()
            net = modules["net"]
            net.forward = self.forward = lambda x, inner=net.forward: inner(x)
            return modules

    task = Wrapping(plain=True)
    result = train(task, settings(tmp_path, steps=2, precision="bf16-mixed", ema_decay=None))
    assert result.modules["net"].forward is task.forward


def test_bf16_learns_the_weights_too(tmp_path) -> None:
    changes = {"steps": 300, "precision": "bf16-mixed", "ema_decay": 0.9}
    result = train(Regression(plain=True), settings(tmp_path, **changes))
    assert torch.allclose(result.modules["net"].weight, torch.tensor([[1.0, -2.0, 3.0]]), atol=0.05)


@pytest.mark.parametrize(
    ("full", "half", "chosen"), [(1.0, 0.5, "bf16-mixed"), (1.0, 0.95, "32"), (1.0, 2.0, "32")]
)
def test_the_faster_precision_is_taken(full, half, chosen) -> None:
    now, taken = [0.0], []

    def trial(precision):
        def step():
            taken.append(precision)
            first = taken.count(precision) == 1
            now[0] += 100.0 if first else full if precision == "32" else half

        return step

    assert faster_precision(trial, clock=lambda: now[0]) == chosen
    assert taken == ["32"] * 4 + ["bf16-mixed"] * 4


def test_what_bf16_lacks_falls_back() -> None:
    def trial(precision):
        def step():
            if precision == "bf16-mixed":
                raise RuntimeError("not implemented for 'BFloat16'")

        return step

    assert faster_precision(trial) == "32"


def test_a_timed_trial_leaves_no_trace(tmp_path, monkeypatch) -> None:
    """With ``auto`` the run is bit by bit the one with the precision named, and a resumed run keeps it."""
    choices = iter(["bf16-mixed"])

    def choose(trial):
        for precision in ("32", "bf16-mixed"):
            step = trial(precision)
            step()
            step()
        return next(choices)

    monkeypatch.setattr("hotpapers.training.trial.faster_precision", choose)
    auto = train(Regression(), settings(tmp_path / "auto", steps=5, precision="auto"))
    named = train(Regression(), settings(tmp_path / "named", steps=5, precision="bf16-mixed"))
    assert auto.precision == "bf16-mixed"
    assert torch.equal(auto.modules["net"][0].weight, named.modules["net"][0].weight)
    again = train(Regression(), settings(tmp_path / "auto", steps=6, precision="auto"), resume=True)
    assert again.precision == "bf16-mixed"


def test_auto_times_on_this_machine(tmp_path) -> None:
    assert train(Regression(), settings(tmp_path, precision="auto")).precision in {"32", "bf16-mixed"}


def test_fp16_needs_a_gpu(tmp_path) -> None:
    with pytest.raises(TrainingError, match="16-mixed needs a GPU: on a CPU take 32, bf16-mixed or auto"):
        train(Regression(), settings(tmp_path, precision="16-mixed"))


@pytest.mark.parametrize(
    ("devices", "gpus", "found"),
    [("cpu", 4, ("cpu", 1)), ("gpu", 1, ("cuda", 1)), ("gpu:3", 4, ("cuda", 3)), (2, 4, ("cuda", 2))],
)
def test_devices_are_found(devices, gpus, found) -> None:
    assert where(devices, gpus) == found


@pytest.mark.parametrize(("devices", "gpus"), [("gpu", 0), ("gpu:2", 1), (3, 2)])
def test_missing_gpus_are_named(devices, gpus) -> None:
    with pytest.raises(TrainingError, match=f"torch finds {gpus} GPUs here"):
        where(devices, gpus)
