"""The three layers, and an LSTM, as classifiers of sets; their training; accuracies with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import torch
from torch import Tensor, nn

from hotpapers.hopfield.experiments.tasks import Task
from hotpapers.hopfield.fixed_sets import HopfieldLayer, HopfieldPooling
from hotpapers.hopfield.layers import Hopfield

__all__ = ["NETWORKS", "Learned", "fit", "interval", "learn", "network"]

NETWORKS = ("association", "pooling", "lookup", "LSTM")


class _Last(nn.Module):
    """An LSTM's last state."""

    def __init__(self, width: int, hidden: int = 4) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        state: Tensor = self.lstm(x)[0][:, -1]
        return state


def network(name: str, task: Task, **options: Any) -> nn.Module:
    """A classifier of sets: one layer, then a dense one to a single number.

    A lookup starts with all distinct instances of the training sets as stored patterns, which learn, and
    retrieves fixed random vectors.

    Parameters
    ----------
    name
        One of `NETWORKS`.
    task
        Whose sets are classified.
    options
        Of the Hopfield layer.
    """
    count, width = task.inputs.shape[1:]
    if name == "LSTM":
        return nn.Sequential(_Last(width), nn.Linear(4, 1))
    if name == "pooling":
        return nn.Sequential(HopfieldPooling(width, **options), nn.Linear(width, 1))
    layer = Hopfield(width, **options) if name == "association" else _lookup(task, options)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(count * width, 1))


def _lookup(task: Task, options: dict[str, Any]) -> HopfieldLayer:
    distinct = torch.unique(task.inputs.flatten(0, 1), dim=0)
    layer = HopfieldLayer(
        distinct.shape[1],
        quantity=len(distinct),
        lookup_weights_as_separated=True,
        lookup_targets_as_trainable=False,
        **options,
    )
    with torch.no_grad():
        layer.lookup_weights.copy_(distinct[None])
    return layer


@dataclass(frozen=True)
class Learned:
    """How a network learned.

    Parameters
    ----------
    accuracies
        Held-out accuracy after each epoch.
    losses
        Mean training loss of each epoch.
    """

    accuracies: Sequence[float]
    losses: Sequence[float]


def fit(
    model: nn.Module,
    task: Task,
    *,
    epochs: int,
    seed: int,
    batch: int = 32,
    rate: float = 1e-3,
    enough: float = 0.0,
) -> Learned:
    """AdamW with gradients clipped at norm 1; ends early where an epoch's training loss is below `enough`."""
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    accuracies, losses = [], []
    for _ in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.split(torch.randperm(len(task.inputs), generator=random), batch):
            optimizer.zero_grad()
            logits = model(task.inputs[rows]).squeeze(-1)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, task.labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += float(loss.detach()) * len(rows)
        losses.append(total / len(task.inputs))
        accuracies.append(accuracy(model, task))
        if losses[-1] < enough:
            break
    return Learned(accuracies, losses)


@torch.no_grad()
def accuracy(model: nn.Module, task: Task) -> float:
    """Share of held-out sets that are classified rightly."""
    model.eval()
    right = (model(task.held_inputs).squeeze(-1) > 0) == (task.held_labels > 0.5)
    return float(right.double().mean())


def learn(
    name: str,
    make: Callable[[int], Task],
    *,
    seeds: int,
    first: int = 0,
    device: str = "cpu",
    epochs: int,
    enough: float = 0.0,
    jobs: int = 1,
    watch: Callable[[int, Learned], None] | None = None,
    **options: Any,
) -> list[Learned]:
    """Train the network `name` on the task of each seed; data, weights and order all follow the seed.

    Parameters
    ----------
    name
        One of `NETWORKS`.
    make
        Makes the task of a seed; a function of a module where `jobs` is above 1.
    seeds, first
        How many, and the first.
    device
        Where torch computes.
    epochs, enough
        As in `fit`.
    jobs
        Processes that train seeds side by side, each on one core.
    watch
        Told each seed and how it went.
    options
        Of the Hopfield layer.
    """
    one = partial(_learn_one, name, make, device=device, epochs=epochs, enough=enough, options=options)
    found = []
    for seed, learned in enumerate(_side_by_side(one, range(first, first + seeds), jobs), first):
        found.append(learned)
        if watch is not None:
            watch(seed, learned)
    return found


def _learn_one(
    name: str,
    make: Callable[[int], Task],
    seed: int,
    *,
    device: str,
    epochs: int,
    enough: float,
    options: dict[str, Any],
) -> Learned:
    task = make(seed).to(device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = network(name, task, **options).to(device)
        return fit(model, task, epochs=epochs, seed=seed, enough=enough)


def _side_by_side(one: Callable[[int], Learned], seeds: Sequence[int], jobs: int) -> Iterator[Learned]:
    if jobs == 1 or len(seeds) == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        yield from pool.map(one, seeds)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of values over seeds and the ends of its 95 % interval (Student's t), within [0, 1]."""
    from scipy.stats import t

    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return mean, 0.0, 1.0
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(t.ppf(0.975, count - 1)) * spread / math.sqrt(count)
    return mean, max(0.0, mean - half), min(1.0, mean + half)
