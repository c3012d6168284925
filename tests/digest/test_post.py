"""The post's grammar: exact both ways, on the archive and on anything that can be written in it."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import InputError
from hotpapers.digest import (
    Attention,
    Entry,
    Mention,
    Paper,
    Post,
    parse_post,
    parse_post_leniently,
    render_post,
)

from .conftest import make_entry, make_post, tweet

DAY = date(2020, 8, 6)

# Any text that fits on a line: all of Unicode but line feeds, lone surrogates and what CRLF tolerance eats.
line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=60)
name = line.filter(
    lambda text: text and ", " not in text and not text.startswith(" ") and not text.endswith(",")
)
moment = st.datetimes(datetime(2007, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=0)
)
category = st.from_regex(r"[a-z]{2,5}(-[a-z]{2,4})?(\.[A-Z]{2})?", fullmatch=True)


@st.composite
def entries(draw, day):
    arxiv_id = draw(
        st.from_regex(
            r"1[0-4](0[1-9]|1[0-2])\.[0-9]{4}|(1[5-9]|2[0-9])(0[1-9]|1[0-2])\.[0-9]{5}|hep-th/9[2-9]1[0-2][0-9]{3}",
            fullmatch=True,
        )
    )
    count = st.integers(0, 10**12)
    numbers = draw(st.lists(st.integers(1, 2**63 - 1), max_size=3))
    mentions = []
    for number in numbers:
        html = tweet(number, draw(line).replace("<", "&lt;"))
        mentions.append(html)
    return Entry(
        paper=Paper(
            arxiv_id=arxiv_id,
            title=draw(line),
            authors=tuple(draw(st.lists(name, max_size=3))),
            abstract=draw(line),
            categories=tuple(draw(st.lists(category, max_size=3))),
        ),
        attention=Attention(
            arxiv_id=arxiv_id,
            source="twitter",
            read_at=draw(moment),
            counts={"retweets": draw(count), "favorites": draw(count)},
            day=day,
        ),
        mentions=tuple(
            Mention(source="twitter", id="", arxiv_ids=(arxiv_id,), html=html) for html in mentions
        ),
    )


@st.composite
def generated(draw):
    day = draw(st.dates(date(2000, 1, 1), date(2037, 1, 1)))
    listed = draw(st.lists(entries(day), max_size=4))
    lead = draw(st.integers(1 if listed else 0, 2))
    return Post(date=day, made_at=draw(moment), entries=tuple(listed), lead=lead)


@given(generated())
@settings(max_examples=150, deadline=None)
def test_rendered_posts_parse_to_the_same_records_and_bytes(post):
    text = render_post(post)
    parsed = parse_post(text)
    assert render_post(parsed) == text
    assert (parsed.date, parsed.made_at, parsed.lead) == (post.date, post.made_at, post.lead)
    for ours, theirs in zip(parsed.entries, post.entries, strict=True):
        assert ours.paper == theirs.paper
        assert ours.attention == theirs.attention
        assert [mention.html for mention in ours.mentions] == [mention.html for mention in theirs.mentions]
    assert parse_post_leniently(text) == (parsed, [])
    assert parse_post("\ufeff" + text.replace("\n", "\r\n")) == parsed


def test_all_archived_posts_round_trip_byte_for_byte(shared_data):
    with zipfile.ZipFile(shared_data / "digest" / "posts-2020.zip") as archive:
        contents = {member: archive.read(member) for member in archive.namelist()}
    assert len(contents) == 126
    entries = 0
    for member, content in contents.items():
        post = parse_post(content.decode())
        entries += len(post.entries)
        assert render_post(post).encode() == content, member
        assert post.date.isoformat() == member[:10]
    assert entries == 1152


def test_facts_of_the_founding_post(shared_data):
    post = parse_post((shared_data / "digest" / "hot-papers-2020-08-06.md").read_text(encoding="utf-8"))
    assert [entry.paper.arxiv_id for entry in post.entries] == [
        "2008.02217",
        "2008.02268",
        "2008.02250",
        "2008.01766",
        "2008.01989",
        "1709.06298",
        "2008.02027",
        "2008.02198",
    ]
    first = post.entries[0]
    assert first.attention.counts == {"retweets": 435, "favorites": 1918}
    assert first.attention.total == 2353
    assert first.paper.authors[3:5] == ("Philipp Seidl", "Michael Widrich")
    assert post.made_at == datetime(2020, 8, 7, 9, 11, 52, tzinfo=UTC)
    assert [mention.author for mention in first.mentions][:2] == ["hardmaru", "arankomatsuzaki"]
    assert first.mentions[0].created.date() == DAY


def test_a_tweets_number_gives_the_time_it_was_posted():
    entry = make_entry("2008.00001", 1, 2, day=DAY, tweets=0)
    html = tweet(1291250453263441922)
    text = render_post(
        make_post(
            DAY,
            Entry(
                paper=entry.paper,
                attention=entry.attention,
                mentions=(Mention(source="twitter", id="", arxiv_ids=("2008.00001",), html=html),),
            ),
        )
    )
    (mention,) = parse_post(text).entries[0].mentions
    assert mention.id == "1291250453263441922"
    assert mention.created.replace(microsecond=0) == datetime(2020, 8, 6, 5, 51, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "line_number", "expected"),
    [
        ("title: Hot Papers", "title: Cold Papers", 2, "title: Hot Papers"),
        ("2020-08-07T09:12:30.Z", "2020-08-07T09:12:30Z", 3, "date: YYYY-MM-DD"),
        ("2020-08-07T09:12:30.Z", "2020-08-32T09:12:30.Z", 3, "that exist"),
        ('slug: "hot-papers-2020-08-06"', 'slug: "hot-papers-2020-08-05"', 6, "hot-papers-2020-08-06"),
        ("# 2. ", "# 1. ", 35, "rank 2"),
        ("retweets: 10,", "retweets: -10,", 22, "counts of 0 or more"),
        ("retweets: 10,", "retweets: ten,", 22, "retweets: N"),
        ("retweets: 10,", "retweets: 010,", 22, "plain numbers"),
        ("(08/07/2020 09:12:00)", "(13/07/2020 09:12:00)", 22, "reading time that exists"),
        ("/pdf/2008.00001", "/pdf/2008.00002", 24, "the same arXiv id"),
        ("abs/2008.00001", "abs/2008.00001v2", 24, "without version"),
        ("(https://arxiv.org/abs/2008.00001)", "(javascript:alert)", 24, "- links: [abs]"),
        ("[cs.LG](https://arxiv.org/list/cs.LG/recent)", "[cs.LG](https://example.org)", 25, "- [CAT]"),
        ('<blockquote class="twitter-tweet">', "<blockquote>", 29, "of one tweet"),
    ],
)
def test_an_error_names_the_line_and_what_was_expected(old, new, line_number, expected):
    post = make_post(
        DAY, make_entry("2008.00001", 10, 9, day=DAY), make_entry("2008.00003", 8, 7, day=DAY, tweets=0)
    )
    text = render_post(post)
    assert old in text
    with pytest.raises(InputError, match=rf"^line {line_number}: ") as caught:
        parse_post(text.replace(old, new, 1))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_noticed_unless_it_ends_where_a_post_may_end(posts):
    """A cut between two entries can't be told from a shorter post; any other cut is an error."""
    whole = render_post(posts[0]).split("\n")
    unnoticed = []
    for lines in range(1, len(whole)):
        try:
            post = parse_post("\n".join(whole[:lines]))
        except InputError as error:
            unnamed = not str(error).startswith("line ")
            assert not unnamed
        else:
            assert post.entries == posts[0].entries[: len(post.entries)]
            unnoticed.append(len(post.entries))
    assert unnoticed == [0, 0, 1, 2, 3]


def test_lenient_reading_keeps_the_sound_entries_and_reports_the_others(posts):
    text = render_post(posts[0]).replace("retweets: 400", "retweets: many").replace("# 3. ", "# 7. ")
    post, problems = parse_post_leniently(text)
    assert [entry.paper.arxiv_id for entry in post.entries] == ["2008.00001", "2008.00003", "2008.00004"]
    assert len(problems) == 3  # one entry left out, two renumbered
    assert "entry left out" in problems[0]
    assert "renumbered" in problems[1]
    render_post(post)


def test_a_line_break_in_a_field_is_refused_when_writing():
    with pytest.raises(InputError, match=r"2008\.00001: a line break"):
        render_post(make_post(DAY, make_entry("2008.00001", 1, 2, day=DAY, title="two\nlines")))
