"""How the digest finds its sources: this distribution's and anybody else's."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from hotpapers.common.errors import InputError

if TYPE_CHECKING:
    from hotpapers.digest.sources.base import Source
    from hotpapers.digest.sources.settings import Settings

__all__ = ["GROUP", "available_sources", "open_source"]

GROUP = "hotpapers.sources"


def available_sources() -> tuple[str, ...]:
    """Names of all installed sources, sorted; nothing of theirs is imported."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def open_source(name: str, settings: Settings | None = None) -> Source:
    """The source called `name`, ready to be read.

    Parameters
    ----------
    name
        One of `available_sources`.
    settings
        Addresses and credentials; None to load them from the environment and the user's file.

    Raises
    ------
    InputError
        If there is no such source, two packages offer it, it can't be imported, or it lacks a
        credential.
    """
    from hotpapers.digest.sources.settings import Settings

    point = _entry_point(name)
    try:
        factory = point.load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"source {name!r} ({point.value}) can't be loaded: {error}") from error
    source: Source = factory(Settings.load() if settings is None else settings)
    if not callable(getattr(source, "mentions", None)):
        raise InputError(f"source {name!r} is unusable: it has no method mentions(since, until)")
    return source


def _entry_point(name: str) -> EntryPoint:
    points = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not points:
        there_are = ", ".join(available_sources()) or "none"
        raise InputError(f"no source called {name!r} is installed: there are {there_are}")
    if len(points) > 1:
        raise InputError(f"source {name!r} is offered twice: {' and '.join(sorted(points))}; uninstall one")
    return next(iter(points.values()))
