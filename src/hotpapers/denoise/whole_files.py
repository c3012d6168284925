"""A file restored in one call, with everything that goes with it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from hotpapers.denoise.checking import check_targets
from hotpapers.denoise.choosing import choose_engine
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.report import write_report
from hotpapers.denoise.restoring import Progress, restore
from hotpapers.denoise.settings import Restoration, Settings
from hotpapers.media.audio import open_audio

__all__ = ["denoise_file"]


def denoise_file(
    path: Path | str,
    out: Path | str,
    *,
    engine: str | Engine = "auto",
    model: str | None = None,
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    noise_profile: tuple[float, float] | ArrayLike | None = None,
    residual: Path | str | None = None,
    report: Path | str | None = None,
    picture: Path | str | None = None,
    progress: Progress | None = None,
    settings: Settings | None = None,
    **more: Any,
) -> Restoration:
    """Restore a file, streaming, in memory that does not grow with its length.

    Parameters
    ----------
    path, out
        The recording, which is never changed, and the restored one; its suffix names the format. Length, rate,
        channels, encoding and tags are kept.
    engine, model, only, skip, noise_profile
        As of `denoise`.
    residual
        File for what was taken away.
    report, picture
        Listening page (HTML) and spectrograms (PNG, SVG, PDF) of the 60 s from which most was removed.
    progress
        Called with what is being done and how much of it is, 0 to 1.
    settings, more
        A `Settings`, or its fields: ``strength``, ``subtype``, ``start``, ``end``, ``overwrite`` ...

    Returns
    -------
    Restoration
        What was done; ``line()`` says it in one.

    Raises
    ------
    AudioError, DenoiseError
        If the recording can't be read, or the files can't be written as asked; nothing is left behind.
    """
    settings = settings or Settings(**more)
    page, image = (None if each is None else Path(each) for each in (report, picture))
    targets = [Path(out), *(each for each in (page, image) if each is not None)]
    check_targets(Path(path), targets, overwrite=settings.overwrite)
    chosen = choose_engine(
        engine, sr=open_audio(path).rate, model=model, only=only, skip=skip, noise_profile=noise_profile
    )
    told = restore(path, out, engine=chosen, residual=residual, settings=settings, progress=progress)
    if page is not None or image is not None:
        write_report(told, page=page, picture=image)
    return told
