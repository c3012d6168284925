"""Archives of posts and files of mentions into the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hotpapers.common.console import progress
from hotpapers.common.errors import InputError
from hotpapers.digest.archive import read_posts
from hotpapers.digest.records import Attention, Mention, Paper, Post

if TYPE_CHECKING:
    from hotpapers.digest.store import Store

__all__ = ["Imported", "import_path", "read_post_of", "sum_counts"]

Item = TypeVar("Item")

# So many posts are one transaction. Batches are cut by place in the archive, not by what is new, so
# that an import that was killed and run again ends at the same rows as one that was not.
_BATCH = 64
_MENTION_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: posts (or mentions) read, those that were new, and what was forgiven."""

    read: int
    new: int
    what: str
    problems: tuple[str, ...] = ()


def import_path(store: Store, path: Path, *, lenient: bool = False) -> Imported:
    """Bring a post, a folder or zip of posts, or a ``.jsonl`` of mentions into the store.

    Everything is read and checked before anything is written, so bad input leaves the store as it
    was. Importing the same again changes nothing; after a crash it goes on where it stopped.

    Raises
    ------
    InputError
        If something in `path` is not what it should be (with `lenient`: if nothing is).
    """
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return _import_mentions(store, path)
    posts: list[Post] = []
    problems: list[str] = []
    for _, post, found in read_posts(path, lenient=lenient):
        problems += found
        if post is not None:
            posts.append(post)
    if not posts:
        raise InputError(f"{path}: no post could be read; the first problem: {problems[0]}")
    _refuse_twins(posts)
    batches = list(_batched(posts, _BATCH))
    new = sum(store.put_posts(batch) for batch in progress(batches, "importing"))
    return Imported(read=len(posts), new=new, what="posts", problems=tuple(problems))


def _refuse_twins(posts: Sequence[Post]) -> None:
    seen: dict[date, Post] = {}
    for post in posts:
        if seen.setdefault(post.date, post) != post:
            raise InputError(f"two different posts of {post.date}: keep one of them")


def read_post_of(path: Path, day: date, *, lenient: bool = False) -> Post:
    """The post of one day from a file, folder or zip of posts.

    Raises
    ------
    InputError
        If there is none.
    """
    for _, post, _ in read_posts(path, lenient=lenient, only=day):
        if post is not None:
            return post
    raise InputError(f"{path} has no post of {day}")


def _import_mentions(store: Store, path: Path) -> Imported:
    """Two passes over the file: the first only checks, so that a wrong last line changes nothing."""
    from hotpapers.digest.sources.jsonl import read_mentions

    read = sum(1 for _ in read_mentions(path))
    if not read:
        raise InputError(f"{path} has no mention that points at an arXiv paper")
    new = 0
    now = datetime.now(UTC)
    for batch in _batched(progress(read_mentions(path), "importing", total=read), _MENTION_BATCH):
        with store.transaction():
            new += store.put_mentions([mention for mention, _ in batch])
            described: dict[str, Paper] = {}
            for mention, papers in batch:
                described |= {
                    arxiv_id: Paper(arxiv_id=arxiv_id, title="", authors=()) for arxiv_id in mention.arxiv_ids
                }
                described |= {paper.arxiv_id: paper for paper in papers}
            store.put_papers(described.values(), seen_at=now)
            touched = {(arxiv_id, mention.source) for mention, _ in batch for arxiv_id in mention.arxiv_ids}
            store.put_readings(_history(store, touched))
    return Imported(read=read, new=new, what="mentions")


def _history(store: Store, touched: set[tuple[str, str]]) -> Iterator[Attention]:
    """A reading for each day on which a paper was mentioned: the running total up to that day."""
    for (arxiv_id, source), mentions in store.mentions_by_paper(sorted({at[0] for at in touched})).items():
        if (arxiv_id, source) not in touched:
            continue
        dated = sorted(
            (mention for mention in mentions if mention.created), key=lambda mention: str(mention.created)
        )
        for at, mention in enumerate(dated):
            following = dated[at + 1].created if at + 1 < len(dated) else None
            if mention.created and not (following and following.date() == mention.created.date()):
                counts = sum_counts(dated[: at + 1])
                yield Attention(arxiv_id=arxiv_id, source=source, read_at=mention.created, counts=counts)


def sum_counts(mentions: Sequence[Mention]) -> dict[str, int]:
    """A paper's running totals on a network: the sums over the messages that point at it.

    Where the network counts no reactions, the messages themselves are counted, as ``"posts"``.
    """
    counts: dict[str, int] = {}
    for mention in mentions:
        for kind, value in mention.counts.items():
            counts[kind] = counts.get(kind, 0) + value
    return counts or {"posts": len(mentions)}


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
