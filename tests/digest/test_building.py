"""The pages made from a store: which files, what is in them, and what costs nothing."""

from __future__ import annotations

import json
import re
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from hotpapers.common.claims import Ledger, Result
from hotpapers.common.errors import InputError
from hotpapers.common.papers import Card, Paper
from hotpapers.digest import Store, demo, first_day, render_post
from hotpapers.digest.building import build_day, build_site, house
from hotpapers.digest.mailing import mail_day

URL = "https://example.org/papers/"


def links(page: Path) -> set[str]:
    """Local files that a page links to."""
    found = re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8"))
    return {str((page.parent / link).resolve()) for link in found if link}


def test_one_day_writes_its_page_its_post_and_what_leads_to_it(store, posts, tmp_path):
    page = build_day(store, store.edition(posts[5].date), tmp_path, url=URL, rooms=house(tmp_path))
    assert page == tmp_path / "days" / "2020-08-08.html"
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        "days/2020-08-08.html", "posts/2020-08-08---Hot-Papers.md", "index.html", "claims.html",
        "atom.xml", "rss.xml", "feed.json", "sitemap.xml",
    }  # fmt: skip
    assert (tmp_path / "posts" / "2020-08-08---Hot-Papers.md").read_bytes() == render_post(posts[5]).encode()
    feed = json.loads((tmp_path / "feed.json").read_text())
    assert feed["items"][0]["date_published"][:10] == "2020-08-09"
    assert len(feed["items"]) == 6


def test_the_whole_site_has_no_dead_links_and_is_the_same_twice(store, tmp_path):
    index = build_site(store, tmp_path / "a", url=URL, rooms=house(tmp_path))
    assert index == tmp_path / "a" / "index.html"
    pages = sorted((tmp_path / "a").rglob("*.html"))
    assert len(pages) == 6 + 3  # days; index, search, claims (no trends: the archive is a week old)
    for page in pages:
        dead = {link for link in links(page) if not Path(link).exists()}
        assert not dead, f"{page}: {dead}"
    build_site(store, tmp_path / "b", url=URL, rooms=house(tmp_path))
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path


def test_a_day_built_into_a_whole_site_keeps_its_links(store, posts, tmp_path):
    build_site(store, tmp_path, url=URL, rooms=())
    build_day(store, store.edition(posts[0].date), tmp_path, url=URL, rooms=())
    day = tmp_path / "days" / "2020-08-03.html"
    assert str(tmp_path / "search.html") in links(day)
    for page in tmp_path.rglob("*.html"):
        assert not {link for link in links(page) if not Path(link).exists()}, page
    newest = (tmp_path / "index.html").read_text()
    assert posts[5].entries[0].paper.title in newest  # the index stays with the newest day


def test_an_empty_store_has_no_site(tmp_path):
    with Store(":memory:") as store, pytest.raises(InputError, match="no day yet"):
        build_site(store, tmp_path, url=URL, rooms=())


def test_the_demo_shows_the_first_day_with_every_papers_state(tmp_path):
    index = demo.build_demo(tmp_path / "demo", results=tmp_path)
    text = index.read_text(encoding="utf-8")
    assert text.count("<article") >= 8
    for entry in first_day().entries:
        assert entry.paper.arxiv_id in text
    assert "2,353" in text
    for page in (tmp_path / "demo").rglob("*.html"):
        assert not {link for link in links(page) if not Path(link).exists()}, page


@pytest.fixture
def invented(monkeypatch, tmp_path):
    """A room of our own making for one of the day's papers; its demo counts how often it ran."""
    room = Paper(
        slug="invented", title="An invention", purpose="Try it", cli="hotpapers.digest.cli:app",
        arxiv_id="2008.02217", demo="invented:demo",
    )  # fmt: skip
    ran = []

    def run(out: Path) -> Card:
        ran.append(out)
        (out / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>')
        return Card(
            text="It came out as expected.", command="hotpapers invented run FILE", picture=out / "picture.svg",
            picture_alt="A picture", facts={"recall": "98.4 %"},
        )  # fmt: skip

    monkeypatch.setattr(demo, "installed_papers", lambda: iter([room]))
    monkeypatch.setattr("hotpapers.digest.building.installed_papers", lambda: iter([room]))
    monkeypatch.setattr(demo, "load", lambda name: run)
    return ran


def test_a_demo_runs_once_until_its_room_changes(invented, tmp_path, monkeypatch):
    index = demo.build_demo(tmp_path / "demo", results=tmp_path)
    text = index.read_text(encoding="utf-8")
    for shown in ("It came out as expected.", "hotpapers invented run FILE", "98.4 %", "media/invented/"):
        assert shown in text
    demo.build_demo(tmp_path / "demo", results=tmp_path)
    assert len(invented) == 1
    demo.build_demo(tmp_path / "demo", results=tmp_path, fresh=True)
    assert len(invented) == 2
    monkeypatch.setattr(demo, "_key", lambda paper: "changed")
    demo.build_demo(tmp_path / "demo", results=tmp_path)
    assert len(invented) == 3
    assert not [path for path in (tmp_path / "demo" / "demos").iterdir() if path.name.startswith(".")]


def test_a_demo_that_fails_costs_only_itself(invented, tmp_path, monkeypatch, capsys):
    def broken(out: Path) -> Card:
        raise ValueError("out of\nluck")

    monkeypatch.setattr(demo, "load", lambda name: broken)
    index = demo.build_demo(tmp_path / "demo", results=tmp_path)
    assert "ValueError: out of luck" in index.read_text(encoding="utf-8")
    assert "invented: failed: ValueError: out of luck" in capsys.readouterr().err


def test_the_ledger_of_a_paper_is_on_its_card(invented, tmp_path):
    from hotpapers.common.claims import write_ledger

    results = [
        Result(
            id="C1",
            statement="Stores all",
            source="Table 1",
            reported="99 %",
            measured="12 %",
            verdict="fails",
            seconds=1,
        )
    ]
    room = Paper(slug="invented", title="", purpose="", cli="x.cli:app")
    write_ledger(room, results, tmp_path)
    text = demo.build_demo(tmp_path / "demo", results=tmp_path).read_text(encoding="utf-8")
    assert "99 %" in text
    assert "12 %" in text
    assert isinstance(house(tmp_path)[0].ledger, Ledger)


def test_a_day_goes_out_as_a_letter(store, posts, tmp_path):
    edition = store.edition(posts[5].date)
    line = mail_day(
        edition, rooms=(), url=URL, sender="digest@example.org", recipients=[], out=tmp_path / "day.eml"
    )
    assert line == str(tmp_path / "day.eml")
    message = message_from_bytes((tmp_path / "day.eml").read_bytes(), policy=default)
    assert "8 August 2020" in message["Subject"]
    plain = message.get_body(("plain",)).get_content()
    for entry in edition.post.entries:
        assert entry.paper.title in " ".join(plain.split())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "nothing to do"),
        ({"smtp": "mail.example.org:587"}, "needs a recipient"),
        ({"smtp": "mail.example.org", "recipients": ["a@example.org"]}, "expected HOST:PORT"),
    ],
)
def test_a_letter_to_nowhere_is_refused(store, options, complaint):
    edition = store.edition(date(2020, 8, 3))
    with pytest.raises(InputError, match=complaint):
        mail_day(
            edition, **({"rooms": (), "url": URL, "sender": "a@example.org", "recipients": []} | options)
        )
