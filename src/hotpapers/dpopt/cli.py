"""The commands of dpopt: parse, call, print."""

from __future__ import annotations

import typer

from hotpapers.dpopt.commands.auditing import audit
from hotpapers.dpopt.commands.planning import budget, plan, schema
from hotpapers.dpopt.commands.training import train
from hotpapers.dpopt.commands.using import evaluate, export, predict, report
from hotpapers.dpopt.comparison_commands import compare
from hotpapers.dpopt.experiments.commands import app as reproduce

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
for command in (schema, plan, budget, train, predict, evaluate, compare, audit, report, export):
    app.command()(command)
app.add_typer(reproduce, name="reproduce")


@app.callback()
def _room() -> None:
    """Fit models to sensitive rows under an exact privacy budget, with a report for the privacy officer."""
