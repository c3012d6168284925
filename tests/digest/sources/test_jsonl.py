"""A file of mentions: what is read, and how a wrong line is told."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention, Paper
from hotpapers.digest.sources.jsonl import Jsonl, read_mentions
from hotpapers.digest.sources.settings import Settings

from .worlds import SINCE, UNTIL

LINE = {"source": "usenet", "id": "1", "text": "https://arxiv.org/abs/2008.02217"}


def written(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "mentions.jsonl"
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def test_a_whole_line(tmp_path: Path) -> None:
    line = {
        "source": "usenet",
        "id": "<1@news>",
        "arxiv_ids": ["https://arxiv.org/abs/2008.02217v2", "hep-th/9901001", "2008.02217"],
        "url": "https://news.example/1",
        "author": "Ada",
        "text": "two\nlines",
        "html": "<p>two</p>",
        "created": "2026-11-20T10:00:00+02:00",
        "counts": {"likes": 0, "reposts": 12},
        "paper": {
            "arxiv_id": "hep-th/9901001",
            "title": "A  Title",
            "authors": ["A. One", "B. Two"],
            "abstract": "Words.",
            "categories": ["hep-th", "math.QA"],
            "published": "1999-01-01",
        },
    }
    ((mention, papers),) = read_mentions(written(tmp_path, line))
    assert mention == Mention(
        source="usenet",
        id="<1@news>",
        arxiv_ids=("2008.02217", "hep-th/9901001"),
        url="https://news.example/1",
        author="Ada",
        text="two\nlines",
        html="<p>two</p>",
        created=datetime(2026, 11, 20, 8, tzinfo=UTC),
        counts={"likes": 0, "reposts": 12},
    )
    assert papers == (
        Paper(
            arxiv_id="hep-th/9901001",
            title="A  Title",
            authors=("A. One", "B. Two"),
            abstract="Words.",
            categories=("hep-th", "math.QA"),
            published=datetime(1999, 1, 1, tzinfo=UTC),
        ),
    )


def test_what_may_be_left_out(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b"\xef\xbb\xbf" + json.dumps(LINE).encode() + b"\r",
        b"",
        b"   \r",
        {"source": "usenet", "id": 2, "url": "https://arxiv.org/pdf/2008.02218"},
        {"source": "usenet", "id": "3", "text": "no paper"},
        LINE | {"id": "4", "created": None, "counts": None, "paper": {"title": "T"}},
    )
    found = list(read_mentions(path))
    assert [(mention.id, mention.arxiv_ids, mention.created) for mention, _ in found] == [
        ("1", ("2008.02217",), None),
        ("2", ("2008.02218",), None),
        ("4", ("2008.02217",), None),
    ]
    assert [papers for _, papers in found] == [(), (), (Paper(arxiv_id="2008.02217", title="T", authors=()),)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", "is not JSON: one object a line is accepted"),
        (b'{"source": NaN}', "is not JSON: one object a line is accepted"),
        (b"[" * 100_000, "is not JSON: one object a line is accepted"),
        (b"\xff\xfe{}", "is not UTF-8"),
        (b"\x00\x01", "is not JSON: one object a line is accepted"),
        ([], 'is no JSON object such as {"source": "mastodon", "id": "1", "text": "..."}'),
        ({"id": "1"}, "'source' is missing: a text is needed"),
        ({"source": "usenet"}, "'id' is missing: a text is needed"),
        (
            LINE | {"count": {}},
            (
                "'count' is unknown: accepted are source, id, arxiv_ids, url, author, text, html, created, "
                "counts, paper"
            ),
        ),
        (
            LINE | {"source": "Use Net"},
            "'source' must be a short name of a-z, 0-9, - and _, such as 'mastodon'",
        ),
        (LINE | {"id": True}, "'id' must be a text"),
        (LINE | {"text": 3}, "'text' must be a text"),
        (
            LINE | {"url": "javascript:alert(1)"},
            "'url' must be an address that begins with https:// or http://",
        ),
        (LINE | {"created": "yesterday"}, "'created' must be an ISO 8601 time such as 2026-11-20T09:30:00Z"),
        (LINE | {"created": 1700000000}, "'created' must be an ISO 8601 time such as 2026-11-20T09:30:00Z"),
        (
            LINE | {"arxiv_ids": "2008.02217"},
            "'arxiv_ids' must be a list of arXiv ids such as [\"2008.02217\"]",
        ),
        (LINE | {"arxiv_ids": ["../x"]}, "'arxiv_ids' must be an arXiv id such as 2008.02217"),
        (LINE | {"counts": [1]}, "'counts' must be an object such as {\"likes\": 12}"),
        (LINE | {"counts": {"likes": -1}}, f"'counts.likes' must be a whole number from 0 to {2**63 - 1}"),
        (LINE | {"counts": {"likes": 1.5}}, f"'counts.likes' must be a whole number from 0 to {2**63 - 1}"),
        (LINE | {"counts": {"likes": True}}, f"'counts.likes' must be a whole number from 0 to {2**63 - 1}"),
        (LINE | {"counts": {"likes": 2**63}}, f"'counts.likes' must be a whole number from 0 to {2**63 - 1}"),
        (LINE | {"paper": "T"}, '\'paper\' must be an object such as {"title": "..."}'),
        (LINE | {"paper": {}}, "'paper.title' is missing: a text is needed"),
        (
            LINE | {"paper": {"name": "T"}},
            (
                "'paper.name' is unknown: accepted are arxiv_id, title, authors, abstract, categories, "
                "published, updated"
            ),
        ),
        (LINE | {"paper": {"title": "T", "authors": "A"}}, "'paper.authors' must be a list of texts"),
        (LINE | {"paper": {"title": "T", "authors": [1]}}, "'paper.authors' must be a text"),
        (
            LINE | {"paper": {"title": "T", "arxiv_id": "2008.99999"}},
            "'paper.arxiv_id' must be one of 2008.02217",
        ),
        (
            LINE | {"arxiv_ids": ["2008.00001", "2008.00002"], "paper": {"title": "T"}},
            "'paper.arxiv_id' is missing: one of 2008.00001, 2008.00002 is needed",
        ),
    ],
)
def test_a_wrong_line_is_told_with_file_number_and_key(tmp_path: Path, line: object, complaint: str) -> None:
    path = written(tmp_path, LINE, b"", line, LINE)
    reading = read_mentions(path)
    assert next(reading)[0].id == "1"
    with pytest.raises(InputError) as caught:
        next(reading)
    assert str(caught.value) == f"{path}, line 3: {complaint}"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't read .*: No such file"):
        list(read_mentions(tmp_path / "nowhere.jsonl"))
    with pytest.raises(InputError, match=r"can't read .*: Is a directory"):
        list(read_mentions(tmp_path))
    assert list(read_mentions(written(tmp_path))) == []


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, *[LINE | {"html": "x" * 50_000}] * 300)
    assert path.stat().st_size > 14 * 2**20
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_mentions(path)) == 300
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2**20


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"source": "' + b"x" * (16 * 2**20))
    with pytest.raises(InputError, match=r"line 1: longer than 16,777,216 bytes$"):
        list(read_mentions(path))


def test_as_a_source_it_keeps_to_the_window_and_resumes(tmp_path: Path) -> None:
    inside = [
        LINE | {"id": str(n), "created": "2026-11-20T10:00:00", "paper": {"title": "T"}} for n in range(1200)
    ]
    outside = [LINE | {"id": "x", "created": "2026-11-22T00:00:00"}, LINE | {"id": "y"}]
    path = written(tmp_path, *outside, *inside[:700], b"", *inside[650:])
    source = Jsonl(Settings.load(environ={"HOTPAPERS_JSONL_PATH": str(path)}))
    pages = list(source.pages(SINCE, UNTIL))
    assert [page.cursor for page in pages] == ["501", "1002", None]
    assert [len(page.mentions) for page in pages] == [498, 450, 252]
    assert [paper.title for page in pages for paper in page.papers] == ["T", "T", "T"]
    resumed = list(source.pages(SINCE, UNTIL, "1002"))
    assert resumed == pages[2:]
    with pytest.raises(InputError, match="jsonl: cursor 'x' is no line number"):
        list(source.pages(SINCE, UNTIL, "x"))


def test_without_a_path_it_says_what_to_set() -> None:
    with pytest.raises(InputError, match=r"^jsonl needs a file: set HOTPAPERS_JSONL_PATH$"):
        Jsonl(Settings())
