"""`hotpapers denoise info`: what is wrong with a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the room's."""
    app.command(name="info")(_info)


def _info(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A recording.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what noise a recording has: its level and where it was heard, clicks, hum, rumble, bandwidth, speed."""
    import json

    from hotpapers.denoise import inspection

    found = inspection.inspect(source)
    if as_json:
        typer.echo(json.dumps(inspection.as_json(found)))
    else:
        typer.echo("\n".join(inspection.as_lines(found)))
