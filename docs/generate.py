"""Pages that nobody types: a page per installed paper, the commands, the claims, the navigation.

mkdocs-gen-files runs this file before every build. All of it comes from the papers that are
installed and from results/, so that a new paper shows up without an edit here.
"""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterable
from pathlib import Path

import mkdocs_gen_files

from hotpapers.cli import app
from hotpapers.common.claims import Ledger, read_ledger
from hotpapers.common.command_tree import Command, command_tree
from hotpapers.common.papers import Paper, install_command, installed_papers

ROOT = Path(__file__).resolve().parents[1]


def cell(text: str) -> str:
    """`text` as a table's cell: no column, line or HTML of its own."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|") or "-"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; cells hold Markdown already."""
    columns = list(headings)
    lines = [columns, ["---"] * len(columns), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write(page: str, text: str) -> None:
    """Put a page into the build."""
    with mkdocs_gen_files.open(page, "w") as stream:
        stream.write(text)


def ledger_of(paper: Paper) -> Ledger | None:
    """The paper's measured claims, where they were measured."""
    path = ROOT / "results" / paper.slug / "claims.json"
    return read_ledger(path) if path.is_file() else None


def claims_table(paper: Paper) -> str:
    """Reported beside measured, from results/; else the claims that wait to be measured."""
    command = f"`hotpapers claims {paper.slug}`"
    if paper.claims is None:
        return "This room makes no claims.\n"
    ledger = ledger_of(paper)
    if ledger is None:
        return f"Not measured yet: {command} checks the claims and records what it finds.\n"
    made = ledger.made
    rows = []
    for result in ledger.claims:
        source = f" ({result.source})" if result.source else ""
        date = result.made.get("date", made.get("date", ""))[:10] if result.verdict != "not checked" else ""
        row = (result.id, result.statement + source, result.reported, result.measured, result.verdict, date)
        rows.append([cell(text) for text in row])
    sentence = (
        f"Last measured on {cell(made.get('date', '?')[:10])} at commit {cell(made.get('commit', '?'))} on "
        f"{cell(made.get('machine', '?'))}, Python {cell(made.get('python', '?'))}, by "
        f"`{made.get('command', 'hotpapers claims').replace('`', '')}`.\n"
    )
    return table(["", "claim", "reported", "measured here", "verdict", "on"], rows) + "\n" + sentence


def api(paper: Paper) -> str:
    """The names of the public face."""
    names = getattr(importlib.import_module(paper.package), "__all__", ())
    if not names:
        return f"`{paper.package}` has no public names yet: its commands are all there is.\n"
    return "\n".join(
        f"::: {paper.package}.{name}\n    options:\n      show_root_heading: true\n" for name in names
    )


def paper_page(paper: Paper, commands: Iterable[Command]) -> str:
    """The room's prose with the generated sections where it marks them, or at its end."""
    prose = ROOT / "docs" / "papers" / f"{paper.slug}.md"
    if prose.is_file():
        text = prose.read_text(encoding="utf-8")
    else:
        text = f"# {cell(paper.title)}\n\n{cell(paper.purpose)}\n\nInstall: `{install_command(paper)}`\n"
    verbs = [[f"[`{c.name}`](../commands.md#{anchor(c)})", cell(c.help.partition("\n")[0])] for c in commands]
    sections = {
        "claims": ("What it claims, and what we measure", claims_table(paper)),
        "commands": ("Commands", table(["command", "what it does"], verbs)),
        "api": ("From Python", api(paper)),
    }
    for mark, (heading, content) in sections.items():
        section = f"## {heading}\n\n{content}"
        marked = f"<!-- {mark} -->"
        text = text.replace(marked, section) if marked in text else f"{text.rstrip()}\n\n{section}"
    return text


def anchor(command: Command) -> str:
    """A stable anchor: ``digest-rank``."""
    return "-".join(command.path) or "hotpapers"


def command_page(commands: Iterable[Command]) -> str:
    """The reference: every command with its help, arguments and options."""
    parts = ["# Commands\n\nGenerated from the commands themselves; `--help` shows the same.\n"]
    for command in commands:
        level = "##" if len(command.path) < 2 else "###"
        parts.append(f"{level} `{command.name}` {{ #{anchor(command)} }}\n\n```\n{command.usage}\n```\n")
        parts.append("\n\n".join(cell(part) for part in command.help.split("\n\n")) + "\n")
        rows = [[f"`{p.label}`", cell(p.text)] for p in command.parameters]
        if rows:
            parts.append(table(["argument or option", "what it does"], rows))
    return "\n".join(parts)


def ledger_page(papers: Iterable[Paper]) -> str:
    """The claims of all papers on one page."""
    introduction = (
        "# Claims ledger\n\n"
        "What each paper claims, what a check measured here, and whether the claim holds. "
        "`hotpapers claims` runs the checks and records what they find; "
        "`hotpapers claims --full` runs the long ones too.\n"
    )
    parts = [introduction]
    parts += [
        f"## [{cell(paper.title)}](papers/{paper.slug}.md) {{ #{paper.slug} }}\n\n{claims_table(paper)}"
        for paper in papers
        if paper.claims
    ]
    return "\n".join(parts)


def index_page(papers: Iterable[Paper]) -> str:
    """All installed papers."""
    rows = (
        [
            f"[{cell(paper.slug)}]({paper.slug}.md)",
            cell(paper.title),
            f"[{paper.arxiv_id}](https://arxiv.org/abs/{paper.arxiv_id})" if paper.arxiv_id else "-",
            cell(paper.purpose),
        ]
        for paper in papers
    )
    return "# Papers\n\n" + table(["room", "title", "arXiv", "what it is for"], rows)


papers = list(installed_papers())
commands = list(command_tree(app))
write("commands.md", command_page(commands))
write("claims.md", ledger_page(papers))
write("papers/index.md", index_page(papers))
for each in papers:
    mine = [command for command in commands if command.path[:1] == (each.slug,) and not command.is_group]
    write(f"papers/{each.slug}.md", paper_page(each, mine))
write(
    "navigation.md",
    "\n".join(
        [
            "* [Start here](index.md)",
            "* [Papers](papers/index.md)",
            *(f"    * [{each.slug}](papers/{each.slug}.md)" for each in papers),
            "* [Claims ledger](claims.md)",
            "* [Commands](commands.md)",
            "* [How the house is built](house.md)",
            "* [Add a paper in an afternoon](add-a-paper.md)",
            "",
        ]
    ),
)
