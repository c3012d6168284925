"""Private training end to end: noise, sampling, account, momentum, virtual batches, resuming."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset

from hotpapers.dpopt.accounting import (
    DurableLedger,
    Ledger,
    gaussian_epsilon,
    poisson_epsilon,
    poisson_noise_multiplier,
    read_durable,
)
from hotpapers.dpopt.errors import BudgetError, PrivacyError
from hotpapers.dpopt.methods import Iterate, advance, heavy_ball, multi_stage, nesterov, query_point
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.torch import make_private, make_private_with_epsilon


class Words:
    """Entropy of one repeated word."""

    private = False

    def __init__(self, word) -> None:
        self.word = word

    def words(self, count):
        return np.full(count, self.word, dtype=np.uint64)


def _data(rows=64, width=5, seed=0):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, width, generator=draw, dtype=torch.float64)
    return TensorDataset(x, (x[:, 0] > 0).double())


def _model(width=5):
    torch.manual_seed(0)
    return nn.Linear(width, 1).double()


def _private(model=None, data=None, *, batch=16, lr=0.1, **options):
    model = _model() if model is None else model
    options = {"noise_multiplier": 1.0, "max_grad_norm": 1.0, "source": SeededEntropy(1)} | options
    optimizer = options.pop("optimizer", None) or torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(_data() if data is None else data, batch_size=batch)
    return make_private(module=model, optimizer=optimizer, data_loader=loader, **options)


def _epoch(model, optimizer, loader, reduction="mean"):
    for x, y in loader:
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(model(x)[:, 0], y, reduction=reduction)
        loss.backward()
        optimizer.step()


# ---- noise


@pytest.mark.parametrize("secure", [True, False])
def test_noise_has_the_deviation_that_the_ledger_has(secure) -> None:
    """Rows whose gradient is zero: what is left in grad is noise alone. 20,200 draws, limits at 5 deviations."""
    model = nn.Linear(200, 100).double()
    data = TensorDataset(torch.zeros(50, 200, dtype=torch.float64))
    model, optimizer, loader = _private(
        model, data, batch=10, lr=0.0, noise_multiplier=1.5, max_grad_norm=0.8, secure=secure, source=None
    )
    for (x,) in loader:
        (model(x) * 0).sum().backward()
        optimizer.step()
        break
    drawn = torch.cat([p.grad.reshape(-1) for p in model.parameters()]) * 10  # the expected batch size
    (event,) = optimizer.ledger.events
    assert 1.5 <= event.noise_multiplier <= 1.5 * (1 + 1e-14)
    assert event.scale == pytest.approx(1.2, rel=1e-5)
    assert float(drawn.mean()) == pytest.approx(0.0, abs=5 * 1.2 / math.sqrt(20_100))
    assert float(drawn.std()) == pytest.approx(1.2, rel=5 / math.sqrt(2 * 20_100))
    assert float((drawn.abs() < 1.2).double().mean()) == pytest.approx(
        0.6827, abs=5 * 0.466 / math.sqrt(20_100)
    )
    assert optimizer.private


def test_secure_noise_leaves_multiples_of_a_power_of_two() -> None:
    model, optimizer, loader = _private(source=None)
    for x, y in loader:
        functional.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
        optimizer.step()
        break
    total = torch.cat([p.grad.reshape(-1) for p in model.parameters()]) * 16
    spacing = 2.0 ** math.floor(math.log2(2.0**-18 / math.sqrt(6)))
    assert bool((total / spacing == (total / spacing).round()).all())
    # Rounding six coordinates is covered by what the ledger has beyond C.
    (event,) = optimizer.ledger.events
    assert event.sensitivity - 1.0 >= spacing * math.sqrt(6)


def test_seeded_randomness_is_marked_and_repeats() -> None:
    made = [_private(noise_generator=torch.Generator().manual_seed(5), source=None) for _ in range(2)]
    for model, optimizer, loader in made:
        assert not optimizer.private
        _epoch(model, optimizer, loader)
    torch.testing.assert_close(made[0][0].weight, made[1][0].weight, rtol=0, atol=0)
    assert not _private(source=SeededEntropy(0))[1].private


def test_the_sum_is_divided_by_the_public_batch_size() -> None:
    """Empty and full batches alike: the same noise, the same divisor."""
    for word, rows in ((2**64 - 1, 0), (0, 64)):
        model, optimizer, loader = _private(source=None, noise_multiplier=1e-9)
        loader._source = Words(word)
        x, y = next(iter(loader))
        assert len(x) == rows
        loss = functional.binary_cross_entropy_with_logits(model(x)[:, 0], y, reduction="sum") / max(rows, 1)
        loss.backward()
        optimizer.step()
        found = model.weight.grad.clone()
        expected = torch.zeros_like(found)
        for one, label in zip(x, y, strict=True):
            residual = float(torch.sigmoid(_model()(one).detach()[0]) - label)
            gradient = residual * torch.cat([one, torch.ones(1)])
            expected += (gradient * min(1.0, 1 / float(gradient.norm())))[:5]
        torch.testing.assert_close(found, expected / 16, rtol=1e-4, atol=1e-5)


# ---- sampling


def test_every_row_enters_by_a_coin_of_its_own() -> None:
    """1,500 batches of 40 rows: means, variances of sizes and products of pairs, limits at 5 deviations."""
    data = TensorDataset(torch.arange(40))
    _, _, loader = _private(nn.Linear(1, 1), data, batch=8, source=SeededEntropy(7))
    assert (len(loader), loader.sample_rate, loader.expected_batch_size) == (5, 0.2, 8)
    present = np.zeros((1500, 40))
    for at in range(1500):
        present[at, [row for part in loader.draw() for row in part]] = 1
    deviation = math.sqrt(0.2 * 0.8 / 1500)
    assert np.abs(present.mean(axis=0) - 0.2).max() < 5 * deviation
    sizes = present.sum(axis=1)
    assert sizes.mean() == pytest.approx(8, abs=5 * math.sqrt(6.4 / 1500))
    assert sizes.var() == pytest.approx(6.4, rel=5 * math.sqrt(2 / 1500))
    together = (present.T @ present / 1500)[np.triu_indices(40, 1)]
    assert np.abs(together - 0.04).max() < 5.5 * math.sqrt(0.04 * 0.96 / 1500)


class Pairs(Dataset):
    """Rows that need the loader's own collation."""

    def __init__(self, data) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, at):
        return self.data[at]


@pytest.mark.parametrize("workers", [0, 2])
def test_any_data_set_is_sampled_in_the_same_way(workers) -> None:
    data = _data(20)
    loaders = []
    for dataset in (data, Pairs(data)):
        model = _model()
        loaders.append(
            make_private(
                module=model,
                optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
                data_loader=DataLoader(dataset, batch_size=2, num_workers=workers),
                noise_multiplier=1.0,
                max_grad_norm=1.0,
                source=SeededEntropy(2),
            )[2]
        )
    sizes = []
    for (x, y), (u, v) in zip(*loaders, strict=True):
        torch.testing.assert_close((x, y), (u, v))
        sizes.append(len(x))
        for loader in loaders:
            assert loader.taken().rows == len(x)
    assert len(sizes) == 10
    assert 0 in sizes  # an empty batch has the same tensors, of length 0


def test_batches_in_parts_make_the_same_release() -> None:
    results = []
    for most in (None, 3):
        model, optimizer, loader = _private(max_physical_batch_size=most, source=SeededEntropy(3))
        _epoch(model, optimizer, loader)
        assert len(optimizer.ledger) == len(loader) == 4
        results.append(model.weight.detach().clone())
    torch.testing.assert_close(*results, rtol=1e-9, atol=1e-12)


def test_steps_without_a_batch_and_batches_without_a_step_are_refused() -> None:
    model, optimizer, loader = _private()
    x, y = _data()[:]
    functional.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
    with pytest.raises(PrivacyError, match="batch of the private loader"):
        optimizer.step()
    assert len(optimizer.ledger) == 0
    with pytest.raises(PrivacyError, match="must end with"):
        list(loader)


# ---- account


def test_the_account_is_that_of_a_poisson_sampled_gaussian() -> None:
    model, optimizer, loader = _private(noise_multiplier=1.3)
    for _ in range(2):
        _epoch(model, optimizer, loader)
    assert optimizer.epsilon(1e-5) == pytest.approx(poisson_epsilon(1.3, 0.25, 8, 1e-5), rel=1e-9)
    full = _private(batch=64, noise_multiplier=2.0)
    _epoch(*full)
    assert full[1].epsilon(1e-5) == pytest.approx(gaussian_epsilon(0.5, 1e-5), rel=1e-12)


def test_the_noise_multiplier_is_that_of_the_privacy_loss_distribution() -> None:
    """q = 1024/32561, 10 epochs, (1, 1e-5), by dp-accounting itself.

    Opacus' PRV accountant stops at 2.324 with its default tolerance, which leaves 1.8 % of epsilon unused.
    """
    from dp_accounting.pld import privacy_loss_distribution as pld

    def epsilon(multiplier, steps):
        loss = pld.from_gaussian_mechanism(multiplier, value_discretization_interval=1e-4, sampling_prob=rate)
        return loss.self_compose(steps).get_epsilon_for_delta(1e-5)

    rate = 1024 / 32561
    found = poisson_noise_multiplier(1.0, 1e-5, rate, 318)
    assert epsilon(found, 318) == pytest.approx(1.0, abs=1e-3)
    assert epsilon(0.99 * found, 318) > 1.0
    assert 0.98 < epsilon(2.324, 317) < 1.0
    assert found == pytest.approx(2.324, rel=0.015)


def test_a_target_is_reached_and_never_passed() -> None:
    model = _model()
    model, optimizer, loader = make_private_with_epsilon(
        module=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        data_loader=DataLoader(_data(), batch_size=16),
        target_epsilon=2.0,
        target_delta=1e-5,
        epochs=3,
        max_grad_norm=1.0,
    )
    for _ in range(3):
        _epoch(model, optimizer, loader)
    assert 0.999 * 2.0 <= optimizer.epsilon(1e-5) <= 2.0
    before = model.weight.detach().clone()
    with pytest.raises(BudgetError, match="covers 12 steps"):
        _epoch(model, optimizer, loader)
    torch.testing.assert_close(model.weight, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise_multiplier": 0.0}, "scale must be positive"),
        ({"max_grad_norm": -1.0}, "max_grad_norm must be a positive number"),
        ({"poisson_sampling": False}, "not Poisson samples"),
        ({"loss_reduction": "none"}, "'mean' or 'sum'"),
        ({"method": "adam"}, "'sgd', 'hb', 'nag' or 'masg'"),
        ({"method": "masg"}, "needs schedule"),
        ({"method": "nag", "momentum": 1.0}, "momentum must be in"),
        ({"batch": None}, "batch_size"),
        ({"max_physical_batch_size": 0}, "1 or more"),
        ({"model": nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))}, "use GroupNorm or LayerNorm"),
        ({"optimizer": torch.optim.SGD(nn.Linear(2, 2).parameters())}, "exactly the module's parameters"),
    ],
)
def test_what_cannot_be_private_is_refused_in_one_line(options, words) -> None:
    with pytest.raises(PrivacyError, match=words) as caught:
        _private(**options)
    assert "\n" not in str(caught.value)


# ---- methods


@pytest.mark.parametrize(
    ("method", "schedule"),
    [
        ("hb", heavy_ball(4, 0.3, 0.6)),
        ("nag", nesterov(4, 0.3, 0.6)),
        ("masg", multi_stage(4, mu=0.1, smooth=2.0, first_stage=2)),
    ],
)
def test_momentum_follows_the_schedules_of_the_paper(method, schedule) -> None:
    """Whole batches with next to no noise: the iterates are those of `methods`."""
    x, y = _data()[:]
    model, optimizer, loader = _private(
        batch=64, method=method, schedule=schedule, noise_multiplier=1e-9, max_grad_norm=1e3
    )
    joined = np.concatenate([model.weight.detach().numpy()[0], model.bias.detach().numpy()])
    iterate = Iterate.start(joined)
    design = np.column_stack([x.numpy(), np.ones(64)])
    for t in range(4):
        point = query_point(schedule, t, iterate)
        residual = 1 / (1 + np.exp(-design @ point)) - y.numpy()
        iterate = advance(schedule, t, iterate, design.T @ residual / 64)
        _epoch(model, optimizer, loader)
        found = torch.cat([model.weight[0], model.bias]).detach().numpy()
        np.testing.assert_allclose(found, iterate.current, atol=1e-5)
    with pytest.raises(PrivacyError, match="ends after 4 iterations"):
        _epoch(model, optimizer, loader)


def test_weight_decay_and_learning_rates_are_the_optimizers() -> None:
    weights = []
    for method in ("sgd", "hb"):
        model = _model()
        inner = torch.optim.SGD(model.parameters(), lr=0.5, weight_decay=0.1)
        model, optimizer, loader = _private(
            model, batch=64, method=method, momentum=0.0, noise_multiplier=1e-9, optimizer=inner
        )
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        for _ in range(3):
            _epoch(model, optimizer, loader)
            schedule.step()
        assert inner.param_groups[0]["lr"] == 0.0625
        weights.append(model.weight.detach().clone())
    torch.testing.assert_close(*weights, atol=1e-5, rtol=0)


def test_private_training_learns() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    model, optimizer, loader = _private(
        model, _data(4000), batch=400, method="nag", lr=0.5, noise_multiplier=1.0, max_grad_norm=0.5
    )
    for _ in range(5):
        _epoch(model, optimizer, loader)
    x, y = _data(2000, seed=9)[:]
    model.eval()
    assert float(((model(x)[:, 0] > 0) == y.bool()).double().mean()) > 0.93


# ---- resuming


def test_a_run_goes_on_from_its_state_and_the_ledger_forgets_nothing(tmp_path) -> None:
    path = tmp_path / "run.ledger"
    model, optimizer, loader = _private(method="nag", ledger=DurableLedger(path, "add_remove"), source=None)
    _epoch(model, optimizer, loader)
    saved = {name: value.clone() for name, value in model.state_dict().items()}
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.pt")

    # Killed after the release is on disk and before the model moved.
    def killed(*_arguments):
        assert len(read_durable(path)) == 5
        raise KeyboardInterrupt

    optimizer._noise.added = killed
    with pytest.raises(KeyboardInterrupt):
        _epoch(model, optimizer, loader)
    optimizer._ledger.close()
    again, resumed, loader = _private(method="nag", ledger=path, source=None)
    again.load_state_dict(saved)
    resumed.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    _epoch(again, resumed, loader)
    assert len(resumed.ledger) == len(read_durable(path)) == 9
    assert resumed._momentum.iteration == 8
    assert resumed.epsilon(1e-5) == pytest.approx(poisson_epsilon(1.0, 0.25, 9, 1e-5), rel=1e-9)
    other = _private(method="hb", source=None)[1]
    with pytest.raises(PrivacyError, match="method="):
        other.load_state_dict(resumed.state_dict())
    resumed._ledger.close()


def test_resumed_steps_are_the_same_as_uninterrupted_ones() -> None:
    whole = _private(method="nag", noise_multiplier=1e-9, batch=64)
    for _ in range(4):
        _epoch(*whole)
    half = _private(method="nag", noise_multiplier=1e-9, batch=64)
    for _ in range(2):
        _epoch(*half)
    rest = _private(method="nag", noise_multiplier=1e-9, batch=64)
    rest[0].load_state_dict(half[0].state_dict())
    rest[1].load_state_dict(half[1].state_dict())
    for _ in range(2):
        _epoch(*rest)
    torch.testing.assert_close(rest[0].weight, whole[0].weight, atol=1e-6, rtol=0)


def test_the_steps_left_are_those_the_ledger_leaves() -> None:
    ledger = Ledger("add_remove")

    def private(epochs=1, clip=1.0):
        model = _model()
        return make_private_with_epsilon(
            module=model,
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            data_loader=DataLoader(_data(), batch_size=64),
            target_epsilon=2.0,
            target_delta=1e-5,
            epochs=epochs,
            max_grad_norm=clip,
            ledger=ledger,
        )

    _epoch(*private())
    with pytest.raises(BudgetError, match="all are spent"):
        _epoch(*private())
    with pytest.raises(PrivacyError, match="other releases"):
        private(clip=2.0)
