"""`hotpapers denoise compare`: two files of one sound, to be heard side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the room's."""
    app.command(name="compare")(_compare)


def _compare(
    before: Annotated[Path, typer.Argument(help="A recording.")],
    after: Annotated[Path, typer.Argument(help="The same, restored by this or another program.")],
    html: Annotated[
        Path | None, typer.Option(help="Listening page: before, after and the difference, with a blind test.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Picture of the spectrograms.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two files of one sound: levels, octaves, and a page to hear them side by side."""
    import json

    from hotpapers.denoise.checking import check_targets
    from hotpapers.denoise.comparing import compare

    targets = [path for path in (html, png) if path is not None]
    for source in (before, after):
        check_targets(source, targets, overwrite=overwrite)
    told = compare(before, after, page=html, picture=png)
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"{before}: {told['before_db']:.1f} dB; {after}: {told['after_db']:.1f} dB; "
        f"difference: {told['difference_db']:.1f} dB of full scale"
    )
    for target in targets:
        typer.echo(str(target))
