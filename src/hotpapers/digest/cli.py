"""The digest's commands."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def rank() -> None:
    """Rank the papers of a window by attention."""


@app.command()
def search() -> None:
    """Search titles, abstracts and authors."""
