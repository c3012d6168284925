"""Invented papers and rooms, the site made of them, and a real browser to look at it."""

from __future__ import annotations

import random
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path

import pytest
from digest.two_windows import planted, store_of

from hotpapers.common.claims import Ledger, Result
from hotpapers.common.papers import Card
from hotpapers.common.papers import Paper as Room
from hotpapers.digest import compare_windows, rising_words
from hotpapers.digest.edition import DaySummary, Edition, RisingWord, RoomStatus, ShiftFigure, Trends
from hotpapers.digest.presenting import shift_figure
from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post
from hotpapers.digest.site import Site, make_server

DAY = date(2031, 3, 6)
_ADJECTIVES = [
    "Sparse",
    "Patient",
    "Recursive",
    "Quiet",
    "Modular",
    "Spectral",
    "Lazy",
    "Distributed",
    "Honest",
    "Calibrated",
]
_NOUNS = [
    "Memories",
    "Gradients",
    "Orchestras",
    "Telescopes",
    "Grammars",
    "Rivers",
    "Proofs",
    "Harmonies",
    "Maps",
    "Archives",
]
_FIELDS = ["cs.LG", "cs.CL", "cs.CV", "stat.ML", "cs.SD", "cs.NE", "math.OC", "q-bio.NC", "hep-th", "cs.CR"]
_GIVEN = ["Ada", "Bo", "Chiara", "Dmitri", "Eun-ji", "Fatima", "Goran", "Hana", "Ivo", "Jun"]
_FAMILY = ["Lindqvist", "Okafor", "Marchetti", "Petrov", "Park", "Haddad", "Novak", "Sato", "Duarte", "Weiss"]
_SENTENCE = "We show that {a} {n} learn from fewer examples when each one is read {k} times in a fixed order."


def invented_paper(seed: int, *, day: date = DAY) -> Paper:
    """Paper number `seed`, the same whenever it is asked for."""
    chance = random.Random(seed)
    adjective, noun = chance.choice(_ADJECTIVES), chance.choice(_NOUNS)
    people = [f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}" for _ in range(chance.randint(1, 12))]
    sentences = [
        _SENTENCE.format(
            a=chance.choice(_ADJECTIVES).lower(), n=chance.choice(_NOUNS).lower(), k=chance.randint(2, 99)
        )
        for _ in range(chance.randint(5, 12))
    ]
    return Paper(
        arxiv_id=f"{day:%y%m}.{seed % 100_000:05d}",
        title=f"{adjective}  {noun}: Number {seed} of a Series on {chance.choice(_NOUNS)} that Learn",
        authors=tuple(people),
        abstract=" ".join(sentences),
        categories=tuple(chance.sample(_FIELDS, chance.randint(1, 4))),
    )


def invented_tweet(seed: int) -> Mention:
    """A tweet in the shape in which the network embeds it, in one of four languages."""
    chance = random.Random(seed)
    lang, direction, text = chance.choice(
        [
            ("en", "ltr", "A fine paper on small memories.<br><br>Worth the evening &amp; the tea."),
            ("ja", "ltr", "小さな記憶についての面白い論文です。今晩読みます。"),
            ("ar", "rtl", "ورقة جميلة عن الذاكرة الصغيرة، تستحق القراءة هذا المساء."),
            ("und", "ltr", "wow"),
        ]
    )
    name, handle = f"{chance.choice(_GIVEN)} (they) {chance.choice(_FAMILY)}", f"reader_{seed % 1000}"
    html = (
        f'<blockquote class="twitter-tweet"><p lang="{lang}" dir="{direction}">{text} '
        f'<a href="https://t.co/x{seed}">https://t.co/x{seed}</a> '
        f'<a href="https://t.co/y{seed}">pic.twitter.com/y{seed}</a></p>&mdash; {escape(name)} (@{handle}) '
        f'<a href="https://twitter.com/{handle}/status/{10**18 + seed}?ref_src=twsrc%5Etfw">March 6, 2031</a>'
        "</blockquote>"
    )
    return Mention(source="twitter", id=str(10**18 + seed), arxiv_ids=(), html=html)


def invented_edition(day: date = DAY, papers: int = 9, *, seed: int = 1) -> Edition:
    """A day of `papers` entries with one to five tweets each."""
    chance = random.Random(f"{day} {seed}")
    made = datetime(day.year, day.month, day.day, 9, 11, 52, tzinfo=UTC) + timedelta(days=1)
    totals = sorted((chance.randint(50, 3000) for _ in range(papers)), reverse=True)
    entries = []
    for number, total in enumerate(totals):
        paper = invented_paper(seed * 1000 + number, day=day)
        counts = {"retweets": total // 4, "favorites": total - total // 4}
        attention = Attention(arxiv_id=paper.arxiv_id, source="twitter", read_at=made, counts=counts, day=day)
        tweets = tuple(
            invented_tweet(seed * 10_000 + number * 10 + item) for item in range(chance.randint(1, 5))
        )
        entries.append(Entry(paper=paper, attention=attention, mentions=tweets))
    return Edition(
        post=Post(date=day, made_at=made, entries=tuple(entries)),
        previous=day - timedelta(days=1),
        following=day + timedelta(days=3),
    )


def hard_edition() -> Edition:
    """What strains a layout: a 200-author list, a word without end, Arabic, Japanese, growth, no abstract."""
    plain = invented_edition(papers=12)
    entries = list(plain.post.entries)

    def with_paper(place: int, **changes: object) -> None:
        entry = entries[place]
        entries[place] = Entry(
            paper=Paper(**{**vars(entry.paper), **changes}),
            attention=entry.attention,
            mentions=entry.mentions,
        )

    crowd = tuple(
        f"{given} {family} {number}" for number in range(2) for given in _GIVEN for family in _FAMILY
    )
    with_paper(1, authors=crowd, title="A  Title of Considerable Length " * 6)
    with_paper(
        2,
        title="Donaudampfschifffahrts" * 8,
        abstract="x" * 400 + " and a formula $\\alpha^{" + "y" * 90 + "}$",
    )
    with_paper(
        3,
        title="記憶の小さな地図：長い題名の論文がどのように折り返されるかについて",
        authors=("佐藤 花",),
        abstract="これは要旨です。" * 30,
    )
    with_paper(4, title="خرائط صغيرة للذاكرة", authors=("فاطمة حداد",), abstract="هذه خلاصة. " * 30)
    with_paper(5, abstract="", summary="A short account in words of our own.", categories=())
    with_paper(6, abstract="", authors=())
    bluesky = Mention(
        source="bluesky",
        id="b1",
        arxiv_ids=(),
        url="https://bsky.app/profile/a/post/1",
        author="@reader.example",
        text="Two lines,\nand a link: https://example.org/a?b=c&d=e.",
        created=datetime(2031, 3, 6, 8, tzinfo=UTC),
        counts={"likes": 1200, "reposts": 3},
    )
    entries[3] = Entry(
        paper=entries[3].paper, attention=entries[3].attention, mentions=(bluesky, *entries[3].mentions)
    )
    entries[7] = Entry(paper=entries[7].paper, attention=entries[7].attention)
    grown = entries[8].attention
    readings = tuple(
        Attention(
            arxiv_id=grown.arxiv_id,
            source="twitter",
            read_at=grown.read_at - timedelta(hours=6 * back),
            counts={name: int(value * (1 - 0.25 * back)) for name, value in grown.counts.items()},
        )
        for back in (3, 2, 1, 0)
    )
    return Edition(
        post=Post(date=plain.post.date, made_at=plain.post.made_at, entries=tuple(entries)),
        previous=plain.previous,
        following=plain.following,
        readings={grown.arxiv_id: readings},
    )


def tiny_png(width: int = 48, height: int = 27) -> bytes:
    """A picture with a slope of grey."""
    rows = b"".join(b"\0" + bytes((x * 5 + y * 4) % 256 for x in range(width)) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def tiny_wav() -> bytes:
    """A tenth of a second of silence."""
    data = bytes(1600)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVE"
        + form
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )


def invented_rooms(folder: Path) -> tuple[RoomStatus, ...]:
    """Five rooms: one with everything, one not installed, one in trouble, one without a paper, the digest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "picture.png").write_bytes(tiny_png())
    (folder / "sound.wav").write_bytes(tiny_wav())
    (folder / "page.html").write_text("<!doctype html><title>Result</title><h1>Result</h1>", encoding="utf-8")

    def room(slug: str, arxiv_id: str | None) -> Room:
        return Room(
            slug=slug,
            title=f"{slug.title()} of Small Things",
            purpose=f"Find the {slug} in a text of your own",
            cli=f"invented.{slug}.cli:app",
            arxiv_id=arxiv_id,
        )

    def result(number: int, verdict: str, measured: str) -> Result:
        return Result(
            id=f"C{number}",
            statement=f"A store of {10 * number} patterns gives each of them back",
            source="Table 2",
            reported="98.0 %",
            measured=measured,
            verdict=verdict,  # type: ignore[arg-type]
            seconds=1.5,
        )

    ledger = Ledger(
        paper="memories",
        made={"date": "2031-03-06T10:00:00+00:00", "commit": "0123456789ab", "machine": "x86_64, 2 cores"},
        claims=(
            result(1, "holds", "98.4 %"),
            result(2, "fails", "71.0 %"),
            result(3, "not checked", "needs data that can't be had"),
        ),
    )
    full = Card(
        text="Gave back 24 of 24 stored letters from a third of their ink.",
        command="hotpapers memories recall letters.png --ink 0.33",
        picture=folder / "picture.png",
        picture_alt="Letters, half erased and completed",
        sound=folder / "sound.wav",
        page=folder / "page.html",
        facts={"recall": "98.4 %", "time": "0.8 s"},
    )
    papers = invented_edition().post.entries
    return (
        RoomStatus(room=room("memories", papers[0].paper.arxiv_id), card=full, ledger=ledger),
        RoomStatus(room=room("orchestras", papers[3].paper.arxiv_id), missing=("torch>=2.6", "mido>=1.3")),
        RoomStatus(room=room("rivers", "3001.00001"), trouble="the river data is not here"),
        RoomStatus(
            room=room("grammars", None),
            card=Card(text="Parsed a sentence.", command="hotpapers grammars parse"),
        ),
        RoomStatus(room=room("digest", None)),
    )


def invented_trends() -> Trends:
    """Six rising words."""
    words = ("memory", "orchestra", "calibration", "counterfactuals", "rivers", "tea")
    return Trends(
        since=date(2031, 2, 7),
        until=DAY,
        before_since=date(2031, 1, 10),
        before_until=date(2031, 2, 6),
        papers=240,
        papers_before=230,
        words=tuple(
            RisingWord(
                word=word,
                now=0.12 - 0.015 * place,
                before=0.03,
                papers=29 - place,
                score=4.2 - 0.3 * place,
                q=0.01 + 0.03 * place,
            )
            for place, word in enumerate(words)
        ),
        clear=frozenset(words[:2]),
    )


@cache
def invented_shift() -> ShiftFigure:
    """The word shift of two made-up windows, with two clear words among many that may be chance."""
    with store_of(*planted()) as store:
        return shift_figure(compare_windows(store, rising_words(store), top=30, contexts=6), top=30)


def invented_days(count: int = 40) -> list[DaySummary]:
    """`count` days up to `DAY`."""
    return [
        DaySummary(
            date=DAY - timedelta(days=back), papers=9, total=4000, top_title=invented_paper(back).title
        )
        for back in range(count)
    ]


def write_everything(
    out: Path,
    edition: Edition,
    rooms: tuple[RoomStatus, ...],
    *,
    trends: Trends | None = None,
    shift: ShiftFigure | None = None,
) -> Site:
    """All pages, feeds and the sitemap of one day."""
    site = Site(out, rooms=rooms)
    site.write_day(edition)
    site.write_index(invented_days(), edition)
    site.write_search([(edition.post.date, entry.paper) for entry in edition.post.entries])
    site.write_trends(trends or invented_trends(), shift or invented_shift())
    site.write_claims()
    site.write_feeds([edition])
    site.write_sitemap(invented_days())
    return site


PAGES = ("index.html", f"days/{DAY.isoformat()}.html", "search.html", "trends.html", "claims.html")


@dataclass(frozen=True)
class Invented:
    """The makers of this file, for tests (which can't import a conftest)."""

    day: date = DAY
    pages: tuple[str, ...] = PAGES
    paper: Callable[..., Paper] = invented_paper
    tweet: Callable[[int], Mention] = invented_tweet
    edition: Callable[..., Edition] = invented_edition
    hard_edition: Callable[[], Edition] = hard_edition
    rooms: Callable[[Path], tuple[RoomStatus, ...]] = invented_rooms
    trends: Callable[[], Trends] = invented_trends
    shift: Callable[[], ShiftFigure] = invented_shift
    days: Callable[..., list[DaySummary]] = invented_days
    write_everything: Callable[..., Site] = write_everything
    png: Callable[..., bytes] = tiny_png


@pytest.fixture(scope="session")
def invented() -> Invented:
    return Invented()


@pytest.fixture(scope="session")
def written_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the hard day with all rooms; its front page has an easier day, to be quick."""
    folder = tmp_path_factory.mktemp("site")
    site = write_everything(folder / "out", hard_edition(), invented_rooms(folder / "demo"))
    site.write_index(invented_days(), invented_edition(papers=4))
    return folder / "out"


@pytest.fixture(scope="session")
def served_site(written_site: Path) -> Iterator[str]:
    """The address at which `written_site` is served."""
    with make_server(written_site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
