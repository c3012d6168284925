"""Hugging Face Daily Papers: what its readers voted for, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention, Paper
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.http import Client, RefusedError
from hotpapers.digest.sources.json_fields import JsonObject, count, identifier, items, moment, nested, text
from hotpapers.digest.sources.replies import json_list
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["HuggingFace"]

ONE_DAY = timedelta(days=1)
MOST_A_PAGE = 100


class HuggingFace(WebSource):
    """Papers on the daily lists of Hugging Face, with their votes.

    A mention's time is when the paper came onto the list, not when it was submitted to arXiv (what
    the service calls ``publishedAt``, normally some days earlier). The cursor is the next day to
    read. Days that have not begun (in UTC) are not asked for.
    """

    name = "huggingface"
    default_url = "https://huggingface.co"

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        if since == until:
            return
        last = min((until - timedelta.resolution).date(), self._clock.now().date())
        day = _resumed(cursor, since.date(), last) if cursor is not None else since.date()
        with self._connect() as client:
            while day <= last:
                found = [pair for item in self._listed(client, day) if (pair := _listing(item, day))]
                following = day + ONE_DAY
                yield Page(
                    mentions=tuple(mention for mention, _ in found),
                    papers=tuple(paper for _, paper in found),
                    cursor=following.isoformat() if following <= last else None,
                )
                day = following

    def _listed(self, client: Client, day: date) -> Iterator[JsonObject]:
        seen: set[str] = set()
        for number in range(MOST_A_PAGE):
            params = {"date": day.isoformat(), "limit": str(MOST_A_PAGE)} | (
                {"p": str(number)} if number else {}
            )
            try:
                listed = client.get("/api/daily_papers", params, parse=json_list)
            except RefusedError as error:
                # The list of the newest day may not be open yet.
                if error.status in {400, 404} and day >= self._clock.now().date() - ONE_DAY:
                    return
                raise
            fresh = [
                item for item in items(listed) if identifier(nested(item, "paper").get("id")) not in seen
            ]
            seen |= {identifier(nested(item, "paper").get("id")) for item in fresh}
            yield from fresh
            if len(listed) < MOST_A_PAGE or not fresh:
                return


def _resumed(cursor: str, first: date, last: date) -> date:
    try:
        day = date.fromisoformat(cursor)
    except ValueError:
        day = date.min
    if not first <= day <= last + ONE_DAY:
        raise InputError(f"huggingface: cursor {cursor[:40]!r} does not belong to this window")
    return day


def _listing(item: JsonObject, day: date) -> tuple[Mention, Paper] | None:
    about = nested(item, "paper")
    given = identifier(about.get("id"))
    title = text(about.get("title")) or text(item.get("title"))
    try:
        arxiv_id = normalise_arxiv_id(given)
    except InputError:
        return None
    submitted = moment(about.get("submittedOnDailyAt"))
    listed = submitted if submitted and submitted.date() == day else datetime.combine(day, time(), UTC)
    mention = Mention(
        source="huggingface",
        id=given,
        arxiv_ids=(arxiv_id,),
        url=f"https://huggingface.co/papers/{arxiv_id}",
        author=text(nested(about, "submittedOnDailyBy").get("name")),
        text=_one_line(title),
        created=listed,
        counts={"upvotes": count(about.get("upvotes")), "comments": count(item.get("numComments"))},
    )
    paper = Paper(
        arxiv_id=arxiv_id,
        title=_one_line(title),
        authors=tuple(
            name for author in items(about.get("authors")) if (name := _one_line(text(author.get("name"))))
        ),
        abstract=_one_line(text(about.get("summary"))),
        published=moment(about.get("publishedAt")) or moment(item.get("publishedAt")),
    )
    return mention, paper


def _one_line(words: str) -> str:
    return " ".join(words.split())
