"""Batches made ahead by threads or processes, in the order of the steps."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, Literal

import torch

from hotpapers.training.errors import TrainingError
from hotpapers.training.seeds import derived_seed
from hotpapers.training.task import Task

__all__ = ["batches"]

_AHEAD = 2  # batches under way or waiting, per worker


@contextmanager
def batches(
    task: Task,
    *,
    first: int,
    last: int | None,
    seed: int,
    shares: range,
    world: int,
    workers: int,
    kind: Literal["thread", "process"],
) -> Iterator[Iterator[Any]]:
    """The batches of a run, in order.

    Parameters
    ----------
    task
        Makes them.
    first, last
        First step, and the one after the last; None goes on for ever.
    seed
        Of the run.
    shares
        The shares of each step's batch that are made here, out of `world`.
    world
        How many shares there are.
    workers, kind
        Makers: 0 for none (each batch is made when it is asked for).

    Raises
    ------
    TrainingError
        If workers are processes and the task cannot be pickled.
    """
    wanted = _arguments(first, last, seed, shares, world)
    if not workers:
        yield (task.batch(*arguments) for arguments in wanted)
        return
    executor = _executor(task, workers, kind)
    make = _made_by_process if kind == "process" else task.batch
    try:
        with closing(_ahead(executor, make, wanted, _AHEAD * workers)) as made:
            yield made
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _arguments(
    first: int, last: int | None, seed: int, shares: range, world: int
) -> Iterator[tuple[int, int, int, int]]:
    step = first
    while last is None or step < last:
        generator_seed = derived_seed(seed, "batch", step)
        for share in shares:
            yield step, generator_seed, share, world
        step += 1


def _ahead(
    executor: Executor, make: Any, wanted: Iterator[tuple[int, int, int, int]], ahead: int
) -> Generator[Any, None, None]:
    """Results in the order of the calls, `ahead` of them under way."""
    waiting: deque[Future[Any]] = deque()
    for arguments in wanted:
        waiting.append(executor.submit(make, *arguments))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _executor(task: Task, workers: int, kind: Literal["thread", "process"]) -> Executor:
    if kind == "thread":
        return ThreadPoolExecutor(workers, thread_name_prefix="batches")
    try:
        pickle.dumps(task)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TrainingError(
            f"worker_kind 'process' sends the task to other processes, and it cannot be pickled ({error}): "
            "take worker_kind 'thread'"
        ) from error
    context = multiprocessing.get_context("spawn")  # a fork may inherit locks that nobody will open
    return ProcessPoolExecutor(workers, context, initializer=_start_process, initargs=(task,))


_task: Task | None = None  # of this worker process


def _start_process(task: Task) -> None:
    global _task  # noqa: PLW0603 # a worker process has one task for life
    _task = task
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's affair
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the trainer, even when it is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _made_by_process(step: int, generator_seed: int, share: int, world: int) -> Any:
    if _task is None:
        raise RuntimeError("this worker was started without a task")
    return _task.batch(step, generator_seed, share, world)
