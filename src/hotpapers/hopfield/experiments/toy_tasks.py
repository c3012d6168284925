"""H10: bit patterns and the latch, learned by the three layers; measured over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.experiments.learning import NETWORKS, Learned, interval, learn
from hotpapers.hopfield.experiments.tasks import bit_patterns, latch

__all__ = ["ADAPTED", "Outcome", "outcomes_of", "run_task"]

ADAPTED: dict[str, Any] = {
    "hidden_size": 8,
    "num_heads": 8,
    "update_steps_max": 3,
    "scaling": 0.25,
    "dropout": 0.5,
}
"""The paper's settings for the bit patterns: more heads, three more updates, hotter, with dropout."""

_ENOUGH = 0.01  # mean training loss at which there is nothing left to learn
_EPOCHS = {"bits": 250, "latch": 20}


@dataclass(frozen=True)
class Outcome:
    """How well a network learned a task over several seeds.

    Parameters
    ----------
    network
        One of `NETWORKS`.
    runs
        One a seed.
    """

    network: str
    runs: Sequence[Learned]

    @property
    def accuracies(self) -> list[float]:
        """Held-out accuracy of each seed after its last epoch."""
        return [run.accuracies[-1] for run in self.runs]

    @property
    def interval(self) -> tuple[float, float, float]:
        """Mean accuracy and its 95 % interval."""
        return interval(self.accuracies)

    def __str__(self) -> str:
        mean, low, high = self.interval
        epochs = max(len(run.accuracies) for run in self.runs)
        spread = f" [{low:.3f}, {high:.3f}]" if len(self.runs) > 1 else ""
        return f"{self.network} {mean:.3f}{spread} after {epochs} epochs"


def run_task(
    task: Literal["bits", "latch"],
    networks: Sequence[str] = NETWORKS[:3],
    *,
    seeds: int = 5,
    first: int = 0,
    device: str = "cpu",
    epochs: int | None = None,
    jobs: int = 1,
    watch: Callable[[str, int, Learned], None] | None = None,
) -> list[Outcome]:
    """Train networks on a task: bit patterns with adapted settings, the latch with default ones.

    In both a lookup stores the training instances.
    Training ends before `epochs` (250 for bit patterns, 20 for the latch) where an epoch's mean training loss is
    below 0.01; held-out data have no say in that.

    Raises
    ------
    HopfieldError
        If the task or a network is unknown, or a number is less than 1.
    """
    if task not in _EPOCHS:
        raise HopfieldError(f"task {task!r}: there are 'bits' and 'latch'")
    for name in networks:
        if name not in NETWORKS:
            raise HopfieldError(f"network {name!r}: there are {', '.join(NETWORKS)}")
    most = _EPOCHS[task] if epochs is None else epochs
    if seeds < 1 or most < 1 or jobs < 1:
        raise HopfieldError(f"seeds, epochs and jobs are at least 1: got {seeds}, {most} and {jobs}")
    outcomes = []
    for name in networks:
        options = ADAPTED if task == "bits" and name in {"association", "pooling"} else {}

        def told(seed: int, learned: Learned, name: str = name) -> None:
            if watch is not None:
                watch(name, seed, learned)

        make = bit_patterns if task == "bits" else latch
        learned = learn(
            name,
            make,
            seeds=seeds,
            first=first,
            device=device,
            epochs=most,
            enough=_ENOUGH,
            jobs=jobs,
            watch=told,
            **options,
        )
        outcomes.append(Outcome(name, learned))
    return outcomes


def outcomes_of(
    task: Any,
    networks: Sequence[str] | None,
    *,
    seeds: int,
    epochs: int | None,
    first: int = 0,
    device: str = "cpu",
    jobs: int = 1,
) -> list[Outcome]:
    """As `run_task`, with a line on stderr for each seed; without names the three layers, and an LSTM for the latch."""
    import sys

    def watch(name: str, seed: int, learned: Learned) -> None:
        if sys.stderr.isatty():
            print(f"{name}, seed {seed}: {learned.accuracies[-1]:.3f}", file=sys.stderr)

    named = networks or (NETWORKS if task == "latch" else NETWORKS[:3])
    return run_task(
        task, named, seeds=seeds, first=first, device=device, epochs=epochs, jobs=jobs, watch=watch
    )
