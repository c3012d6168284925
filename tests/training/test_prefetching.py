"""Batches made ahead: the same ones, in the same order, whoever makes them."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time

import pytest
import torch
from training.equality import assert_same
from training.toys import Regression, settings

from hotpapers.training import TrainingError, train
from hotpapers.training.prefetching import batches


def made(task, *, workers: int, kind: str = "thread", last: int | None = 12, count: int = 20) -> list:
    with batches(
        task, first=4, last=last, seed=3, shares=range(2, 4), world=4, workers=workers, kind=kind
    ) as ready:
        return list(itertools.islice(ready, count))


class Uneven(Regression):
    """Later batches are ready earlier."""

    def batch(self, step, generator_seed, rank, world):
        time.sleep(0.002 * (step % 3))
        return (
            step,
            rank,
            world,
            threading.current_thread().name,
            super().batch(step, generator_seed, rank, world),
        )


def test_threads_keep_the_order() -> None:
    alone, helped = made(Uneven(), workers=0), made(Uneven(), workers=3)
    assert [batch[:3] for batch in helped] == [(step, share, 4) for step in range(4, 12) for share in (2, 3)]
    assert_same([batch[4] for batch in helped], [batch[4] for batch in alone])
    assert {batch[3] for batch in alone} == {"MainThread"}
    assert "MainThread" not in {batch[3] for batch in helped}


def test_processes_make_the_same_batches() -> None:
    assert_same(made(Regression(), workers=2, kind="process"), made(Regression(), workers=0))


def test_batches_go_on_for_ever_without_a_last_step() -> None:
    assert len(made(Regression(), workers=2, last=None, count=50)) == 50


def test_only_a_few_are_made_ahead() -> None:
    calls = []

    class Counting(Regression):
        def batch(self, step, generator_seed, rank, world):
            calls.append(step)
            return step

    assert made(Counting(), workers=2, last=None, count=3) == [4, 4, 5]
    assert len(calls) <= 3 + 4


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failing_batch_fails_the_run(tmp_path, workers) -> None:
    class Failing(Regression):
        def batch(self, step, generator_seed, rank, world):
            if step == 5:
                raise ZeroDivisionError("no data")
            return super().batch(step, generator_seed, rank, world)

    with pytest.raises(ZeroDivisionError, match="no data"):
        train(Failing(), settings(tmp_path, workers=workers))


def test_a_task_that_cannot_be_sent_is_named(tmp_path) -> None:
    class Local(Regression):
        pass

    with pytest.raises(TrainingError, match=r"cannot be pickled.*take worker_kind 'thread'"):
        train(Local(), settings(tmp_path, workers=1, worker_kind="process"))


def test_neighbouring_steps_and_seeds_have_other_batches() -> None:
    first = made(Regression(), workers=0)
    assert len({tuple(batch[0].flatten().tolist()) for batch in first}) == len(first)
    assert all(isinstance(batch[0], torch.Tensor) for batch in first)


@pytest.mark.slow
def test_worker_processes_end_with_a_killed_trainer(tmp_path, run_toy) -> None:
    killed = run_toy("Orphaning", {}, tmp_path, workers=1, worker_kind="process")
    worker, trainer = map(int, killed.stdout.split())
    assert worker != trainer
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its trainer")
