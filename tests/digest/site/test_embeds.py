"""Tweets taken apart and re-made; everything else as plain text."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpapers.digest.embeds import Piece, quote
from hotpapers.digest.records import Mention

TWEET = (
    '<blockquote class="twitter-tweet"><p lang="en" dir="ltr">Small &amp; fine<br>see<a href="https://t.co/abc">'
    'https://t.co/abc</a> <a href="https://t.co/def">pic.twitter.com/def</a></p>&mdash; Ada (of Turin) L&amp;N '
    '(@ada_l) <a href="https://twitter.com/ada_l/status/12?ref_src=twsrc%5Etfw">March 6, 2031</a></blockquote>'
)


def mention(html="", **changes):
    return Mention(**{"source": "twitter", "id": "12", "arxiv_ids": (), "html": html, **changes})


def test_a_tweet_is_taken_apart():
    made = quote(mention(TWEET, counts={"likes": 3, "reposts": 0}))
    assert made.pieces == (
        Piece("Small & fine"),
        Piece("\n"),
        Piece("see"),
        Piece(" "),
        Piece("https://t.co/abc", "https://t.co/abc"),
        Piece(" "),
        Piece("pic.twitter.com/def", "https://t.co/def"),
    )
    assert (made.author, made.handle) == ("Ada (of Turin) L&N", "ada_l")
    assert made.url == "https://twitter.com/ada_l/status/12"  # without what tracks the reader
    assert (made.day, made.lang, made.direction) == (date(2031, 3, 6), "en", "ltr")
    assert made.counts == (("likes", 3),)


def test_the_widget_loader_is_left_behind():
    loader = '\n<script async src="https://platform.twitter.com/widgets.js" charset="utf-8"></script>\n'
    assert quote(mention(TWEET + loader)) == quote(mention(TWEET))


@pytest.mark.parametrize(
    ("given_lang", "lang"), [("in", "id"), ("und", ""), ("x y", ""), ("zxx", ""), ("ja", "ja")]
)
def test_language_is_a_real_tag_or_none(given_lang, lang):
    assert quote(mention(TWEET.replace('lang="en"', f'lang="{given_lang}"'))).lang == lang


def test_direction_is_one_of_three():
    assert quote(mention(TWEET.replace('"ltr"', '"rtl"'))).direction == "rtl"
    assert quote(mention(TWEET.replace('"ltr"', '"sideways"'))).direction == "auto"


@pytest.mark.parametrize(
    "change",
    [
        ('class="twitter-tweet"', 'class="other"'),
        ("<br>", "<img src=x onerror=alert(1)>"),
        ("<br>", "<!-- x -->"),
        ("</p>", ""),
        ("(@ada_l)", "ada_l"),
        ("https://twitter.com/ada_l/status/12", "javascript:alert(1)//"),
        ("Small", "<script>alert(1)</script>Small"),
        ("</blockquote>", "</blockquote><iframe src=https://example.org></iframe>"),
        ("</blockquote>", "</blockquote>more text"),
    ],
)
def test_another_shape_becomes_plain_text(change):
    made = quote(mention(TWEET.replace(*change), url="https://twitter.com/ada_l/status/12", author="ada_l"))
    assert "Small & fine" in made.text
    assert "alert" not in made.text
    assert (made.author, made.handle) == ("ada_l", "")
    assert made.url == "https://twitter.com/ada_l/status/12"


def test_an_unsafe_link_within_stays_as_text():
    made = quote(mention(TWEET.replace('href="https://t.co/abc"', 'href="javascript:alert(1)"')))
    assert Piece("https://t.co/abc") in made.pieces
    assert made.handle == "ada_l"


def test_other_networks_show_text_links_and_counts():
    made = quote(
        mention(
            source="bluesky",
            text="One\x00 line,\nthen https://example.org/a_(b)?c=d&e.\nand javascript:alert(1)",
            author="@ada.example",
            url="https://bsky.app/x",
            created=datetime(2031, 3, 6, 23, tzinfo=UTC),
            counts={"quote_count": 2},
        )
    )
    assert made.pieces == (
        Piece("One line,"),
        Piece("\n"),
        Piece("then "),
        Piece("https://example.org/a_(b)?c=d&e", "https://example.org/a_(b)?c=d&e"),
        Piece("."),
        Piece("\n"),
        Piece("and javascript:alert(1)"),
    )
    assert (made.author, made.day, made.direction) == ("ada.example", date(2031, 3, 6), "auto")
    assert made.counts == (("quote count", 2),)


@given(st.text(st.characters()), st.text(), st.text())
def test_no_text_breaks_it_and_every_link_is_web(html, text, url):
    made = quote(mention(html, text=text, url=url))
    for address in [made.url, *(piece.url for piece in made.pieces)]:
        assert not address or re.match(r"https?://", address)


def test_every_tweet_of_the_archive_day_is_taken_apart(shared_data):
    data = shared_data / "digest" / "hot-papers-2020-08-06.md"
    if not data.is_file():
        pytest.skip("the archive post is not among the data sets here")
    lines = [line for line in data.read_text(encoding="utf-8").splitlines() if line.startswith("<blockquote")]
    made = [quote(mention(line)) for line in lines]
    assert len(made) > 10
    assert all(one.handle and one.author and one.day and one.text for one in made)
    assert all("ref_src" not in piece.url for one in made for piece in one.pieces)
