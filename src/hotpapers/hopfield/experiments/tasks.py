"""Two small tasks of the paper: find a bit pattern in a bag, and remember the first symbol of a string."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Task", "bit_patterns", "latch"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Sets with a label each, cut into those to learn from and those held out.

    Parameters
    ----------
    inputs, labels
        ``[B, n, d]`` and 0 or 1, ``[B]``, to learn from.
    held_inputs, held_labels
        The same, held out.
    """

    inputs: Tensor
    labels: Tensor
    held_inputs: Tensor
    held_labels: Tensor

    def to(self, device: str) -> Task:
        """The same on a device."""
        return Task(
            inputs=self.inputs.to(device),
            labels=self.labels.to(device),
            held_inputs=self.held_inputs.to(device),
            held_labels=self.held_labels.to(device),
        )


def _middle(inputs: Tensor, labels: Tensor, train: int) -> Task:
    """The middle `train` sets are learned from, those before and behind are held out."""
    start = (len(inputs) - train) // 2
    inside = torch.zeros(len(inputs), dtype=torch.bool)
    inside[start : start + train] = True
    return Task(
        inputs=inputs[inside],
        labels=labels[inside],
        held_inputs=inputs[~inside],
        held_labels=labels[~inside],
    )


def bit_patterns(
    seed: int, *, bags: int = 2048, train: int = 1536, instances: int = 16, bits: int = 8, signals: int = 8
) -> Task:
    """Bags of random bits; the first half hold one of `signals` patterns at a random place, no other does.

    No instance is all zero, and none but the implanted ones equals a signal.
    """
    if signals >= 2**bits - 1:
        raise HopfieldError(f"{signals} signals leave no other pattern of {bits} bits")
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randperm(2**bits - 1, generator=random) + 1  # all patterns but zero
    signal, others = numbers[:signals], numbers[signals:]
    chosen = others[torch.randint(len(others), (bags, instances), generator=random)]
    positive = torch.arange(bags) < bags // 2
    places = torch.randint(instances, (bags,), generator=random)
    implanted = signal[torch.randint(signals, (bags,), generator=random)]
    rows = positive.nonzero().flatten()
    chosen[rows, places[rows]] = implanted[rows]
    inputs = (chosen[..., None] >> torch.arange(bits) & 1).float()
    return _middle(inputs, positive.float(), train)


def latch(seed: int, *, samples: int = 4096, train: int = 3072, length: int = 32, symbols: int = 20) -> Task:
    """Strings of one-hot symbols; the first is 0 or 1, which is the label, all others are neither."""
    random = torch.Generator().manual_seed(seed)
    strings = torch.randint(2, symbols, (samples, length), generator=random)
    strings[:, 0] = torch.randint(2, (samples,), generator=random)
    inputs = torch.nn.functional.one_hot(strings, symbols).float()
    return _middle(inputs, strings[:, 0].float(), train)
