"""Recordings restored side by side, each in a process of its own, stopped cleanly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotpapers.common.errors import HotPapersError
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.journal import sha256_of
from hotpapers.denoise.report import write_report
from hotpapers.denoise.restoring import restore
from hotpapers.denoise.settings import Settings

__all__ = ["Outcome", "Task", "outcomes_of"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One recording of a batch and what becomes of it; `engine_options` are pairs of name and value.

    `report` and `picture` are the listening page and the spectrograms, None for none.
    """

    source: Path
    output: Path
    residual: Path | None
    engine: str
    engine_options: tuple[tuple[str, Any], ...]
    settings: Settings
    report: Path | None = None
    picture: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a recording: the SHA-256 of it and its results; or the error; or that it was skipped."""

    task: Task
    skipped: bool = False
    error: str | None = None
    input_sha256: str = ""
    output_sha256: str = ""
    residual_sha256: str | None = None
    seconds: float = 0.0
    removed_db: float | None = None
    notes: tuple[str, ...] = ()


class _StoppedError(Exception):
    """The batch is being stopped: what this worker was writing is removed on the way up."""


_stop: Any = None  # in a worker: the event that says so


def outcomes_of(tasks: Sequence[Task], *, jobs: int, on_start: Callable[[Task], None]) -> Iterator[Outcome]:
    """Restore recordings, `jobs` at a time; yields outcomes as they come.

    Parameters
    ----------
    tasks
        The recordings.
    jobs
        1: in this process.
    on_start
        Called with each task before anything of it is written.
    """
    if jobs == 1 or len(tasks) <= 1:
        for task in tasks:
            on_start(task)
            yield _outcome(task)
        return
    jobs = min(jobs, len(tasks))
    context = multiprocessing.get_context("spawn")  # threads of numerical libraries don't survive a fork
    stop = context.Event()
    with _threads_shared(jobs):
        pool = ProcessPoolExecutor(jobs, context, _start_worker, (stop,))
        try:
            yield from _pooled(pool, tasks, jobs, on_start)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _pooled(
    pool: ProcessPoolExecutor, tasks: Sequence[Task], jobs: int, on_start: Callable[[Task], None]
) -> Iterator[Outcome]:
    running: dict[Future[Outcome], Task] = {}
    left = iter(tasks)
    while True:
        while len(running) < jobs and (task := next(left, None)) is not None:
            on_start(task)
            running[pool.submit(_outcome, task)] = task
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            task = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Outcome(task=task, error=f"{task.source}: its process was killed (out of memory?)")
                for other in (*running.values(), *left):
                    yield Outcome(task=other, error=f"{other.source}: not restored, a process was killed")
                return


@contextmanager
def _threads_shared(jobs: int) -> Iterator[None]:
    """Let the workers' numerical libraries share the cores, unless the user has said how many threads."""
    name = "OMP_NUM_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(max(1, (os.cpu_count() or 1) // jobs))
    try:
        yield
    finally:
        del os.environ[name]


def _start_worker(stop: Any) -> None:
    """Ctrl-C is for the batch to answer; a batch that was killed takes its workers with it."""
    global _stop  # noqa: PLW0603 (a process's own: an initializer has no other place)
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _watch_stop(_what: str, _done: float) -> None:
    if _stop is not None and _stop.is_set():
        raise _StoppedError


def _outcome(task: Task) -> Outcome:
    """Restore one recording; whatever goes wrong with it is told and does not end the batch."""
    try:
        before = sha256_of(task.source)
        engine = load_engine(task.engine, dict(task.engine_options))
        told = restore(
            task.source,
            task.output,
            engine=engine,
            residual=task.residual,
            settings=task.settings,
            progress=_watch_stop,
        )
        if task.report is not None or task.picture is not None:
            write_report(told, page=task.report, picture=task.picture)
        return Outcome(
            task=task,
            input_sha256=before,
            output_sha256=sha256_of(task.output),
            residual_sha256=None if task.residual is None else sha256_of(task.residual),
            seconds=told.seconds,
            removed_db=told.removed_db,
            notes=told.notes,
        )
    except HotPapersError as error:
        return Outcome(task=task, error=str(error))
    except Exception as error:  # noqa: BLE001 (one recording must not end the others)
        return Outcome(task=task, error=f"{task.source}: {type(error).__name__}: {error}")
