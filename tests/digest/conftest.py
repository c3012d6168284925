"""Posts made up for tests, stores filled with them, and the command line run in this process."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hotpapers.cli import main
from hotpapers.digest import Attention, Entry, Mention, Paper, Post, Store, render_post


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys) -> Callable[..., Done]:
    """Run ``hotpapers ARGUMENTS`` here and catch what it prints."""

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(ended.value.code or 0, captured.out, captured.err)

    return call


@pytest.fixture
def run_apart() -> Callable[..., subprocess.CompletedProcess]:
    """Run ``python -m hotpapers ARGUMENTS`` in a process of its own."""

    def call(*arguments: object, **options) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "hotpapers", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)

    return call


def tweet(number: int, text: str = "A paper") -> str:
    """An embed of the archive's shape around a made-up message."""
    return (
        f'<blockquote class="twitter-tweet"><p lang="en" dir="ltr">{text}</p>&mdash; Somebody (@somebody) '
        f'<a href="https://twitter.com/somebody/status/{number}?ref_src=twsrc%5Etfw">August 6, 2020</a></blockquote>'
    )


def make_entry(
    arxiv_id: str, retweets: int, favorites: int, *, day: date, tweets: int = 1, **fields
) -> Entry:
    """One made-up entry."""
    read_at = datetime(day.year, day.month, day.day, 9, 12, tzinfo=UTC) + timedelta(days=1)
    facts = {
        "title": f"On the subject of {arxiv_id}",
        "authors": ("Ada Example", "Günter Beispiel"),
        "abstract": f"We study {arxiv_id} at length and find it to be what it is.",
        "categories": ("cs.LG", "stat.ML"),
    }
    counts = {"retweets": retweets, "favorites": favorites}
    first = 1_290_000_000_000_000_000 + sum(map(ord, arxiv_id)) * 1_000_000
    return Entry(
        paper=Paper(arxiv_id=arxiv_id, **(facts | fields)),
        attention=Attention(arxiv_id=arxiv_id, source="twitter", read_at=read_at, counts=counts, day=day),
        mentions=tuple(
            Mention(
                source="twitter",
                id=str(first + at),
                arxiv_ids=(arxiv_id,),
                url=f"https://twitter.com/somebody/status/{first + at}",
                author="somebody",
                html=tweet(first + at),
                created=datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
                + timedelta(milliseconds=(first + at) >> 22),
            )
            for at in range(tweets)
        ),
    )


def make_post(day: date, *entries: Entry, lead: int = 1) -> Post:
    """A post of these entries, made on the next morning."""
    made_at = datetime(day.year, day.month, day.day, 9, 12, 30, tzinfo=UTC) + timedelta(days=1)
    return Post(date=day, made_at=made_at, entries=entries, lead=lead)


@pytest.fixture
def posts() -> list[Post]:
    """Six days in August 2020; one paper comes back on the last day with more attention."""
    made = []
    for at in range(6):
        day = date(2020, 8, 3) + timedelta(days=at)
        entries = [
            make_entry(f"2008.{100 * at + rank:05d}", 600 - 100 * rank + at, 50, day=day, tweets=rank % 3)
            for rank in range(1, 5)
        ]
        made.append(make_post(day, *entries))
    again = make_entry("2008.00001", 900, 150, day=date(2020, 8, 8))
    last = made[-1]
    made[-1] = make_post(last.date, again, *last.entries)
    return made


@pytest.fixture
def folder_of_posts(tmp_path: Path, posts) -> Path:
    """The same posts as Markdown files."""
    folder = tmp_path / "posts"
    folder.mkdir()
    for post in posts:
        (folder / f"{post.date}---Hot-Papers.md").write_bytes(render_post(post).encode())
    return folder


@pytest.fixture
def zip_of_posts(tmp_path: Path, posts) -> Path:
    """The same posts in a zip archive."""
    path = tmp_path / "posts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for post in posts:
            archive.writestr(f"{post.date}---Hot-Papers.md", render_post(post))
    return path


@pytest.fixture
def store(posts):
    """A store in memory with the posts."""
    with Store(":memory:") as opened:
        opened.put_posts(posts)
        yield opened


@pytest.fixture
def store_path(tmp_path: Path, posts) -> Path:
    """A store on disk with the posts, closed."""
    path = tmp_path / "digest.duckdb"
    with Store(path) as opened:
        opened.put_posts(posts)
    return path


TABLES = ("paper", "post", "post_entry", "mention", "reading", "standing", "fetch_state")


def dump(path: Path) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own: two stores with equal dumps hold the same."""
    with Store(path, read_only=True) as opened:
        return {table: sorted(repr(row) for row in opened.rows(f"SELECT * FROM {table}")) for table in TABLES}
