"""Digits completed from their upper halves, at temperatures from hot to cold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.memory.retrieval import Retrieval
from hotpapers.hopfield.memory.store import HopfieldMemory

__all__ = ["UPPER", "Completion", "complete_digits", "digits", "share_found"]

UPPER = torch.arange(64) < 32
"""Which of the 64 pixels are known: the upper four rows of eight."""

BETAS = (2.0, 20.0, None)


@dataclass(frozen=True)
class Completion:
    """Digits, and what was retrieved for their upper halves.

    Parameters
    ----------
    images
        The digits, ``[S, 64]`` in [0, 1].
    betas
        Inverse temperatures, from hot to cold.
    found
        The answer at each.
    """

    images: Tensor
    betas: Sequence[float]
    found: Sequence[Retrieval]


def digits() -> tuple[Tensor, Tensor]:
    """The 1797 images of 8 x 8 that come with scikit-learn, ``[1797, 64]`` in [0, 1], and what they show."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return torch.from_numpy(loaded.data / 16).float(), torch.from_numpy(loaded.target)


def complete_digits(betas: Sequence[float | None] = BETAS, seed: int = 3) -> Completion:
    """Complete one image of each digit from its upper half; beta None is ``"auto"``.

    Parameters
    ----------
    betas
        Inverse temperatures.
    seed
        Chooses the images.
    """
    images, shown = digits()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = images[[next(int(at) for at in order if shown[at] == digit) for digit in range(10)]]
    used, found = [], []
    for beta in betas:
        memory = HopfieldMemory(beta="auto" if beta is None else beta)
        memory.store(images)
        used.append(memory.beta.beta)
        found.append(memory.retrieve(chosen, "converge", known=UPPER))
    return Completion(chosen, used, found)


def share_found(beta: float = 512.0) -> float:
    """Share of all digits that their upper half retrieves, with known coordinates."""
    images, _ = digits()
    memory = HopfieldMemory(beta=beta)
    memory.store(images)
    found: list[int] = memory.retrieve(images, known=UPPER).id
    return sum(one == at for at, one in enumerate(found)) / len(images)
