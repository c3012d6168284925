"""The site's templates with their filters, compiled once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment

from hotpapers.common.html import environment
from hotpapers.digest.site.wording import network_name, number, short_day

__all__ = ["asset", "templates"]

_PACKAGE = "hotpapers.digest.site"


@cache
def templates() -> Environment:
    """The environment; filters ``network``, ``number`` and ``short_day`` besides the house's own."""
    made = environment(_PACKAGE)
    made.filters.update(network=network_name, number=number, short_day=short_day)
    return made


@cache
def asset(name: str) -> str:
    """The text of a file of ``assets/``."""
    return files(_PACKAGE).joinpath("assets", name).read_text(encoding="utf-8")
