"""The commands of denoise: parse, call, print."""

from __future__ import annotations

import typer

from hotpapers.denoise.commands import comparison, evaluation, info, noise, restore
from hotpapers.denoise.training_command import train

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _room() -> None:
    """Take hiss, crackle, clicks and hum out of old recordings and leave the music."""


for group in (restore, info, comparison, noise, evaluation):
    group.register(app)
app.command()(train)
