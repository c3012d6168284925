"""How long, where, and how precisely to train; checked once, at the door."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hotpapers.training.errors import TrainingError

__all__ = ["Goal", "Precision", "TrainingSettings"]

Precision = Literal["auto", "32", "bf16-mixed", "16-mixed"]

_PRECISIONS = ("auto", "32", "bf16-mixed", "16-mixed")
_DEVICES = re.compile(r"auto|(cpu|gpu)(:[1-9]\d*)?")


@dataclass(frozen=True)
class Goal:
    """The metric of validation by which the best weights are known."""

    metric: str
    highest: bool

    @classmethod
    def parse(cls, text: str) -> Goal:
        """Read ``METRIC:max`` or ``METRIC:min``.

        Raises
        ------
        TrainingError
            If it is neither.
        """
        metric, _, direction = text.rpartition(":")
        if not metric or direction not in {"max", "min"}:
            raise TrainingError(f"best={text!r} is not METRIC:max or METRIC:min")
        return cls(metric, direction == "max")

    def improves(self, value: float, best: float | None) -> bool:
        """Whether `value` beats `best`; what is not a number never does."""
        if math.isnan(value):
            return False
        return best is None or (value > best if self.highest else value < best)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a task is trained.

    Parameters
    ----------
    folder
        Where checkpoints (``last.ckpt``, ``best.ckpt``) and logs (``log.csv``, ``tensorboard/``) go.
    steps, minutes
        The budget: so many steps, so many minutes of training (validation and checkpoints included, and the
        time before an interruption), or whichever ends first. At least one is given.
    seed
        Of the weights, the batches and whatever is drawn in a step.
    precision
        ``"32"``; ``"bf16-mixed"`` or ``"16-mixed"``: the modules' forward passes in half precision, weights
        and losses in float32; ``"auto"``: on a GPU, bf16 where the chip has it and else fp16; on a CPU a few
        steps of float32 and bf16 are timed and bf16 is taken where it is faster.
    devices
        ``"auto"``: one GPU, or the CPU where there is none; ``"cpu"``, ``"gpu"``; ``"cpu:2"``, ``"gpu:4"``:
        so many processes, each started as a copy of the running command; a number: so many GPUs, or so many
        processes where there is none.
    accumulate
        The gradients of so many batches are averaged for one update: the memory of a small batch, the
        statistics of a large one. The task is asked for the shares of ``accumulate`` times as many ranks.
    ema_decay, ema_warmup, ema_modules
        Decay of the exponential moving average of the weights, None for none; with the warm-up the k-th
        update decays by ``min(ema_decay, k / (k + 30))``, so that the first weights are soon forgotten.
        Names of the modules that are averaged; None averages all.
    clip
        Largest norm of an optimiser's gradient: a number; ``"median"`` for twice the running median of the
        norms so far; None.
    checkpoint_minutes
        Time between checkpoints; 0 writes one after every step.
    validate_every
        Steps between validations; None validates at the end only.
    best
        ``"METRIC:max"`` or ``"METRIC:min"`` of the task's validation: the best weights are kept too.
    log_every
        Steps between rows of the log; a row holds the means of the steps since the last one.
    workers, worker_kind
        Batches are made ahead by so many threads (``"thread"``) or processes (``"process"``: the task must
        be picklable); 0 makes each when it is needed. Order and content do not depend on it.
    threads
        Threads of torch on the CPU; None leaves them. Bit-equal results need the same number.
    deterministic
        Let torch refuse operations whose result may vary from run to run on a GPU.
    tensorboard
        Log to TensorBoard as well, where it is installed.

    Raises
    ------
    TrainingError
        If a setting is none of the accepted ones.
    """

    folder: Path
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    precision: Precision = "auto"
    devices: str | int = "auto"
    accumulate: int = 1
    ema_decay: float | None = 0.999
    ema_warmup: bool = True
    ema_modules: tuple[str, ...] | None = None
    clip: Literal["median"] | float | None = "median"
    checkpoint_minutes: float = 2.0
    validate_every: int | None = None
    best: str | None = None
    log_every: int = 50
    workers: int = 0
    worker_kind: Literal["thread", "process"] = "thread"
    threads: int | None = None
    deterministic: bool = False
    tensorboard: bool = True

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            raise TrainingError("how long to train is not said: give steps, minutes or both")
        self._check("steps", self.steps is None or self.steps >= 1, "at least 1")
        self._check("minutes", self.minutes is None or 0 < self.minutes < math.inf, "above 0")
        self._check("seed", self.seed >= 0, "0 or more")
        self._check("precision", self.precision in _PRECISIONS, f"one of {', '.join(_PRECISIONS)}")
        self._check("devices", _are_devices(self.devices), "auto, cpu, gpu, cpu:N, gpu:N or a number")
        self._check("accumulate", self.accumulate >= 1, "at least 1")
        self._check("ema_decay", self.ema_decay is None or 0 <= self.ema_decay < 1, "in [0, 1), or None")
        clips = self.clip in {None, "median"} or (not isinstance(self.clip, str) and self.clip > 0)
        self._check("clip", clips, "'median', a number above 0, or None")
        self._check("checkpoint_minutes", self.checkpoint_minutes >= 0, "0 or more")
        self._check("validate_every", self.validate_every is None or self.validate_every >= 1, "at least 1")
        self._check("log_every", self.log_every >= 1, "at least 1")
        self._check("workers", self.workers >= 0, "0 or more")
        self._check("worker_kind", self.worker_kind in {"thread", "process"}, "'thread' or 'process'")
        self._check("threads", self.threads is None or self.threads >= 1, "at least 1")
        if self.best is not None:
            Goal.parse(self.best)

    def _check(self, name: str, fine: bool, accepted: str) -> None:
        if not fine:
            raise TrainingError(f"{name} must be {accepted}: got {getattr(self, name)!r}")

    @property
    def goal(self) -> Goal | None:
        """`best`, read."""
        return None if self.best is None else Goal.parse(self.best)

    def progress(self, step: int, seconds: float) -> float:
        """How much of the budget is used, 0..1, after `step` steps and `seconds` of training."""
        by_steps = 0.0 if self.steps is None else step / self.steps
        by_time = 0.0 if self.minutes is None else seconds / (60 * self.minutes)
        return min(1.0, max(by_steps, by_time))


def _are_devices(devices: str | int) -> bool:
    if isinstance(devices, str):
        return _DEVICES.fullmatch(devices) is not None
    return devices >= 1
