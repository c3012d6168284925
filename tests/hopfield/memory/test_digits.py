"""Digits completed from their upper half: rates measured elsewhere, and with known coordinates."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
datasets = pytest.importorskip("sklearn.datasets")

from hotpapers.hopfield import HopfieldMemory, hopfield_retrieve, separation  # noqa: E402

UPPER = torch.arange(64) < 32


@pytest.fixture(scope="module")
def digits() -> Any:
    """1797 images of 8 x 8, ``[1797, 64]`` in [0, 1]."""
    return torch.from_numpy(datasets.load_digits().data / 16)


@pytest.fixture(scope="module")
def memory(digits) -> HopfieldMemory:
    made = HopfieldMemory(beta=512.0, dtype=torch.float64)
    made.store(digits)
    return made


def right(found: torch.Tensor, stored: torch.Tensor) -> float:
    """Share of states whose nearest stored pattern is their own."""
    nearest = torch.cdist(found, stored).argmin(1)
    return float((nearest == torch.arange(len(stored))).double().mean())


@pytest.mark.parametrize(("beta", "rate"), [(32.0, 0.546), (128.0, 0.716), (512.0, 0.717)])
def test_unknown_pixels_set_to_the_mean(memory, digits, beta, rate) -> None:
    stored = memory.contents.ready
    assert bool((memory.separation() > 0).all())
    states = torch.where(UPPER, digits - digits.mean(0), 0.0)
    assert right(hopfield_retrieve(states, stored, beta, 4), stored) == pytest.approx(rate, abs=5e-4)


def test_raw_pixels_do_not_work(digits) -> None:
    assert float((separation(digits) > 0).double().mean()) == pytest.approx(0.186, abs=5e-4)
    states = torch.where(UPPER, digits, 0.0)
    assert right(hopfield_retrieve(states, digits, 128.0, 4), digits) == pytest.approx(0.033, abs=5e-4)


def test_known_pixels_complete_every_digit(memory, digits) -> None:
    found = memory.retrieve(digits, 4, known=UPPER)
    share = sum(one == at for at, one in enumerate(found.id)) / len(digits)
    assert share >= 0.717
    assert share == 1.0  # no two digits have the same upper half
    guaranteed = [report for report in found.reports if report.well_separated and not report.void]
    assert len(guaranteed) > 500
    error = (found.state - digits).norm(dim=1)
    assert float(error.median()) < 1e-6


def test_known_pixels_with_noise_beat_the_mean(memory, digits) -> None:
    noisy = digits + 0.1 * torch.randn(
        digits.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    masked = memory.retrieve(noisy, known=UPPER).id
    filled = memory.retrieve(torch.where(UPPER, noisy, digits.mean(0))).id
    rates = [sum(one == at for at, one in enumerate(ids)) / len(digits) for ids in (masked, filled)]
    assert rates[0] > rates[1] + 0.1
