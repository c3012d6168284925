"""A folder of recordings restored: its tree mirrored, finished files skipped, failing ones reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hotpapers import __version__
from hotpapers.denoise.batch_index import IndexRow, write_index
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.journal import Journal, sha256_of
from hotpapers.denoise.settings import Settings
from hotpapers.denoise.workers import Outcome, Task, outcomes_of
from hotpapers.media.audio import READABLE_SUFFIXES, WRITABLE_SUFFIXES

__all__ = ["JOURNAL", "Batch", "plan_batch", "run_batch"]

JOURNAL = "restore.jsonl"
# For recordings in formats that are only read.
_OTHERWISE = ".flac"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Recordings and what becomes of them.

    Parameters
    ----------
    tasks
        In the order of their names.
    folder
        Of the restored recordings; the journal lies there.
    options
        Hash of all that the results depend on beside the recordings.
    reports
        Folder of listening pages.
    """

    tasks: tuple[Task, ...]
    folder: Path
    options: str = field(default="")
    reports: Path | None = None


def plan_batch(
    source: Path,
    out: Path,
    *,
    engine: str,
    engine_options: Mapping[str, Any] | None = None,
    residual: Path | None = None,
    reports: Path | None = None,
    pictures: Path | None = None,
    settings: Settings | None = None,
) -> Batch:
    """Find the recordings below a folder, and name their results in a tree like it.

    Parameters
    ----------
    source
        Folder of recordings, known by their suffixes.
    out, residual
        Folders for the restored ones and for what was taken away. A format that can only be read becomes FLAC.
    engine, engine_options
        As for `load_engine`.
    reports, pictures
        Folders for listening pages with an index of them, and for spectrograms.
    settings
        As for `restore`.

    Raises
    ------
    DenoiseError
        If there are none, or two would have one result, or a result would lie on a recording.
    """
    settings = settings or Settings()
    if not source.is_dir():
        raise DenoiseError(f"{source} is no folder")
    if out.exists() and not out.is_dir():
        raise DenoiseError(f"{out} is a file: a folder of recordings needs a folder")
    results = [folder.resolve() for folder in (out, residual) if folder is not None]
    if source.resolve() in results:
        raise DenoiseError(
            f"{source} is the folder of the recordings, which are never changed: choose another"
        )
    if len(set(results)) != len(results):
        raise DenoiseError(f"{out} is given for two results: choose another folder for the residuals")
    tasks: dict[Path, Task] = {}
    for path in _recordings(source, results):
        name = _result_name(path.relative_to(source), settings)
        if name in tasks:
            other = tasks[name].source
            raise DenoiseError(f"{other} and {path} would both become {out / name}: rename one of them")
        tasks[name] = Task(
            source=path,
            output=out / name,
            residual=None if residual is None else residual / name,
            engine=engine,
            engine_options=tuple(sorted((engine_options or {}).items())),
            settings=settings,
            report=None if reports is None else reports / f"{name}.html",
            picture=None if pictures is None else pictures / f"{name}.png",
        )
    if not tasks:
        known = ", ".join(sorted(suffix.lstrip(".") for suffix in READABLE_SUFFIXES))
        raise DenoiseError(f"{source} has no recordings: files that end in one of {known}")
    recordings = {task.source.resolve() for task in tasks.values()}
    for task in tasks.values():
        for result in (task.output, task.residual):
            if result is not None and result.resolve() in recordings:
                raise DenoiseError(f"{result} is a recording, which is never changed: choose another folder")
    options = _options(engine, engine_options, settings)
    return Batch(tasks=tuple(tasks.values()), folder=out, options=options, reports=reports)


def _recordings(source: Path, results: Sequence[Path]) -> Iterator[Path]:
    """Sound files in and below a folder but not in the folders of results, hidden ones left out."""
    for path in sorted(source.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            if path.resolve() not in results:
                yield from _recordings(path, results)
        elif path.suffix.lower() in READABLE_SUFFIXES and path.is_file():
            yield path


def _result_name(name: Path, settings: Settings) -> Path:
    if settings.container is not None:
        return name.with_suffix(f".{settings.container.lower()}")
    return name if name.suffix.lower() in WRITABLE_SUFFIXES else name.with_suffix(_OTHERWISE)


def _options(engine: str, engine_options: Mapping[str, Any] | None, settings: Settings) -> str:
    told = {**asdict(settings), "overwrite": None, "engine": engine, "options": dict(engine_options or {})}
    told["version"] = __version__
    model = Path(str(told["options"].get("model", "")))
    if model.suffix == ".safetensors" and model.is_file():  # trained on, it is another engine
        told["weights"] = sha256_of(model)
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def run_batch(
    batch: Batch, *, jobs: int = 1, resume: bool = False, overwrite: bool = False
) -> Iterator[Outcome]:
    """Restore the recordings of a batch; yields an outcome for each as it is there.

    A recording that fails is reported in its outcome, and the rest goes on. Each finished one is noted in the
    journal with the SHA-256 of the recording and of its results, so that a killed batch can go on.

    Parameters
    ----------
    batch
        From `plan_batch`.
    jobs
        Recordings at a time, each in a process of its own where more than one.
    resume
        Skip what the journal says is done and still is as it was: same recording, options and results.
    overwrite
        Replace results that are there.

    Raises
    ------
    DenoiseError
        If results are there, and neither `resume` nor `overwrite` is set; if another batch is at work there.
    """
    if jobs < 1:
        raise DenoiseError(f"{jobs} jobs: 1 or more")
    there = [task.output for task in batch.tasks if task.output.exists()]
    if there and not (resume or overwrite):
        raise DenoiseError(
            f"{len(there)} of {len(batch.tasks)} results exist already, such as {there[0]}: "
            "--resume goes on, --overwrite starts over"
        )
    with Journal(batch.folder / JOURNAL) as journal:
        if not resume:
            journal.clear()
        started = {record.get("output") for record in journal.records}
        finished = {
            record.get("output"): record for record in journal.records if record.get("event") == "done"
        }
        waiting = []
        for task in batch.tasks:
            record = finished.get(_name(task, batch))
            if record is not None and _is_done(task, batch, record):
                yield Outcome(task=task, skipped=True)
                continue
            _remove_temporaries(task)
            ours = _name(task, batch) in started
            may = replace(task.settings, overwrite=task.settings.overwrite or overwrite or ours)
            waiting.append(replace(task, settings=may))
        yield from _journalled(waiting, batch, journal, jobs)
        if batch.reports is not None:
            write_index(batch.reports, _index_rows(batch, journal.records))


def _journalled(tasks: Sequence[Task], batch: Batch, journal: Journal, jobs: int) -> Iterator[Outcome]:
    def note_start(task: Task) -> None:
        journal.append({"event": "start", "output": _name(task, batch), "input": str(task.source)})

    for outcome in outcomes_of(tasks, jobs=jobs, on_start=note_start):
        task = outcome.task
        if outcome.error is None:
            journal.append(
                {
                    "event": "done",
                    "output": _name(task, batch),
                    "input": str(task.source),
                    "input_sha256": outcome.input_sha256,
                    "options": batch.options,
                    "output_sha256": outcome.output_sha256,
                    "residual_sha256": outcome.residual_sha256,
                    "removed_db": outcome.removed_db,
                    "notes": outcome.notes,
                }
            )
        else:
            journal.append({"event": "failed", "output": _name(task, batch), "error": outcome.error})
        yield outcome


def _index_rows(batch: Batch, records: Sequence[Mapping[str, Any]]) -> Iterator[IndexRow]:
    """What the journal says of the recordings that have a page."""
    done = {record.get("output"): record for record in records if record.get("event") == "done"}
    for task in batch.tasks:
        record = done.get(_name(task, batch))
        if record is not None and task.report is not None and batch.reports is not None:
            page = task.report.relative_to(batch.reports).as_posix()
            yield IndexRow(
                name=_name(task, batch), page=page, removed_db=record.get("removed_db"), notes=record["notes"]
            )


def _name(task: Task, batch: Batch) -> str:
    return task.output.relative_to(batch.folder).as_posix()


def _is_done(task: Task, batch: Batch, record: Mapping[str, Any]) -> bool:
    """Whether a record's results are what would be made now."""
    results = [(task.output, record.get("output_sha256"))]
    if task.residual is not None:
        results.append((task.residual, record.get("residual_sha256")))
    pages = [page for page in (task.report, task.picture) if page is not None]
    if record.get("options") != batch.options or not all(page.is_file() for page in pages):
        return False
    if not all(path.is_file() for path, _ in results):
        return False
    expected = [(task.source, record.get("input_sha256")), *results]
    return all(sha256_of(path) == sha for path, sha in expected)


def _remove_temporaries(task: Task) -> None:
    """Files that a killed process left half written beside a result."""
    for result in (task.output, task.residual):
        if result is not None and result.parent.is_dir():
            for path in result.parent.iterdir():
                if path.name.startswith(f".{result.name}.") and path.suffix == result.suffix:
                    path.unlink(missing_ok=True)
