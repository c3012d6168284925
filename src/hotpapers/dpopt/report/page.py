"""The privacy report as one HTML file that asks nobody for anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hotpapers.common.figures import palette_css
from hotpapers.common.html import environment, render_page
from hotpapers.dpopt.accounting.spending import shown
from hotpapers.dpopt.report.contents import Coefficients, PrivacyReport
from hotpapers.dpopt.report.curves import privacy_curve
from hotpapers.dpopt.report.figures import draw_coefficients, draw_curve, draw_iterations, most_drawn
from hotpapers.dpopt.report.sections import STAMP, Table, headline, sections

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["to_html"]

_PACKAGE = "hotpapers.dpopt.report"
_MOST_FIGURES = 12


@dataclass(frozen=True)
class _Figure:
    """A drawing, its heading and what to read in it."""

    title: str
    drawing: Markup
    caption: str


def to_html(report: PrivacyReport) -> str:
    """The page: words, tables and figures; the same bytes for the same report."""
    return render_page(
        _templates(),
        "report.html.j2",
        styles=[palette_css(), _style()],
        subject=report.subject,
        headline=headline(report),
        stamp="" if report.private else STAMP,
        sections=sections(report),
        figures=_figures(report),
        coefficients=_coefficient_table(report.coefficients),
    )


def _figures(report: PrivacyReport) -> list[_Figure]:
    from markupsafe import Markup

    made = []
    curve = privacy_curve(report.ledger)
    if curve.epsilons:
        allowed = None
        if report.budget.epsilon is not None and report.budget.delta:
            allowed = (report.budget.epsilon, report.budget.delta)
        made.append(
            (
                "Epsilon and delta",
                draw_curve(curve, report.audits, allowed),
                (
                    "Each point of the line is a pair (ε, δ) that everything spent satisfies together; none is “the” "
                    "right one. What an audit found lies to the left of the line, or the claim is wrong."
                ),
            )
        )
    if report.iterations is not None:
        made.append(
            (
                "Budget and noise along the iterations",
                draw_iterations(report.iterations),
                (
                    "How the gradients’ part of the budget was divided, and the noise that follows from it. "
                    "Both were fixed before the first iteration."
                ),
            )
        )
    found = report.coefficients
    if found is not None:
        caption = (
            "Bars: two standard deviations of the privacy noise, at most, for a loss that is quadratic near the "
            "end. They say nothing of the chance that the rows themselves are."
            if found.deviation is not None
            else "No bars are drawn: the spread of the noise in the units of these coefficients is not known here."
        )
        for at, output in enumerate(found.outputs[:_MOST_FIGURES]):
            made.append((f"Coefficients: {output}", draw_coefficients(found, at), caption))
    return [_Figure(title, Markup(drawing), caption) for title, drawing, caption in made]  # noqa: S704 - ours


def _coefficient_table(found: Coefficients | None) -> Table | None:
    """All coefficients, where the figures do not show all."""
    if found is None or (len(found.names) <= most_drawn and len(found.outputs) <= _MOST_FIGURES):
        return None
    rows = tuple(
        (name, *(shown(values[at]) for values in found.values)) for at, name in enumerate(found.names)
    )
    return Table(("feature", *found.outputs), rows)


@cache
def _templates() -> Environment:
    return environment(_PACKAGE)


@cache
def _style() -> str:
    return (files(_PACKAGE) / "assets" / "report.css").read_text(encoding="utf-8")
