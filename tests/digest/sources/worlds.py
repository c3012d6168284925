"""Every service in small: the documented shape, ten messages in two days, pages of a few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hotpapers.digest.sources import bluesky, hackernews, huggingface, mastodon, reddit, x
from hotpapers.digest.sources.base import PagedSource
from hotpapers.digest.sources.pacing import Clock
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .misbehaving import Reply, Request, Server, json_reply

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, tzinfo=UTC)
# The app password, tokens and secrets of all worlds: none may ever be seen.
PASSWORD = "pass-word-4711"
SECRETS = (PASSWORD, "client-4712", "secret-4713", "token-4714", "bearer-4715")
ISSUED = "issued-4716"


@dataclass(frozen=True, kw_only=True)
class World:
    """A service on the local server, how to open a source on it, and the ids it should give."""

    make: Callable[[Clock], PagedSource]
    ids: tuple[str, ...]


def moments(count: int = 10) -> list[datetime]:
    """Times in the window, newest first, some five hours apart."""
    return [UNTIL - timedelta(hours=1) - index * timedelta(hours=46) / count for index in range(count)]


def stamp(instant: datetime) -> str:
    """ISO 8601 with Z, as most services write it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def service(server: Server, **credentials: str) -> ServiceSettings:
    """Settings that lead to the local server."""
    secret = {key: Secret(value) for key, value in credentials.items()}
    return ServiceSettings(url=server.url, timeout=10.0, interval=0.0, attempts=3, credentials=secret)


def maker(kind: type[PagedSource], settings: ServiceSettings) -> Callable[[Clock], PagedSource]:
    """Opens a source of that kind."""
    return lambda clock: kind(Settings(services={kind.name: settings}), clock=clock)


def authorised(request: Request, token: str = ISSUED) -> bool:
    return request.headers.get("authorization") == f"Bearer {token}"


# Bluesky ---------------------------------------------------------------------------------------


def bluesky_post(number: int, created: datetime, **changes: object) -> dict[str, object]:
    """A post view as app.bsky.feed.searchPosts gives it."""
    link = f"https://arxiv.org/abs/2011.{number:05d}"
    post: dict[str, object] = {
        "uri": f"at://did:plc:abc{number}/app.bsky.feed.post/3k{number}",
        "cid": "bafy",
        "author": {"did": f"did:plc:abc{number}", "handle": f"user{number}.bsky.social"},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": f"Paper {number}: arxiv.org/abs/2011.0...",
            "createdAt": stamp(created),
            "facets": [{"index": {}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": link}]}],
        },
        "likeCount": number,
        "repostCount": 2,
        "replyCount": 3,
        "quoteCount": 4,
        "indexedAt": stamp(created),
    }
    return post | changes


def bluesky_search(posts: list[dict[str, object]], *, page: int = 3) -> Callable[[Request], Reply]:
    """The search: `since` inclusive, `until` exclusive, newest first, the cursor is an offset."""

    def answer(request: Request) -> Reply:
        since, until = (datetime.fromisoformat(request.query[key]) for key in ("since", "until"))
        found = [post for post in posts if since <= datetime.fromisoformat(str(post["indexedAt"])) < until]
        offset = int(request.query.get("cursor", 0))
        more = offset + page < len(found)
        return json_reply(
            {"posts": found[offset : offset + page], "hitsTotal": len(found)}
            | ({"cursor": str(offset + page)} if more else {})
        )

    return answer


def bluesky_world(server: Server) -> World:
    posts = [bluesky_post(number, created) for number, created in enumerate(moments())]
    search = bluesky_search(posts)

    def guarded(request: Request) -> Reply:
        if not authorised(request):
            return json_reply({"error": "AuthMissing", "message": "Authentication Required"}, 401)
        return search(request)

    server.routes["/xrpc/com.atproto.server.createSession"] = lambda _: json_reply(
        {"accessJwt": ISSUED, "refreshJwt": "refresh-4717", "did": "did:plc:me", "handle": "me.bsky.social"}
    )
    server.routes["/xrpc/app.bsky.feed.searchPosts"] = guarded
    settings = service(server, handle="me.bsky.social", app_password=PASSWORD)
    return World(make=maker(bluesky.Bluesky, settings), ids=tuple(str(post["uri"]) for post in posts))


# Hacker News -----------------------------------------------------------------------------------


def hackernews_hit(number: int, created: datetime, **changes: object) -> dict[str, object]:
    """A hit as Algolia gives it."""
    hit: dict[str, object] = {
        "objectID": str(4000 + number),
        "title": f"Story {number}",
        "url": f"https://arxiv.org/pdf/2011.{number:05d}v2",
        "author": f"user{number}",
        "points": 10 + number,
        "num_comments": number,
        "created_at": stamp(created),
        "created_at_i": int(created.timestamp()),
    }
    return hit | changes


def hackernews_search(hits: list[dict[str, object]], *, reach: int = 4) -> Callable[[Request], Reply]:
    """search_by_date: newest first, never more than `reach` hits of one query, as with Algolia's 1,000."""

    def answer(request: Request) -> Reply:
        low, high = request.query["numericFilters"].split(",")
        first, before = int(low.removeprefix("created_at_i>=")), int(high.removeprefix("created_at_i<"))
        found = [hit for hit in hits if first <= int(str(hit["created_at_i"])) < before]
        size = min(int(request.query["hitsPerPage"]), reach)
        shown = found[:size] if request.query["page"] == "0" else []
        return json_reply({"hits": shown, "nbHits": len(found), "page": 0, "nbPages": 1, "hitsPerPage": size})

    return answer


def hackernews_world(server: Server) -> World:
    hits = [hackernews_hit(number, created) for number, created in enumerate(moments())]
    server.routes["/search_by_date"] = hackernews_search(hits)
    ids = tuple(str(hit["objectID"]) for hit in hits)
    return World(make=maker(hackernews.HackerNews, service(server)), ids=ids)


# Hugging Face ----------------------------------------------------------------------------------


def huggingface_item(number: int, **changes: object) -> dict[str, object]:
    """An item of a daily list; `publishedAt` is the day of submission to arXiv, some days before."""
    about = {
        "id": f"2011.{number:05d}",
        "title": f"Title\n  {number}",
        "summary": "First line\nsecond line",
        "authors": [{"name": "Ada Lovelace", "hidden": False}, {"name": "Alan Turing"}],
        "upvotes": number,
        "publishedAt": "2026-11-17T18:00:00.000Z",
    }
    return {"paper": about | changes, "publishedAt": "2026-11-17T18:00:00.000Z", "numComments": 2}


def huggingface_days(days: dict[str, list[dict[str, object]]]) -> Callable[[Request], Reply]:
    """The daily lists; a day after the last one listed is refused."""

    def answer(request: Request) -> Reply:
        day, size, number = request.query["date"], int(request.query["limit"]), int(request.query.get("p", 0))
        if day > max(days):
            return json_reply({"error": "Invalid date"}, 400)
        return json_reply(days.get(day, [])[number * size : (number + 1) * size])

    return answer


def huggingface_world(server: Server) -> World:
    days = {
        "2026-11-20": [huggingface_item(number) for number in range(6)],
        "2026-11-21": [huggingface_item(number) for number in range(6, 10)],
    }
    server.routes["/api/daily_papers"] = huggingface_days(days)
    ids = tuple(f"2011.{number:05d}" for number in range(10))
    return World(make=maker(huggingface.HuggingFace, service(server)), ids=ids)


# Reddit ----------------------------------------------------------------------------------------


def reddit_child(number: int, created: datetime, **changes: object) -> dict[str, object]:
    """A submission in a listing."""
    about: dict[str, object] = {
        "id": f"1abc{number}",
        "name": f"t3_1abc{number}",
        "permalink": f"/r/MachineLearning/comments/1abc{number}/a_paper/",
        "author": f"user{number}",
        "title": f"[R] Paper {number}",
        "url": f"https://arxiv.org/abs/2011.{number:05d}",
        "selftext": "",
        "score": 5 + number,
        "num_comments": number,
        "created_utc": created.timestamp(),
    }
    return {"kind": "t3", "data": about | changes}


def reddit_search(children: list[dict[str, object]], *, page: int = 3) -> Callable[[Request], Reply]:
    """The search: `after` is the name of the last submission shown."""

    def answer(request: Request) -> Reply:
        if not authorised(request):
            return json_reply({"message": "Unauthorized", "error": 401}, 401)
        names = [child["data"]["name"] for child in children]  # type: ignore[index]
        after = request.query.get("after")
        begin = names.index(after) + 1 if after else 0
        shown = children[begin : begin + page]
        following = names[begin + page - 1] if begin + page < len(names) else None
        return json_reply({"kind": "Listing", "data": {"children": shown, "after": following}})

    return answer


def reddit_world(server: Server) -> World:
    older = reddit_child(99, SINCE - timedelta(days=3))
    children = [reddit_child(number, created) for number, created in enumerate(moments())]
    server.routes["/api/v1/access_token"] = lambda _: json_reply({"access_token": ISSUED, "expires_in": 3600})
    server.routes["/search"] = reddit_search([*children, older])
    settings = service(server, client_id="client-4712", client_secret="secret-4713")
    return World(make=maker(reddit.Reddit, settings), ids=tuple(f"1abc{number}" for number in range(10)))


# Mastodon --------------------------------------------------------------------------------------


def mastodon_status(number: int, created: datetime, **changes: object) -> dict[str, object]:
    """A status."""
    link = f"https://arxiv.org/abs/2011.{number:05d}"
    shown = (
        f'<a href="{link}" rel="nofollow"><span class="invisible">https://</span><span>arxiv.org</span></a>'
    )
    status: dict[str, object] = {
        "id": str(9000 - number),
        "uri": f"https://social.example/users/u{number}/statuses/{9000 - number}",
        "url": f"https://social.example/@u{number}/{9000 - number}",
        "created_at": stamp(created),
        "account": {"acct": f"u{number}@social.example"},
        "content": f"<p>Paper {number} &amp; more<br>{shown}</p>",
        "favourites_count": number,
        "reblogs_count": 2,
        "replies_count": 3,
    }
    return status | changes


def mastodon_search(statuses: list[dict[str, object]], *, page: int = 4) -> Callable[[Request], Reply]:
    """The search, by offset."""

    def answer(request: Request) -> Reply:
        if not authorised(request, "token-4714"):
            return json_reply({"error": "The access token is invalid"}, 401)
        offset = int(request.query.get("offset", 0))
        return json_reply({"accounts": [], "hashtags": [], "statuses": statuses[offset : offset + page]})

    return answer


def mastodon_world(server: Server) -> World:
    statuses = [mastodon_status(number, created) for number, created in enumerate(moments())]
    server.routes["/api/v2/search"] = mastodon_search(statuses)
    ids = tuple(str(status["uri"]) for status in statuses)
    return World(make=maker(mastodon.Mastodon, service(server, token="token-4714")), ids=ids)


# X ---------------------------------------------------------------------------------------------


def x_tweet(number: int, created: datetime, **changes: object) -> dict[str, object]:
    """A post of API v2."""
    link = {"url": "https://t.co/abc", "expanded_url": f"https://arxiv.org/abs/2011.{number:05d}"}
    tweet: dict[str, object] = {
        "id": str(1_800_000 - number),
        "author_id": str(70 + number),
        "text": f"Paper {number} https://t.co/abc",
        "created_at": stamp(created),
        "entities": {"urls": [link]},
        "public_metrics": {"retweet_count": number, "like_count": 2, "reply_count": 3, "quote_count": 4},
    }
    return tweet | changes


def x_search(tweets: list[dict[str, object]], *, page: int = 4) -> Callable[[Request], Reply]:
    """Recent search; the token is "next" and an offset."""

    def answer(request: Request) -> Reply:
        if not authorised(request, "bearer-4715"):
            return json_reply({"title": "Unauthorized", "detail": "Unauthorized", "status": 401}, 401)
        offset = int(request.query.get("next_token", "next0").removeprefix("next"))
        shown = tweets[offset : offset + page]
        users = [{"id": tweet["author_id"], "username": f"user_{tweet['author_id']}"} for tweet in shown]
        meta = {"result_count": len(shown)}
        more = {"next_token": f"next{offset + page}"} if offset + page < len(tweets) else {}
        return json_reply({"data": shown, "includes": {"users": users}, "meta": meta | more})

    return answer


def x_world(server: Server) -> World:
    tweets = [x_tweet(number, created) for number, created in enumerate(moments())]
    server.routes["/2/tweets/search/recent"] = x_search(tweets)
    ids = tuple(str(tweet["id"]) for tweet in tweets)
    return World(make=maker(x.X, service(server, bearer_token="bearer-4715")), ids=ids)


WORLDS = {
    "bluesky": bluesky_world,
    "hackernews": hackernews_world,
    "huggingface": huggingface_world,
    "mastodon": mastodon_world,
    "reddit": reddit_world,
    "x": x_world,
}
