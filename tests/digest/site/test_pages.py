"""The pages as text: what they hold, in which order, and the same bytes every time."""

import itertools
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from lxml import html

from hotpapers.common.errors import InputError
from hotpapers.common.papers import Card
from hotpapers.digest.edition import DaySummary
from hotpapers.digest.records import Attention
from hotpapers.digest.site import Site
from hotpapers.digest.site.archive import archive_of
from hotpapers.digest.site.search import MOST_PAPERS, newest
from hotpapers.digest.site.stories import attention_of


def read(path):
    return html.fromstring(path.read_text(encoding="utf-8"))


def words(element):
    return " ".join(element.text_content().split())


@pytest.fixture
def site(tmp_path, invented):
    return Site(tmp_path / "site", url="https://example.org/papers", rooms=invented.rooms(tmp_path / "demo"))


def test_a_day_shows_its_papers_in_order(site, invented):
    edition = invented.edition(papers=9)
    path = site.write_day(edition)
    page = read(path)
    assert path.relative_to(site.out).as_posix() == "days/2031-03-06.html"
    articles = page.xpath("//main//article[contains(@class, 'story')]")
    assert [int(article.xpath(".//*[@class='rank']/text()")[0]) for article in articles] == list(range(1, 10))
    titles = [" ".join(entry.paper.title.split()) for entry in edition.post.entries]
    assert [words(article.xpath(".//h2")[0]) for article in articles] == titles
    for article, entry in zip(articles, edition.post.entries, strict=True):
        assert [li.text for li in article.xpath(".//ul[@class='tags']/li")] == list(entry.paper.categories)
        assert article.xpath(".//a[text()='PDF']/@href") == [entry.paper.pdf_url]
        assert len(article.xpath(".//blockquote")) == len(entry.mentions)
        assert entry.paper.abstract in words(article).replace("Read on ", "")
        assert f"{entry.attention.total:,}" in words(article.xpath(".//*[@class='attention']")[0])
    assert len(page.xpath("//h1")) == 1
    assert words(page.xpath("//h1")[0]) == "Thursday, 6 March 2031"
    assert page.xpath("//a[@rel='prev']/@href") == ["../days/2031-03-05.html"]
    assert page.xpath("//a[@rel='next']/@href") == ["../days/2031-03-09.html"]


def test_headings_never_skip_a_level(written_site, invented):
    for name in invented.pages:
        levels = [
            int(heading.tag[1]) for heading in read(written_site / name).iter("h1", "h2", "h3", "h4", "h5")
        ]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), name


def test_identifiers_are_unique(written_site, invented):
    for name in invented.pages:
        ids = read(written_site / name).xpath("//@id")
        assert len(ids) == len(set(ids)), name


def test_a_paper_that_runs_shows_command_result_and_claims(site, invented):
    page = read(site.write_day(invented.edition()))
    box = page.xpath("//article[1]//section[@class='run-it']")[0]
    assert box.xpath(".//pre/code/text()") == ["hotpapers memories recall letters.png --ink 0.33"]
    assert box.xpath(".//img/@src") == ["../media/memories/picture.png"]
    assert box.xpath(".//img/@alt") == ["Letters, half erased and completed"]
    assert box.xpath(".//audio/@src") == ["../media/memories/sound.wav"]
    assert (site.out / "media/memories/picture.png").read_bytes() == invented.png()
    assert [words(dd) for dd in box.xpath(".//dd")] == ["98.4 %", "0.8 s"]
    rows = [[words(cell) for cell in row] for row in box.xpath(".//tbody/tr")]
    assert rows[1] == ["A store of 20 patterns gives each of them back Table 2", "98.0 %", "71.0 %", "fails"]
    assert [row[3] for row in rows] == ["holds", "fails", "not checked"]
    assert "1 holds, 1 fails, 1 not checked" in words(box)


def test_states_are_told_apart(site, invented):
    page = read(site.write_day(invented.edition()))
    stories = page.xpath("//article[contains(@class, 'story')]")
    assert 'needs torch>=2.6, mido>=1.3. Install it with pip install "hotpapers[orchestras]"' in words(
        stories[3]
    )
    assert "hotpapers orchestras --help" in words(stories[3])
    assert "Not running here yet" in words(stories[1])
    assert words(page.xpath("//*[@class='ear']")[0]) == "9 papers, 1 of them running here"
    assert "Not running here yet" not in words(stories[0])


def test_rooms_of_other_days_follow_and_the_digest_does_not(site, invented):
    page = read(site.write_day(invented.edition()))
    assert page.xpath("//article[@class='house']/@id") == ["room-rivers", "room-grammars"]
    assert "Its demo did not finish here: the river data is not here" in words(page)
    assert "room-digest" not in page.xpath("//@id")


@pytest.mark.parametrize("name", ["pict ure.png", "..png", "x.exe", "x.svg.html", "ü.png", "gone.png"])
def test_a_picture_that_can_not_be_shown_costs_only_the_picture(tmp_path, invented, name):
    if name != "gone.png":
        (tmp_path / name).write_bytes(b"x")
    status = replace(
        invented.rooms(tmp_path / "demo")[0], card=Card(text="t", command="c", picture=tmp_path / name)
    )
    site = Site(tmp_path / "site", rooms=[status])
    page = read(site.write_day(invented.edition()))
    assert not page.xpath("//img")
    assert "Its result can't be shown: memories: the card's picture" in words(page)
    assert not (site.out / "media").exists()


def test_a_day_without_papers_says_so(site, invented):
    page = read(site.write_day(invented.edition(papers=0)))
    assert "No paper drew enough attention on this day." in words(page)
    assert not page.xpath("//fieldset")
    assert len(page.xpath("//article[@class='house']")) == 4


def test_chips_name_the_commonest_categories_and_the_style_hides_the_others(site, invented):
    edition = invented.edition(papers=35)
    path = site.write_day(edition)
    page, text = read(path), path.read_text(encoding="utf-8")
    chips = page.xpath("//fieldset//input[@type='radio']")
    assert chips[0].get("checked") is not None
    codes = [label.text.strip() for label in page.xpath("//fieldset//label")][1:]
    counted = [int(small.text) for small in page.xpath("//fieldset//label/small")]
    assert counted == sorted(counted, reverse=True)
    for key, (code, count) in enumerate(zip(codes, counted, strict=True), start=1):
        assert f"body:has(#category-{key}:checked) .story:not(.in-{key}) {{ display: none; }}" in text
        tagged = page.xpath(f"//article[contains(concat(' ', @class, ' '), ' in-{key} ')]")
        assert len(tagged) == count
        assert all(code in article.xpath(".//ul[@class='tags']/li/text()") for article in tagged)


def test_a_paper_without_abstract_is_told_in_our_words(written_site, invented):
    page = read(written_site / invented.pages[1])
    story = page.xpath("//article[.//*[@class='rank' and contains(., '6')]]")[0]
    assert "In our words A short account in words of our own." in words(story)
    assert words(story).count("In our words") == 1


def test_two_hundred_authors_fold(written_site, invented):
    byline = read(written_site / invented.pages[1]).xpath(
        "//article[.//*[@class='rank' and contains(., '2')]]//*[@class='byline']"
    )[0]
    assert byline.xpath(".//summary/text()") == ["and 192 more"]
    assert len(words(byline).split(", ")) == 200


def test_languages_and_directions_are_marked(written_site, invented):
    page = read(written_site / invented.pages[1])
    assert set(page.xpath("//blockquote/p/@lang")) == {"en", "ja", "ar"}
    assert page.xpath("//blockquote/p[@lang='ar'][@dir='rtl']")


def test_attention_takes_the_latest_reading_of_each_network(invented):
    entry = invented.edition().post.entries[0]
    early, own = entry.attention.read_at - timedelta(hours=1), entry.attention.read_at
    readings = [
        Attention(arxiv_id="x", source="twitter", read_at=early, counts={"retweets": 1}),
        Attention(arxiv_id="x", source="hackernews", read_at=early, counts={"points": 3, "num_comments": 9}),
        Attention(arxiv_id="x", source="hackernews", read_at=own, counts={"points": 5, "num_comments": 10}),
    ]
    networks = attention_of(entry, readings)
    assert [(counts.network, counts.total) for counts in networks] == [
        ("Twitter", entry.attention.total),
        ("Hacker News", 15),
    ]
    assert networks[1].counts == (("comments", 10), ("points", 5))


def test_growth_is_drawn_only_where_it_was_read(written_site, invented):
    kinds = read(written_site / invented.pages[1]).xpath("//*[@class='attention']/*[name()='svg']/@class")
    assert kinds.count("figure sparkline") == 1
    assert kinds.index("figure sparkline") == 8
    assert kinds.count("figure stacked-bar") == 11


def test_archive_is_by_year_and_month_newest_first(invented):
    years = archive_of(list(reversed(invented.days(800))))
    assert [year.year for year in years] == [2031, 2030, 2029, 2028]
    assert sum(year.days for year in years) == 800
    assert years[0].months[0].name == "March"
    assert [day.day for day in years[0].months[0].days] == [6, 5, 4, 3, 2, 1]
    assert years[0].months[0].titled
    assert not years[-1].months[-1].titled


def test_ten_years_of_days_stay_small(site):
    days = [
        DaySummary(date=date(2031, 3, 6) - timedelta(days=n), papers=9, total=1, top_title="t" * 300)
        for n in range(3650)
    ]
    path = site.write_index(days, None)
    assert path.stat().st_size < 500_000
    assert len(read(path).xpath("//section[@id='archive']//li")) == 3650


def test_search_lists_every_paper_and_says_where_it_ends(site, invented):
    papers = [(date(2031, 1, 1) + timedelta(days=n % 60), invented.paper(n)) for n in range(40)]
    page = read(site.write_search(papers))
    assert len(page.xpath("//section[@id='all']//li/a")) == 40
    assert page.xpath("//section[@id='all']//h3/text()")[0] == "9 February 2031"
    assert page.xpath("//div[@id='search']/@hidden")
    paper = invented.paper(1)
    chosen = newest((date(2000, 1, 1) + timedelta(days=n), paper) for n in range(MOST_PAPERS + 10))
    assert len(chosen) == MOST_PAPERS
    assert chosen[0][0] > chosen[-1][0] == date(2000, 1, 11)


def test_search_says_when_papers_were_left_out(site, invented, monkeypatch):
    monkeypatch.setattr("hotpapers.digest.site.search.MOST_PAPERS", 3)
    monkeypatch.setattr("hotpapers.digest.site.pages.MOST_PAPERS", 3)
    page = read(site.write_search([(invented.day, invented.paper(n)) for n in range(5)]))
    assert "This page holds the newest 3 papers" in words(page)


def test_claims_page_tells_all_rooms(site):
    page = read(site.write_claims())
    text = words(page)
    assert page.xpath("//section[@class='ledger-of']/@id") == [
        "room-memories",
        "room-orchestras",
        "room-rivers",
        "room-grammars",
        "room-digest",
    ]
    assert ["commit", "0123456789ab"] in [[words(part) for part in fact] for fact in page.xpath("//dl/div")]
    assert text.count("No claim of this paper has been checked here yet") == 4
    assert page.xpath("//tr[@class='is-fails']//*[@class='verdict']/text()") == ["fails"]


def test_trends_figure_and_table_agree(site, invented):
    page = read(site.write_trends(invented.trends()))
    rows = [[words(cell) for cell in row] for row in page.xpath("//tbody/tr")]
    assert rows[0] == ["memory", "3.0 %", "12.0 %", "29", "4.2", "clear"]
    assert rows[2][-1] == "may be chance"
    assert "12.0 %" in page.xpath("//*[name()='svg']//*[name()='text']/text()")
    assert not page.xpath("//section[@class='shift']")
    assert not (site.out / "trends-shift.html").exists()


def test_the_word_shift_graph_has_a_table_and_a_page_beside_it(site, invented):
    shift = invented.shift()
    page = read(site.write_trends(invented.trends(), shift))
    section = page.xpath("//section[@class='shift']")[0]
    assert section.xpath(".//*[@class='movers']/text()") == [
        "Clearly rising: transformers. Clearly falling: kernels."
    ]
    assert words(section.xpath(".//p[2]")[0]) == shift.verdict
    pictures = section.xpath(".//*[name()='svg']")
    assert [picture.get("viewbox").split()[2] for picture in pictures] == ["720", "358"]
    for picture in pictures:
        named = picture.xpath("./*[name()='title']")[0]
        assert picture.get("role") == "img"
        assert picture.get("aria-labelledby") == named.get("id")
        assert "the table below has the numbers" in named.text
    rows = [[words(cell) for cell in row] for row in section.xpath(".//tbody/tr")]
    assert [row[0] for row in rows] == [row.word for row in shift.rows]
    first = next(row for row in shift.rows if row.word == "transformers")
    assert ["transformers", str(first.before), str(first.now), f"{first.share:.2f} %"] == rows[
        shift.rows.index(first)
    ][:4]
    assert {row[0] for row in rows if row[5] == "clear"} == {"transformers", "kernels"}
    assert section.xpath(".//a/@href") == ["trends-shift.html"]
    assert (site.out / "trends-shift.html").read_text(encoding="utf-8") == shift.page


def test_the_same_input_gives_the_same_bytes(tmp_path, invented):
    written = []
    for name in ("one", "two"):
        invented.write_everything(tmp_path / name, invented.hard_edition(), invented.rooms(tmp_path / "demo"))
        written.append(
            {
                path.relative_to(tmp_path / name): path.read_bytes()
                for path in (tmp_path / name).rglob("*")
                if path.is_file()
            }
        )
    assert written[0] == written[1]
    assert len(written[0]) >= 12


def test_every_page_has_its_policy_and_nothing_from_elsewhere(written_site, invented):
    for name in invented.pages:
        text = (written_site / name).read_text(encoding="utf-8")
        page = html.fromstring(text)
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert len(policy) == 1
        assert policy[0].startswith(
            "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'sha256-"
        )
        assert ("script-src 'none'" in policy[0]) == (name != "search.html")
        assert not page.xpath("//*[@style]|//link[@rel='stylesheet']|//iframe|//form|//object|//embed")
        for address in page.xpath("//@src"):
            assert re.fullmatch(r"(\.\./)?media/[a-z]+/[a-z]+\.(png|wav)", address)


def test_links_within_the_site_lead_to_files(written_site, invented):
    for name in invented.pages:
        folder = (written_site / name).parent
        for address in read(written_site / name).xpath("//a/@href"):
            if not address.startswith(("http", "#")) and not re.search(r"days/", address):
                assert (folder / address.partition("#")[0]).resolve().is_file(), (name, address)


@pytest.mark.parametrize(
    "url", ["", "example.org", "ftp://example.org/", "https://", "javascript:x", "https://a.org/?x"]
)
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InputError, match="not a site's address"):
        Site(tmp_path, url=url)
