"""The grammar of an archived post, both ways, byte for byte.

A post is Markdown for a static blog: front matter, then one block per paper in rank order. The
grammar was read off 294 published posts; `parse_post` and `render_post` are exact inverses on them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import InputError
from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post

__all__ = ["parse_post", "parse_post_leniently", "render_post"]

SOURCE = "twitter"
MAX_LEAD = 2  # empty lines after the front matter
MAX_FIELD = 100_000  # characters; the longest abstract among 3,347 archived ones has 2,300

_TWEET = '<blockquote class="twitter-tweet">'
_SCRIPT = '<script async src="https://platform.twitter.com/widgets.js" charset="utf-8"></script>'
_FRONT_MATTER = """\
---
title: Hot Papers {day}
date: {made_at}
template: "post"
draft: false
slug: "hot-papers-{day}"
category: "arXiv"
tags:
  - "arXiv"
  - "Twitter"
  - "Machine Learning"
  - "Computer Science"
description: "Hot papers {day}"
socialImage: "/media/flying-marine.jpg"

---"""
_TITLE_LINE = re.compile(r"title: Hot Papers (\d{4}-\d{2}-\d{2})")
_DATE_LINE = re.compile(r"date: (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.Z")
_HEADING = re.compile(r"# (\d+)\. (.*)", re.DOTALL)
_COUNTS = re.compile(r"- retweets: (-?\d+), favorites: (-?\d+) \((\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2})\)")
_LINKS = re.compile(
    r"- links: \[abs\]\(https://arxiv\.org/abs/(\S+)\) \| \[pdf\]\(https://arxiv\.org/pdf/(\S+)\)"
)
_CATEGORY = re.compile(r"\[([A-Za-z.-]+)\]\(https://arxiv\.org/list/([A-Za-z.-]+)/recent\)")
_STATUS = re.compile(
    r'<a href="https://(?:twitter|x)\.com/(\w+)/status/(\d+)[^"<>]*">[^<>]*</a></blockquote>\Z'
)
_TWITTER_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)


class _Reader:
    """The post's lines with a position; every error names the line and what was expected."""

    def __init__(self, lines: Sequence[str], offset: int = 0) -> None:
        self.lines = lines
        self.at = 0
        self.offset = offset

    def fail(self, expected: str, at: int | None = None) -> InputError:
        at = self.at if at is None else at
        found = "the end of the file" if at >= len(self.lines) else _quote(self.lines[at])
        return InputError(f"line {self.offset + at + 1}: expected {expected}, found {found}")

    def take(self, what: str) -> str:
        if self.at >= len(self.lines):
            raise self.fail(what)
        line = self.lines[self.at]
        if len(line) > MAX_FIELD:
            raise InputError(
                f"line {self.offset + self.at + 1}: {what} has {len(line):,} characters, "
                f"at most {MAX_FIELD:,} are accepted"
            )
        self.at += 1
        return line

    def exactly(self, text: str, what: str | None = None) -> None:
        expected = what or (repr(text) if text else "an empty line")
        if self.take(expected) != text:
            raise self.fail(expected, self.at - 1)

    def match(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = pattern.fullmatch(self.take(expected))
        if found is None:
            raise self.fail(expected, self.at - 1)
        return found

    def empty(self, count: int) -> None:
        for _ in range(count):
            self.exactly("")

    @property
    def left(self) -> int:
        return len(self.lines) - self.at


def _quote(line: str) -> str:
    return repr(line if len(line) <= 80 else line[:77] + "...")


def parse_post(text: str) -> Post:
    """Read one post.

    Parameters
    ----------
    text
        The whole file; a byte-order mark and CRLF line ends are tolerated.

    Raises
    ------
    InputError
        Where the text leaves the grammar: names the line and what was expected there.
    """
    reader = _Reader(_lines(text))
    day, made_at = _front_matter(reader)
    lead = _lead(reader)
    entries: list[Entry] = []
    while reader.left:
        entries.append(_entry(reader, day, rank=len(entries) + 1))
        _gap(reader)
    return Post(date=day, made_at=made_at, entries=tuple(entries), lead=lead)


def parse_post_leniently(text: str) -> tuple[Post, list[str]]:
    """Read what can be read of a damaged post.

    The front matter must be sound. Entries that leave the grammar are left out, wrong ranks and
    spacing are forgiven; the second value has one line for each.
    """
    try:
        return parse_post(text), []
    except InputError:
        lines = _lines(text)
    reader = _Reader(lines)
    day, made_at = _front_matter(reader)
    starts = [at for at in range(reader.at, len(lines)) if _HEADING.fullmatch(lines[at])]
    lead = max((starts[0] if starts else reader.at) - reader.at, 0)
    entries: list[Entry] = []
    problems: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        block = _Reader(lines[start:end], offset=start)
        rank = int(lines[start][2 : lines[start].index(".")][:9])
        try:
            entry = _entry(block, day, rank=rank)
        except InputError as error:
            problems.append(f"{error} (entry left out)")
            continue
        rest = [at for at in range(block.at, len(block.lines)) if block.lines[at].strip()]
        if rest:
            problems.append(f"{block.fail('an empty line', rest[0])} (line left out)")
        entries.append(entry)
        if rank != len(entries):
            problems.append(f"line {start + 1}: expected rank {len(entries)}, found {rank} (renumbered)")
    return Post(date=day, made_at=made_at, entries=tuple(entries), lead=min(lead, MAX_LEAD)), problems


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _front_matter(reader: _Reader) -> tuple[date, datetime]:
    reader.exactly("---", "front matter that starts with '---'")
    day_text = reader.match(_TITLE_LINE, "'title: Hot Papers YYYY-MM-DD'")[1]
    made_text = reader.match(_DATE_LINE, "'date: YYYY-MM-DDTHH:MM:SS.Z'")[1]
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise reader.fail("a date that exists", reader.at - 2) from None
    try:
        made_at = datetime.fromisoformat(made_text).replace(tzinfo=UTC)
    except ValueError:
        raise reader.fail("a date and time that exist", reader.at - 1) from None
    for line in _FRONT_MATTER.format(day=day_text, made_at="").split("\n")[3:]:
        reader.exactly(line)
    return day, made_at


def _lead(reader: _Reader) -> int:
    """Empty lines before the first entry; a post without entries ends at the front matter."""
    start = reader.at
    while reader.left and reader.lines[reader.at] == "":
        reader.at += 1
    lead = reader.at - start if reader.left else reader.at - start - 1
    if lead > MAX_LEAD or (reader.left and lead == 0):
        raise reader.fail("one or two empty lines, then '# 1. TITLE'", start)
    return lead


def _entry(reader: _Reader, day: date, rank: int) -> Entry:
    heading = reader.match(_HEADING, f"'# {rank}. TITLE'")
    if heading[1] != str(rank):
        raise reader.fail(f"rank {rank}", reader.at - 1)
    reader.empty(1)
    authors = reader.take("the authors")
    reader.empty(1)
    read_at, counts = _counts(reader)
    reader.empty(1)
    arxiv_id = _identifier(reader)
    categories = _categories(reader)
    reader.empty(1)
    abstract = reader.take("the abstract")
    reader.empty(1)
    paper = Paper(
        arxiv_id=arxiv_id,
        title=heading[2],
        authors=tuple(authors.split(", ")) if authors else (),
        abstract=abstract,
        categories=categories,
    )
    attention = Attention(arxiv_id=arxiv_id, source=SOURCE, read_at=read_at, counts=counts, day=day)
    return Entry(paper=paper, attention=attention, mentions=_tweets(reader, arxiv_id))


def _counts(reader: _Reader) -> tuple[datetime, dict[str, int]]:
    found = reader.match(_COUNTS, "'- retweets: N, favorites: N (MM/DD/YYYY HH:MM:SS)'")
    counts = {"retweets": int(found[1][:18]), "favorites": int(found[2][:18])}
    if min(counts.values()) < 0:
        raise reader.fail("counts of 0 or more", reader.at - 1)
    canonical = f"- retweets: {counts['retweets']}, favorites: {counts['favorites']} ({found[3]})"
    if canonical != found[0]:
        raise reader.fail("counts as plain numbers of at most 18 digits", reader.at - 1)
    try:
        read_at = datetime.strptime(found[3], "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise reader.fail("a reading time that exists", reader.at - 1) from None
    return read_at, counts


def _identifier(reader: _Reader) -> str:
    found = reader.match(
        _LINKS, "'- links: [abs](https://arxiv.org/abs/ID) | [pdf](https://arxiv.org/pdf/ID)'"
    )
    try:
        arxiv_id = normalise_arxiv_id(found[1])
    except InputError:
        arxiv_id = ""
    if not arxiv_id == found[1] == found[2]:
        raise reader.fail("the same arXiv id, without version, in both links", reader.at - 1)
    return arxiv_id


def _categories(reader: _Reader) -> tuple[str, ...]:
    line = reader.take("the categories")
    pairs = _CATEGORY.findall(line)
    categories = tuple(name for name, _ in pairs)
    if line != _category_line(categories):
        raise reader.fail("'- [CAT](https://arxiv.org/list/CAT/recent) | ...'", reader.at - 1)
    return categories


def _tweets(reader: _Reader, arxiv_id: str) -> tuple[Mention, ...]:
    tweets = []
    while reader.left and reader.lines[reader.at].startswith("<blockquote"):
        html = reader.take("an embedded tweet")
        status = _STATUS.search(html)
        if not html.startswith(_TWEET) or status is None:
            raise reader.fail(
                "'<blockquote class=\"twitter-tweet\">...</blockquote>' of one tweet", reader.at - 1
            )
        reader.exactly(_SCRIPT, "the script line of an embedded tweet")
        reader.empty(1)
        author, number = status[1], status[2]
        tweets.append(
            Mention(
                source=SOURCE,
                id=number,
                arxiv_ids=(arxiv_id,),
                url=f"https://twitter.com/{author}/status/{number}",
                author=author,
                html=html,
                created=_tweet_time(int(number[:19])),
            )
        )
    return tuple(tweets)


def _tweet_time(number: int) -> datetime:
    """When a tweet was posted: the upper bits of its number count milliseconds ("snowflake")."""
    return _TWITTER_EPOCH + timedelta(milliseconds=number >> 22)


def _gap(reader: _Reader) -> None:
    """Three empty lines before the next entry; two, and the file's last line end, after the last."""
    reader.empty(2)
    if reader.left == 1 and reader.lines[reader.at] == "":
        reader.at += 1
        return
    reader.empty(1)
    if not reader.left or not reader.lines[reader.at].startswith("# "):
        raise reader.fail("the next entry ('# RANK. TITLE') or the end of the file")


def render_post(post: Post) -> str:
    """Write one post; `parse_post` of the result gives `post` back.

    The format has no place for two things: mentions without a tweet's embed are left out, and a
    paper's summary stands where it has no abstract.

    Raises
    ------
    InputError
        If a field holds a line break, which the format cannot carry, or an entry lacks the
        archive's two counts.
    """
    made_at = post.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.Z")
    front = _FRONT_MATTER.format(day=post.date.isoformat(), made_at=made_at)
    blocks = [_render_entry(rank, entry) for rank, entry in enumerate(post.entries, start=1)]
    body = "\n\n\n".join(blocks) + "\n\n" if blocks else ""
    lead = max(post.lead, 1) if blocks else post.lead
    return front + "\n" + "\n" * lead + body


def _render_entry(rank: int, entry: Entry) -> str:
    paper, attention = entry.paper, entry.attention
    if set(attention.counts) != {"retweets", "favorites"}:
        kinds = ", ".join(attention.counts) or "nothing"
        raise InputError(
            f"{paper.arxiv_id}: a post carries retweets and favorites, this entry counts {kinds}"
        )
    read_at = attention.read_at.astimezone(UTC).strftime("%m/%d/%Y %H:%M:%S")
    lines = [
        f"# {rank}. {paper.title}",
        "",
        ", ".join(paper.authors),
        "",
        f"- retweets: {attention.counts['retweets']}, favorites: {attention.counts['favorites']} ({read_at})",
        "",
        f"- links: [abs]({paper.url}) | [pdf]({paper.pdf_url})",
        _category_line(paper.categories),
        "",
        paper.abstract or paper.summary,
        "",
    ]
    for mention in entry.mentions:
        if mention.html.startswith(_TWEET):
            lines += [mention.html, _SCRIPT, ""]
    if any("\n" in line for line in lines):
        raise InputError(f"{paper.arxiv_id}: a line break inside a field can't be written in a post")
    return "\n".join(lines) + "\n"


def _category_line(categories: Sequence[str]) -> str:
    return "- " + " | ".join(f"[{name}](https://arxiv.org/list/{name}/recent)" for name in categories)
