"""What a paper declares about itself, and how the house finds its papers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points, version
from pathlib import Path
from typing import Any

from hotpapers.common.errors import InputError, MissingExtraError

__all__ = ["Card", "Paper", "find_paper", "installed_papers", "load", "missing_requirements"]

GROUP = "hotpapers.papers"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A room's declaration: the one object that the front door, digest, claims and docs read.

    Parameters
    ----------
    slug
        Name on the command line and of the extra: ``"hopfield"``.
    title
        The paper's title (or the room's, for a room without a paper).
    purpose
        One line: what a person does with it.
    arxiv_id
        Canonical id; None for a room that is no paper (the digest).
    cli, demo, claims
        Import strings ``"package.module:name"``: the Typer app; ``demo(out: Path) -> Card``; a
        sequence of `hotpapers.common.claims.Claim`. They are imported only when used.
    """

    slug: str
    title: str
    purpose: str
    cli: str
    arxiv_id: str | None = None
    demo: str | None = None
    claims: str | None = None

    @property
    def package(self) -> str:
        """The room's import path, such as ``"hotpapers.hopfield"``."""
        return self.cli.partition(":")[0].rpartition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a demo leaves for the day's page: a result, and the command that made it.

    Parameters
    ----------
    text
        What was done and what came out, in a sentence or two.
    command
        What a reader types to do the same on data of their own.
    picture, sound, page
        Files that the demo wrote below its output folder; any may be None.
    picture_alt
        What the picture shows, for those who can't see it.
    facts
        Measured values: label -> value with unit, such as ``{"recall": "98.2 %"}``.
    """

    text: str
    command: str
    picture: Path | None = None
    picture_alt: str = ""
    sound: Path | None = None
    page: Path | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def load(import_string: str) -> Any:
    """The object behind ``"package.module:name"``."""
    module, _, name = import_string.partition(":")
    return getattr(importlib.import_module(module), name)


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda point: point.name))


def installed_papers() -> Iterator[Paper]:
    """All declared papers, by slug: this distribution's and other packages'."""
    for point in _entry_points():
        paper = point.load()
        if not isinstance(paper, Paper) or paper.slug != point.name:
            where = f"{point.name} = {point.value}"
            raise InputError(f"entry point {where!r} in {GROUP} must name a Paper with slug {point.name!r}")
        yield paper


def find_paper(slug: str) -> Paper:
    """The installed paper called `slug`.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.
    """
    papers = {paper.slug: paper for paper in installed_papers()}
    if slug not in papers:
        raise InputError(f"no paper called {slug!r} is installed: there are {', '.join(papers)}")
    return papers[slug]


def missing_requirements(paper: Paper) -> tuple[str, ...]:
    """Requirements of the paper's extra that are absent or too old, as ``"torch>=2.6"``.

    The extra has the paper's slug and belongs to the distribution that declares the paper.
    """
    from packaging.requirements import Requirement

    missing = []
    for line in distribution(_distribution_name(paper)).requires or ():
        if "extra" not in line:
            continue
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            continue
        if not need.marker.evaluate({"extra": paper.slug}):
            continue
        try:
            present = need.specifier.contains(version(need.name), prereleases=True)
        except PackageNotFoundError:
            present = False
        if not present:
            missing.append(f"{need.name}{need.specifier}")
    return tuple(missing)


def install_command(paper: Paper) -> str:
    """The command that installs what the paper needs."""
    return f'pip install "{_distribution_name(paper)}[{paper.slug}]"'


def require_extra(paper: Paper) -> None:
    """Raise `MissingExtraError` with the command to type, unless the paper's extra is installed."""
    missing = missing_requirements(paper)
    if missing:
        raise MissingExtraError(f"{paper.slug} needs {', '.join(missing)}: {install_command(paper)}")


def _distribution_name(paper: Paper) -> str:
    for point in _entry_points():
        if point.name == paper.slug and point.dist is not None:
            return point.dist.name
    return "hotpapers"


Demo = Callable[[Path], Card]
