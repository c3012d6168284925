"""The commands of dpopt: parse, call, print."""

from __future__ import annotations

import typer

from hotpapers.dpopt.comparison_commands import compare
from hotpapers.dpopt.experiments.commands import app as reproduce

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(reproduce, name="reproduce")
app.command()(compare)


@app.callback()
def _room() -> None:
    """Fit models to sensitive rows under an exact privacy budget, with a report for the privacy officer."""
