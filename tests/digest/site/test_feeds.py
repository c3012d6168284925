"""The feeds: well-formed, complete, stable, and safe against what titles may hold."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from defusedxml import ElementTree
from lxml import html

from hotpapers.digest.edition import Edition
from hotpapers.digest.records import Entry, Paper, Post
from hotpapers.digest.site import Site
from hotpapers.digest.site.feeds import briefs_of

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
URL = "https://example.org/papers/"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, url=URL)


@pytest.fixture
def editions(invented):
    return [invented.edition(invented.day - timedelta(days=back), papers=3) for back in (2, 0, 1)]


def test_atom_has_what_the_standard_asks_for(site, editions):
    site.write_feeds(editions)
    feed = ElementTree.parse(site.out / "atom.xml").getroot()
    assert feed.tag == f"{ATOM}feed"
    assert feed.findtext(f"{ATOM}id") == URL
    assert feed.findtext(f"{ATOM}title") == "Hot Papers"
    assert feed.findtext(f"{ATOM}updated") == "2031-03-07T09:11:52+00:00"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"alternate": URL, "self": f"{URL}atom.xml"}
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        f"{URL}days/2031-03-0{day}.html" for day in (6, 5, 4)
    ]
    for entry in entries:
        assert entry.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}published")
        assert entry.find(f"{ATOM}content").get("type") == "html"
        items = html.fromstring(entry.findtext(f"{ATOM}content")).xpath("//ol/li")
        assert len(items) == 3


def test_rss_has_what_the_standard_asks_for(site, editions):
    site.write_feeds(editions)
    channel = ElementTree.parse(site.out / "rss.xml").getroot().find("channel")
    for name in ("title", "link", "description", "lastBuildDate"):
        assert channel.findtext(name)
    assert channel.find(f"{ATOM}link[@rel='self']").get("href") == f"{URL}rss.xml"
    items = channel.findall("item")
    assert [item.findtext("guid") for item in items] == [
        f"{URL}days/2031-03-0{day}.html" for day in (6, 5, 4)
    ]
    assert items[0].find("guid").get("isPermaLink") == "true"
    assert items[0].findtext("pubDate") == "Fri, 07 Mar 2031 09:11:52 +0000"
    assert "<ol>" in items[0].findtext(CONTENT)


def test_json_feed_has_what_the_standard_asks_for(site, editions):
    site.write_feeds(editions)
    feed = json.loads((site.out / "feed.json").read_bytes())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["home_page_url"], feed["feed_url"]) == ("Hot Papers", URL, f"{URL}feed.json")
    assert [item["id"] for item in feed["items"]] == [f"{URL}days/2031-03-0{day}.html" for day in (6, 5, 4)]
    for item in feed["items"]:
        assert set(item) == {"id", "url", "title", "summary", "content_html", "date_published", "tags"}
        assert datetime.fromisoformat(item["date_published"]).tzinfo is not None


def test_feeds_end_after_thirty_days(site, invented):
    site.write_feeds([invented.edition(invented.day - timedelta(days=back), papers=1) for back in range(40)])
    assert len(json.loads((site.out / "feed.json").read_bytes())["items"]) == 30
    assert len(ElementTree.parse(site.out / "rss.xml").getroot().findall("channel/item")) == 30


def test_feeds_of_nothing_are_still_feeds(site):
    site.write_feeds([])
    assert (
        ElementTree.parse(site.out / "atom.xml").getroot().findtext(f"{ATOM}updated")
        == "1970-01-01T00:00:00+00:00"
    )
    assert json.loads((site.out / "feed.json").read_bytes())["items"] == []


def test_every_control_character_leaves_the_feeds_well_formed(site, invented):
    controls = "".join(map(chr, range(0x20))) + "\x7f\x85\ud800\ufffe\uffff]]><script>&amp;"
    entry = invented.edition(papers=1).post.entries[0]
    paper = Paper(
        arxiv_id="2031.00001",
        title=f"A{controls}Z",
        authors=(controls,),
        abstract=controls,
        categories=(controls, "\0"),
    )
    post = Post(
        date=invented.day,
        made_at=datetime(2031, 3, 7, tzinfo=UTC),
        entries=(Entry(paper=paper, attention=entry.attention),),
    )
    site.write_feeds([Edition(post=post)])
    atom = ElementTree.parse(site.out / "atom.xml").getroot().find(f"{ATOM}entry")
    rss = ElementTree.parse(site.out / "rss.xml").getroot().find("channel/item")
    for shown in (
        atom.findtext(f"{ATOM}summary"),
        atom.findtext(f"{ATOM}content"),
        rss.findtext("description"),
        rss.findtext(CONTENT),
    ):
        assert "<script" not in shown  # each is read as HTML
        assert "]]><script>&amp;" in html.fromstring(shown).text_content()
    item = json.loads((site.out / "feed.json").read_bytes())["items"][0]
    assert "<script" not in item["content_html"]
    assert "A ]]><script>&amp;Z" in html.fromstring(item["content_html"]).text_content()


def test_a_naive_moment_is_taken_as_utc(site, invented):
    post = Post(date=invented.day, made_at=datetime(2031, 3, 7, 1, 2, 3))
    site.write_feeds([Edition(post=post)])
    assert (
        json.loads((site.out / "feed.json").read_bytes())["items"][0]["date_published"]
        == "2031-03-07T01:02:03+00:00"
    )


def test_briefs_link_to_the_paper_on_the_days_page(invented):
    brief = briefs_of(invented.edition(), url=URL)[0]
    assert brief.page == f"{URL}days/2031-03-06.html#paper-3103.01000"


def test_sitemap_lists_pages_and_days_once(site, invented):
    site.write_sitemap([*invented.days(3), *invented.days(1)])
    places = [
        loc.text
        for loc in ElementTree.parse(site.out / "sitemap.xml").getroot().iter()
        if loc.tag.endswith("loc")
    ]
    assert places == [
        URL,
        f"{URL}search.html",
        f"{URL}trends.html",
        f"{URL}claims.html",
        *(f"{URL}days/2031-03-0{day}.html" for day in (6, 5, 4)),
    ]
