"""`hotpapers denoise restore`: a recording, or a folder of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["register"]


class StereoChoice(StrEnum):
    """How channels are treated together."""

    linked = "linked"
    independent = "independent"
    mid_side = "mid-side"


class DitherChoice(StrEnum):
    """Noise added before rounding."""

    auto = "auto"
    none = "none"
    tpdf = "tpdf"


def register(app: typer.Typer) -> None:
    """Add the command to the room's."""
    app.command(name="restore")(_restore)


def _restore(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A recording, or a folder of recordings.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The restored recording, or a folder for them.")],
    engine: Annotated[
        str,
        typer.Option(
            help="auto: what fits the recording. net, dsp (without a net), hybrid (both), or MODULE:FUNCTION."
        ),
    ] = "auto",
    model: Annotated[
        str | None, typer.Option(help="Weights that ship, by name, or a *.safetensors file of your own.")
    ] = None,
    strength: Annotated[
        float, typer.Option(help="0: nothing is taken away; 1: all that the engine would.")
    ] = 1.0,
    max_attenuation: Annotated[
        float | None, typer.Option(metavar="DB", help="Leave at least the noise this many dB lower.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Take only these away: some of hiss,crackle,click,hum,rumble.")
    ] = None,
    skip: Annotated[
        str | None, typer.Option(help="Leave these: some of hiss,crackle,click,hum,rumble.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="START-END", help="Where only noise is heard, such as 0:00-0:01.5.")
    ] = None,
    stereo: Annotated[
        StereoChoice, typer.Option(help="How channels are treated together.")
    ] = StereoChoice.linked,
    residual: Annotated[Path | None, typer.Option(help="File, or folder, for what was taken away.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Listening page (HTML): before, after, removed; a folder for a folder."),
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Picture of the spectrograms; a folder for a folder.")
    ] = None,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="Restore only from here on: 83.5 or 1:23.5.")
    ] = "0",
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Restore only up to here.")] = None,
    container: Annotated[
        str | None, typer.Option("--format", help="Format, such as flac; that of OUT's suffix if left out.")
    ] = None,
    subtype: Annotated[str, typer.Option(help="Samples: keep, PCM_16, PCM_24, FLOAT ...")] = "keep",
    residual_subtype: Annotated[
        str | None, typer.Option(help="Samples of the residual; as OUT's if left out.")
    ] = None,
    dither: Annotated[
        DitherChoice, typer.Option(help="Before rounding; auto: only where bits are lost.")
    ] = DitherChoice.auto,
    sanitize: Annotated[
        bool, typer.Option("--sanitize", help="Take zero for samples that are no numbers.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    jobs: Annotated[int, typer.Option(help="Recordings of a folder at a time.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a folder: skip what is done and unchanged.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take the noise out of a recording or of a whole folder; the original is never changed."""
    from hotpapers.denoise.checking import parse_time
    from hotpapers.denoise.settings import Settings

    settings = Settings(
        strength=strength,
        max_attenuation_db=max_attenuation,
        stereo=stereo.value,
        start=parse_time(start),
        end=None if end is None else parse_time(end),
        container=container,
        subtype=subtype,
        residual_subtype=residual_subtype,
        dither=dither.value,
        sanitize=sanitize,
        overwrite=overwrite,
    )
    options = _engine_options(model, only, skip, profile)
    if source.is_dir():
        _restore_folder(
            source, out, engine, options, residual, (report, png), settings,
            jobs=jobs, resume=resume, as_json=as_json,
        )  # fmt: skip
    else:
        _restore_file(source, out, engine, options, residual, (report, png), settings, as_json=as_json)


def _engine_options(
    model: str | None, only: str | None, skip: str | None, profile: str | None
) -> dict[str, Any]:
    """The options that were given, as the engine gets them."""
    from hotpapers.denoise.checking import parse_time
    from hotpapers.denoise.errors import DenoiseError

    options: dict[str, Any] = {}
    if model is not None:
        options["model"] = model
    if only is not None:
        options["only"] = tuple(word.strip() for word in only.split(","))
    if skip is not None:
        options["skip"] = tuple(word.strip() for word in skip.split(","))
    if profile is not None:
        first, dash, last = profile.partition("-")
        if not dash:
            raise DenoiseError(f"profile {profile!r}: give START-END, such as 0:00-0:01.5")
        options["profile"] = (parse_time(first), parse_time(last))
    return options


def _restore_file(
    source: Path,
    out: Path,
    engine: str,
    options: dict[str, Any],
    residual: Path | None,
    reports: tuple[Path | None, Path | None],
    settings: Any,
    *,
    as_json: bool,
) -> None:
    import json

    from hotpapers.denoise.checking import check_targets
    from hotpapers.denoise.engines import load_engine
    from hotpapers.denoise.report import write_report
    from hotpapers.denoise.restoring import restore

    check_targets(
        source, [path for path in (out, *reports) if path is not None], overwrite=settings.overwrite
    )
    with _bar() as show:
        told = restore(
            source,
            out,
            engine=load_engine(engine, options),
            residual=residual,
            settings=settings,
            progress=show,
        )
    if any(reports):
        write_report(told, page=reports[0], picture=reports[1])
    for note in told.notes:
        typer.echo(f"hotpapers: note: {note}", err=True)
    typer.echo(json.dumps(told.as_json(), ensure_ascii=False) if as_json else told.line())


def _restore_folder(
    source: Path,
    out: Path,
    engine: str,
    options: dict[str, Any],
    residual: Path | None,
    reports: tuple[Path | None, Path | None],
    settings: Any,
    *,
    jobs: int,
    resume: bool,
    as_json: bool,
) -> None:
    import json

    from hotpapers.common.console import progress
    from hotpapers.common.errors import FailureError
    from hotpapers.denoise.batch import plan_batch, run_batch

    batch = plan_batch(
        source,
        out,
        engine=engine,
        engine_options=options,
        residual=residual,
        reports=reports[0],
        pictures=reports[1],
        settings=settings,
    )
    running = run_batch(batch, jobs=jobs, resume=resume, overwrite=settings.overwrite)
    skipped = 0
    failed: list[str] = []
    for outcome in progress(running, "restoring", len(batch.tasks)):
        skipped += outcome.skipped
        for note in outcome.notes:
            typer.echo(f"hotpapers: note: {note}", err=True)
        if outcome.error is not None:
            failed.append(str(outcome.task.source))
            typer.echo(f"hotpapers: failed: {outcome.error}", err=True)
    told = {"restored": len(batch.tasks) - skipped - len(failed), "skipped": skipped, "failed": failed}
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{out}: {told['restored']} restored, {skipped} were done before, {len(failed)} failed")
    if failed:
        raise FailureError(f"{len(failed)} of {len(batch.tasks)} recordings failed: {', '.join(failed)}")


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None] | None]:
    """A bar on stderr; nothing where stderr is not a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress

    from hotpapers.common.console import console

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
