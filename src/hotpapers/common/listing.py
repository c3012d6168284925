"""What `hotpapers papers` and `hotpapers claims` print."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from hotpapers.common.claims import Result, check_claims, earlier_results, write_ledger
from hotpapers.common.console import console, progress, table
from hotpapers.common.errors import InputError
from hotpapers.common.papers import find_paper, install_command, installed_papers, missing_requirements

__all__ = ["list_claims", "list_papers"]

_COLOUR = {"holds": "green", "fails": "red", "not checked": "yellow"}


def list_papers(*, as_json: bool = False) -> None:
    """Print every installed paper with its status."""
    rows = []
    for paper in installed_papers():
        missing = missing_requirements(paper)
        rows.append(
            {
                "slug": paper.slug,
                "arxiv_id": paper.arxiv_id,
                "title": paper.title,
                "purpose": paper.purpose,
                "runs": not missing,
                "missing": list(missing),
                "install": install_command(paper) if missing else None,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    sheet = table("paper", "arXiv", "runs here", "what it is for")
    for row in rows:
        status = "yes" if row["runs"] else f"no: {row['install']}"
        sheet.add_row(str(row["slug"]), str(row["arxiv_id"] or "-"), status, str(row["purpose"]))
    console().print(sheet)


def list_claims(slug: str | None, *, full: bool, results: Path, only: Collection[str] = ()) -> int:
    """Check one paper's claims (or all papers'), print and record them; returns how many fail.

    The ledger is written after every claim, so that an interrupted run loses the claim at work and no other;
    what a run does not check keeps the result that the ledger has of it.
    """
    if only and slug is None:
        raise InputError("--only names claims of one paper: hotpapers claims PAPER --only ID")
    failed = 0
    chosen = [find_paper(slug)] if slug else [paper for paper in installed_papers() if paper.claims]
    for paper in chosen:
        sheet = table("claim", "reported", "measured here", "verdict", title=f"{paper.slug}: {paper.title}")
        earlier = earlier_results(paper, results)
        found: list[Result] = []
        checking = check_claims(paper, full=full, only=only, earlier=earlier)
        for result in progress(checking, f"claims of {paper.slug}"):
            found.append(result)
            earlier.pop(result.id, None)
            write_ledger(paper, [*found, *earlier.values()], results)
            verdict = f"[{_COLOUR[result.verdict]}]{result.verdict}[/]"
            sheet.add_row(f"{result.id}  {result.statement}", result.reported, result.measured, verdict)
            failed += result.verdict == "fails"
        path = write_ledger(paper, found, results)
        console().print(sheet)
        console().print(f"written to {path}", style="dim", soft_wrap=True)
    return failed
