"""The privacy report as Markdown."""

from __future__ import annotations

from hotpapers.common.html import clean_text
from hotpapers.dpopt.report.contents import PrivacyReport
from hotpapers.dpopt.report.sections import STAMP, Table, headline, sections

__all__ = ["to_markdown"]

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&"})


def to_markdown(report: PrivacyReport) -> str:
    """Headings, sentences and tables; names of columns and classes cannot be taken for markup."""
    lines = [f"# Privacy report: {_escaped(report.subject)}", ""]
    if not report.private:
        lines += [f"> **{STAMP}**", ""]
    lines += [f"**{_escaped(headline(report))}**", ""]
    for section in sections(report):
        lines += [f"## {section.title}", ""]
        for sentence in section.sentences:
            lines += [_escaped(sentence), ""]
        lines += [f"- {_escaped(point)}" for point in section.points]
        lines += [""] if section.points else []
        if section.table is not None:
            lines += [*_table(section.table), ""]
    return "\n".join(lines)


def _table(table: Table) -> list[str]:
    rule = "|" + "|".join(["---"] * len(table.headings)) + "|"
    return [_row(table.headings), rule, *(_row(row) for row in table.rows)]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return " ".join(clean_text(text).translate(_SPECIAL).split())
