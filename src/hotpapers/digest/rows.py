"""Records to rows of the store's tables, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post
from hotpapers.digest.schema import aware, utc_naive

__all__ = [
    "PAPER_FIELDS",
    "attention_of",
    "entry_of",
    "entry_row",
    "fingerprint",
    "mention_of",
    "mention_row",
    "paper_of",
    "paper_row",
    "post_row",
    "reading_key",
    "reading_row",
    "with_papers",
]

PAPER_FIELDS = ("arxiv_id", "title", "authors", "abstract", "categories", "published", "updated", "summary")


def fingerprint(post: Post) -> str:
    """SHA-256 of all that the post holds."""
    return hashlib.sha256(repr(post).encode("utf-8", "surrogatepass")).hexdigest()


def with_papers(mention: Mention, arxiv_ids: Iterable[str]) -> Mention:
    """The message pointing at these papers, each once."""
    return replace(mention, arxiv_ids=tuple(dict.fromkeys(arxiv_ids)))


def post_row(post: Post, print_of_it: str) -> dict[str, Any]:
    """The post's own facts; `print_of_it` is its `fingerprint`."""
    return {
        "day": post.date,
        "made_at": post.made_at,
        "lead": post.lead,
        "fingerprint": print_of_it,
        "papers": len(post.entries),
        "total": sum(entry.attention.total for entry in post.entries),
        "top_title": post.entries[0].paper.title if post.entries else "",
    }


def entry_row(day: date, rank: int, entry: Entry) -> dict[str, Any]:
    """The entry at `rank` of the post of `day`."""
    paper, attention = entry.paper, entry.attention
    mentions = [mention_row(mention) for mention in entry.mentions]
    return {
        "day": day,
        "rank": rank,
        "arxiv_id": paper.arxiv_id,
        "title": paper.title,
        "authors": list(paper.authors),
        "abstract": paper.abstract,
        "categories": list(paper.categories),
        "summary": paper.summary,
        "source": attention.source,
        "read_at": attention.read_at,
        "counts": dict(attention.counts),
        "mentions": [{name: value for name, value in row.items() if name != "arxiv_ids"} for row in mentions],
    }


def paper_row(paper: Paper) -> dict[str, Any]:
    """The paper without what the store adds (when it was seen, its revision)."""
    row = {name: utc_naive(getattr(paper, name)) for name in PAPER_FIELDS}
    return row | {"authors": list(paper.authors), "categories": list(paper.categories)}


def mention_row(mention: Mention) -> dict[str, Any]:
    """The message with plain lists and mappings, times as the tables hold them."""
    return vars(mention) | {
        "arxiv_ids": list(mention.arxiv_ids),
        "created": utc_naive(mention.created),
        "counts": dict(mention.counts),
    }


def reading_row(reading: Attention) -> dict[str, Any]:
    """The reading with its day and total."""
    return {
        "arxiv_id": reading.arxiv_id,
        "source": reading.source,
        "day": reading.digest_day,
        "read_at": utc_naive(reading.read_at),
        "counts": dict(reading.counts),
        "total": reading.total,
    }


def reading_key(reading: Mapping[str, Any]) -> tuple[str, str, datetime]:
    """What tells two readings apart, of their rows."""
    return reading["arxiv_id"], reading["source"], reading["read_at"]


def paper_of(row: Mapping[str, Any]) -> Paper:
    """The paper of a row of ``paper`` or ``post_entry``."""
    return Paper(
        arxiv_id=row["arxiv_id"],
        title=row["title"],
        authors=tuple(row["authors"]),
        abstract=row["abstract"],
        categories=tuple(row["categories"]),
        published=aware(row.get("published")),
        updated=aware(row.get("updated")),
        summary=row["summary"],
    )


def mention_of(row: Mapping[str, Any]) -> Mention:
    """The message of a row of ``mention``."""
    values = dict(row) | {"created": aware(row["created"]), "arxiv_ids": tuple(row["arxiv_ids"])}
    return Mention(**values)


def attention_of(row: Mapping[str, Any]) -> Attention:
    """The reading of a row of ``reading`` or ``post_entry``."""
    return Attention(
        arxiv_id=row["arxiv_id"],
        source=row["source"],
        read_at=aware(row["read_at"]),
        counts=row["counts"],
        day=row["day"],
    )


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry of a row of ``post_entry``."""
    ids = {"arxiv_ids": (row["arxiv_id"],)}
    mentions = tuple(mention_of(mention | ids) for mention in row["mentions"])
    return Entry(paper=paper_of(row), attention=attention_of(row), mentions=mentions)
