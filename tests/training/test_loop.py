"""The loop beside one written by hand, and what it owes its caller."""

from __future__ import annotations

import itertools
import random

import pytest
import torch
from training.equality import assert_same
from training.toys import WEIGHTS, Adversaries, Regression, settings

from hotpapers.training import TrainingError, derived_seed, train
from hotpapers.training.validating import Best


def test_two_players_train_as_by_hand(tmp_path) -> None:
    """Bit by bit the same as torch's own verbs, one after the other."""
    task = Adversaries()
    result = train(task, settings(tmp_path, steps=12, seed=5, clip=None, ema_decay=None))

    torch.manual_seed(derived_seed(5, "modules"))
    modules = task.modules()
    generator, critic = modules["generator"], modules["critic"]
    optimizers = task.optimizers(modules)
    for step in range(12):
        for name, base in (("generator", 0.01), ("critic", 0.02)):
            optimizers[name].param_groups[0]["lr"] = base * min(1.0, (step + 1) / 5)
        batch = task.batch(step, derived_seed(5, "batch", step), 0, 1)
        torch.manual_seed(derived_seed(5, "step", step, 0))
        fake = generator(batch["latent"])
        hinge = (1 - critic(batch["real"])).relu().mean() + (1 + critic(fake.detach())).relu().mean()
        optimizers["critic"].zero_grad()
        hinge.backward()
        optimizers["critic"].step()
        optimizers["generator"].zero_grad()
        (-critic(fake).mean()).backward()
        optimizers["generator"].step()

    for name, module in modules.items():
        assert_same(dict(result.modules[name].state_dict()), dict(module.state_dict()), name)


def test_regression_finds_the_weights(tmp_path) -> None:
    result = train(Regression(plain=True), settings(tmp_path, steps=300, ema_decay=0.9))
    assert torch.allclose(result.modules["net"].weight, WEIGHTS.T, atol=1e-2)


def test_the_seed_decides(tmp_path) -> None:
    one, other, again = (
        train(Regression(), settings(tmp_path / str(number), seed=seed)).modules["net"].state_dict()
        for number, seed in enumerate((0, 1, 0))
    )
    assert_same(dict(one), dict(again))
    assert not torch.equal(one["0.weight"], other["0.weight"])


def test_the_callers_generators_threads_and_modes_are_left(tmp_path) -> None:
    torch.manual_seed(3)
    expected = torch.randn(2)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    random.seed(4)
    state = random.getstate()
    train(Regression(), settings(tmp_path, threads=threads + 1, deterministic=True))
    assert torch.equal(torch.randn(2), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert random.getstate() == state


def test_deterministic_algorithms_are_asked_for(tmp_path) -> None:
    seen = []

    class Asking(Regression):
        def step(self, run, batch):
            seen.append(torch.are_deterministic_algorithms_enabled())
            return super().step(run, batch)

    train(Asking(), settings(tmp_path / "a", steps=1, deterministic=True))
    train(Asking(), settings(tmp_path / "b", steps=1))
    assert seen == [True, False]


def test_shares_of_a_batch_add_up_to_the_whole(tmp_path) -> None:
    """Four shares, one update: the weights of one whole batch."""
    whole, parts = (
        train(Regression(plain=True), settings(tmp_path / str(number), accumulate=number)).modules["net"]
        for number in (1, 4)
    )
    assert torch.allclose(parts.weight, whole.weight, atol=1e-6, rtol=0)
    assert (tmp_path / "4" / "log.csv").read_text().count("\n") == 8  # rows are of steps, not of parts


def test_minutes_are_counted_over_interruptions(tmp_path, monkeypatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr("hotpapers.training.stopping.time.monotonic", lambda: next(ticks) * 0.5)
    progress = []

    class Timed(Regression):
        def step(self, run, batch):
            progress.append(run.progress)
            return super().step(run, batch)

    first = train(Timed(), settings(tmp_path, steps=None, minutes=0.5))
    assert progress == sorted(progress)
    assert progress[0] < 0.05
    assert 0.9 < progress[-1] < 1
    assert 30 <= first.seconds < 33
    again = train(Timed(), settings(tmp_path, steps=None, minutes=1.0), resume=True)
    assert progress[first.steps] == pytest.approx(0.5, abs=0.05)  # half of the larger budget was used
    assert 60 <= again.seconds < 63
    assert first.steps < again.steps < 3 * first.steps


def test_whichever_budget_ends_first_counts(tmp_path) -> None:
    assert train(Regression(), settings(tmp_path, steps=4, minutes=60.0)).steps == 4


def test_validation_sees_averaged_weights_in_eval_mode(tmp_path) -> None:
    seen = []

    class Watching(Regression):
        def validate(self, modules):
            net = modules["net"]
            seen.append((net[0].weight.clone(), [part.training for part in net.modules()]))
            assert not torch.is_grad_enabled()
            return super().validate(modules)

        def step(self, run, batch):
            assert run.modules["net"].training
            return super().step(run, batch)

    result = train(Watching(), settings(tmp_path, validate_every=20))
    assert len(seen) == 1  # the last step is validated once
    assert not any(seen[0][1])
    assert torch.equal(seen[0][0], result.modules["net"][0].weight)
    raw = torch.load(tmp_path / "last.ckpt", weights_only=True)["modules"]["net"]["0.weight"]
    assert not torch.equal(raw, seen[0][0])


def test_a_frozen_part_stays_in_its_mode_when_nothing_is_averaged(tmp_path) -> None:
    class Frozen(Regression):
        def modules(self):
            modules = super().modules()
            modules["net"][1].eval()
            return modules

        def step(self, run, batch):
            net = run.modules["net"]
            assert (net.training, net[1].training) == (True, False)
            return super().step(run, batch)

    train(Frozen(), settings(tmp_path, steps=6, validate_every=2, ema_decay=None))


def test_the_best_weights_are_kept(tmp_path) -> None:
    values, weights = iter([3.0, 1.0, float("nan"), 2.0]), []

    class Scored(Regression):
        def validate(self, modules):
            weights.append(modules["net"][0].weight.clone())
            return {"error": next(values), "other": 0.0}

    result = train(Scored(), settings(tmp_path, steps=8, validate_every=2, best="error:min"))
    assert result.best == Best("error", 1.0, 4)
    best = torch.load(tmp_path / "best.ckpt", weights_only=True)
    assert (best["step"], best["metrics"]) == (4, {"error": 1.0, "other": 0.0})
    assert torch.equal(best["modules"]["net"]["0.weight"], weights[1])
    assert not torch.equal(weights[1], weights[3])


def test_a_metric_that_validation_lacks_is_named(tmp_path) -> None:
    with pytest.raises(TrainingError, match="best='accuracy:max', but the task's validation gives error"):
        train(Regression(), settings(tmp_path, best="accuracy:max"))


def test_the_pages_example_runs(root, tmp_path, monkeypatch) -> None:
    section = (root / "docs" / "house.md").read_text(encoding="utf-8").partition("## Training")[2]
    code = section.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert names["result"].best.value < 0.01
    assert {path.name for path in (tmp_path / "runs" / "line").iterdir()} >= {
        "log.csv",
        "last.ckpt",
        "best.ckpt",
    }
