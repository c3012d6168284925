"""The loop: step, average, log, validate, checkpoint, until the budget is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hotpapers.training.averaging import WeightAverage
from hotpapers.training.checkpoints import BEST, LAST, load_state, read_checkpoint, write_checkpoint
from hotpapers.training.devices import launch, torch_switches
from hotpapers.training.display import Display
from hotpapers.training.errors import DivergedError, StoppedError, TrainingError
from hotpapers.training.logs import Log, Means
from hotpapers.training.prefetching import batches
from hotpapers.training.settings import Precision, TrainingSettings
from hotpapers.training.stepping import build, take_step
from hotpapers.training.stopping import Clock, Wish, listening
from hotpapers.training.task import Task
from hotpapers.training.trial import choose_precision
from hotpapers.training.validating import Best, validate

__all__ = ["TrainingResult", "train"]


@dataclass(frozen=True)
class TrainingResult:
    """What a run leaves.

    Attributes
    ----------
    modules
        The trained modules, averaged where averaging is on, in eval mode, on the run's device.
    steps, seconds
        Taken and used in all, before interruptions too.
    precision
        That was taken.
    best
        The best validation, where the settings name its metric.
    log
        The table.
    rank
        Of this process: where several train, the first alone (0) should write and print.
    """

    modules: dict[str, nn.Module]
    steps: int
    seconds: float
    precision: Precision
    best: Best | None
    log: Path
    rank: int


def train(task: Task, settings: TrainingSettings, *, resume: bool = False) -> TrainingResult:
    """Train `task`.

    Parameters
    ----------
    task
        What is trained.
    settings
        For how long, where and how.
    resume
        Go on from the last checkpoint in the folder, if there is one; else the folder must hold none. On a
        CPU, with a budget of steps and the same number of threads, an interrupted run ends with the same
        bits as one that was not.

    Raises
    ------
    TrainingError
        If settings, task and checkpoint do not fit each other.
    DivergedError
        If gradients stop being numbers; a checkpoint is written first.
    StoppedError
        After Ctrl-C or SIGTERM; a checkpoint is written first.
    """
    with torch_switches(settings), listening() as wish:
        return _Training(task, settings, _found(settings, resume=resume)).run(wish)


def _found(settings: TrainingSettings, *, resume: bool) -> dict[str, Any] | None:
    """The checkpoint to go on from."""
    path = Path(settings.folder) / LAST
    if not path.exists():
        return None
    if not resume:
        raise TrainingError(f"{path} holds an earlier run: resume it, or name another folder")
    return read_checkpoint(path)


class _Training:
    """A run: all that changes from step to step, and how."""

    def __init__(self, task: Task, settings: TrainingSettings, found: Mapping[str, Any] | None) -> None:
        self.task, self.settings = task, settings
        self.folder = Path(settings.folder)
        self.precision: Precision = settings.precision if found is None else found["precision"]
        self.fabric = launch(settings, self.precision)
        if found is None:
            self.precision = choose_precision(task, settings, self.fabric)
            self.fabric = launch(settings, self.precision)
        self.task_run, self.updates = build(task, settings, self.fabric)
        self.modules = self.task_run.modules
        self.average = self._new_average()
        self.means = Means()
        self.step = 0
        self.validated = -1
        self.best: Best | None = None
        self.clock = Clock()
        if found is not None:
            self._restore(found)
        self.saved = self.clock.seconds
        self.log = Log(self.folder, step=self.step, tensorboard=settings.tensorboard) if self._first else None
        self.fabric.barrier()  # nobody writes before all have read

    @property
    def _first(self) -> bool:
        return bool(self.fabric.is_global_zero)

    def _new_average(self) -> WeightAverage | None:
        settings = self.settings
        if settings.ema_decay is None:
            return None
        names = tuple(self.modules) if settings.ema_modules is None else settings.ema_modules
        if unknown := set(names) - set(self.modules):
            raise TrainingError(f"ema_modules names {', '.join(sorted(unknown))}: no module of the task")
        chosen = {name: self.modules[name] for name in names}
        return WeightAverage(chosen, settings.ema_decay, warmup=settings.ema_warmup)

    def run(self, wish: Wish) -> TrainingResult:
        """Train until the budget is used or somebody wishes otherwise."""
        with self._batches() as made, Display(visible=self._first) as display, self._closing():
            while (seconds := self._agreed_seconds(wish)) is not None:
                progress = self.settings.progress(self.step, seconds)
                display.advance(self.step, progress)
                if progress >= 1:
                    break
                self._advance(made, progress)
                self._record(display)
                if self._first and self.clock.seconds - self.saved >= 60 * self.settings.checkpoint_minutes:
                    self._save()
            else:
                self._save()
                raise StoppedError(
                    f"stopped by {wish.words} after {self.step} steps; {self.folder / LAST} is saved: resume to go on"
                )
            self._record(display, last=True)
            self._save()
        return TrainingResult(
            {name: module.eval() for name, module in self._judged.items()},
            self.step,
            self.clock.seconds,
            self.precision,
            self.best,
            self.folder / "log.csv",
            self.fabric.global_rank,
        )

    @property
    def _judged(self) -> dict[str, nn.Module]:
        """The modules that count: averaged ones where there are."""
        return {**self.modules, **({} if self.average is None else self.average.modules)}

    def _batches(self) -> AbstractContextManager[Iterator[Any]]:
        settings, rank = self.settings, self.fabric.global_rank
        return batches(
            self.task,
            first=self.step,
            last=settings.steps,
            seed=settings.seed,
            shares=range(rank * settings.accumulate, (rank + 1) * settings.accumulate),
            world=self._shares,
            workers=settings.workers,
            kind=settings.worker_kind,
        )

    @property
    def _shares(self) -> int:
        return int(self.fabric.world_size) * self.settings.accumulate

    def _closing(self) -> AbstractContextManager[Any]:
        return nullcontext() if self.log is None else closing(self.log)

    def _agreed_seconds(self, wish: Wish) -> float | None:
        """The first process's clock, or None if any process was asked to stop."""
        seconds, stop = self.clock.seconds, bool(wish)
        if self.fabric.world_size > 1:
            told = torch.tensor([seconds if self._first else 0.0, stop], dtype=torch.float64)
            told = told.to(self.fabric.device)
            torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX)
            seconds, stop = told[0].item(), bool(told[1])
        return None if stop else seconds

    def _advance(self, made: Iterator[Any], progress: float) -> None:
        """Take one step."""
        run, updates = self.task_run, self.updates
        run.step, run.progress = self.step, progress
        updates.norms = {}
        try:
            for values in take_step(self.task, run, updates, self.fabric, made, self.settings.seed):
                self.means.add(values)
        except DivergedError as error:
            self._save()
            raise DivergedError(f"{error} ({self.folder / LAST} is saved after {self.step} steps)") from error
        self.means.add({f"gradient_norm/{name}": norm for name, norm in updates.norms.items()})
        if self.average is not None:
            self.average.update()
        self.step += 1

    def _record(self, display: Display, *, last: bool = False) -> None:
        """Write a row of the log and validate, where either is due."""
        row: dict[str, float] = {}
        if self.means.values and (last or self.step % self.settings.log_every == 0):
            row = {"seconds": self.clock.seconds, **self.updates.rates(), **self._shared_means()}
        every = self.settings.validate_every
        due = last or (every is not None and self.step % every == 0)
        if due and self.validated != self.step:
            row |= self._validate()
        if row and self.log is not None:
            self.log.row(self.step, row)
            display.values(row)

    def _shared_means(self) -> dict[str, float]:
        means = self.means.take()
        if self.fabric.world_size == 1:
            return means
        values = torch.tensor(list(means.values()), dtype=torch.float64, device=self.fabric.device)
        torch.distributed.all_reduce(values)
        return dict(zip(means, (values / self.fabric.world_size).tolist(), strict=True))

    def _validate(self) -> dict[str, float]:
        self.validated = self.step
        metrics: dict[str, float] = {}
        if self._first:
            metrics = validate(self.task, self._judged, self.settings.seed)
            self._keep_best(metrics)
        self.fabric.barrier()
        return {f"validation/{name}": value for name, value in metrics.items()}

    def _keep_best(self, metrics: Mapping[str, float]) -> None:
        goal = self.settings.goal
        if goal is None:
            return
        if goal.metric not in metrics:
            raise TrainingError(
                f"best={self.settings.best!r}, but the task's validation gives {', '.join(metrics) or 'nothing'}"
            )
        value = metrics[goal.metric]
        if not goal.improves(value, None if self.best is None else self.best.value):
            return
        self.best = Best(goal.metric, value, self.step)
        weights = {name: module.state_dict() for name, module in self._judged.items()}
        write_checkpoint(
            self.folder / BEST, {"step": self.step, "metrics": dict(metrics), "modules": weights}
        )

    def _save(self) -> None:
        self.saved = self.clock.seconds
        if not self._first:
            return
        content = {
            "step": self.step,
            "seconds": self.saved,
            "seed": self.settings.seed,
            "shares": self._shares,
            "precision": self.precision,
            "validated": self.validated,
            "best": None if self.best is None else asdict(self.best),
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "average": {} if self.average is None else self.average.state_dict(),
            "updates": self.updates.state_dict(),
            "means": self.means.state_dict(),
        }
        write_checkpoint(self.folder / LAST, content)

    def _restore(self, found: Mapping[str, Any]) -> None:
        source = self.folder / LAST
        ours = {"seed": self.settings.seed, "shares": self._shares, "averaged": self.average is not None}
        theirs = {**found, "averaged": bool(found["average"])}
        for name, value in ours.items():
            if theirs[name] != value:
                raise TrainingError(
                    f"{source} was trained with {name}={theirs[name]}, not {value}: resume with the same settings"
                )
        for name, module in self.modules.items():
            load_state(f"module {name!r}", module, found["modules"].get(name, {}), source)
        if self.average is not None:
            load_state("the averaged weights", self.average, found["average"], source)
        load_state("the optimisers", self.updates, found["updates"], source)
        self.means.load_state_dict(found["means"])
        self.step, self.validated = found["step"], found["validated"]
        self.best = None if found["best"] is None else Best(**found["best"])
        self.clock = Clock(found["seconds"])
