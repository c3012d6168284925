"""The facts of the first day, 6 August 2020: what makes the demo work on a machine without network.

Titles, authors, identifiers, categories and counts are facts; each summary is written in our own
words. No abstract and no tweet is kept here.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from importlib.resources import files

from hotpapers.digest.records import Attention, Entry, Paper, Post

__all__ = ["first_day"]


def first_day() -> Post:
    """The eight papers of 2020-08-06 in rank order, with summaries in place of abstracts."""
    facts = json.loads(files(__package__).joinpath("facts.json").read_text(encoding="utf-8"))
    day = date.fromisoformat(facts["date"])
    entries = []
    for fact in facts["papers"]:
        paper = Paper(
            arxiv_id=fact["arxiv_id"],
            title=fact["title"],
            authors=tuple(fact["authors"]),
            categories=tuple(fact["categories"]),
            summary=fact["summary"],
        )
        attention = Attention(
            arxiv_id=fact["arxiv_id"],
            source=facts["source"],
            read_at=datetime.fromisoformat(fact["read_at"]),
            counts=fact["counts"],
            day=day,
        )
        entries.append(Entry(paper=paper, attention=attention))
    return Post(date=day, made_at=datetime.fromisoformat(facts["made_at"]), entries=tuple(entries))
