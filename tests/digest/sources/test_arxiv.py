"""arXiv's query API: batches, pace, feeds as arXiv wraps them, ids that it does not know."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Paper
from hotpapers.digest.sources.arxiv import ArXiv
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .misbehaving import FakeTime, Reply, Request, Server

QUERY = "/api/query"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
    "<id>http://arxiv.org/api/abc</id><title>ArXiv Query</title>"
    '<opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}'
    "</opensearch:totalResults>"
)
NERF = """<entry>
    <id>http://arxiv.org/abs/2008.02268v3</id>
    <updated>2021-01-06T16:12:39Z</updated>
    <published>2020-08-05T17:51:16Z</published>
    <title>NeRF in the Wild: Neural Radiance Fields for Unconstrained Photo
  Collections</title>
    <summary>  We present a learning-based method &amp; more for
synthesizing novel views.
  Our second paragraph.
</summary>
    <author><name>Ricardo Martin-Brualla</name></author>
    <author><name>Noha  Radwan</name><arxiv:affiliation xmlns:arxiv="http://arxiv.org/schemas/atom">X</arxiv:affiliation></author>
    <link href="http://arxiv.org/abs/2008.02268v3" rel="alternate" type="text/html"/>
    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="cs.CV"/>
    <category term="cs.GR" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.CV" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
  </entry>"""


def entry(arxiv_id: str, title: str = "A title") -> str:
    return f"<entry><id>http://arxiv.org/abs/{arxiv_id}v1</id><title>{escape(title)}</title></entry>"


def feed(*entries: str, total: int | None = None) -> bytes:
    return (
        HEAD.format(total=len(entries) if total is None else total) + "".join(entries) + "</feed>"
    ).encode()


def arxiv(server: Server, time: FakeTime, answer: bytes | None = None) -> ArXiv:
    def all_asked(request: Request) -> Reply:
        return Reply(body=feed(*map(entry, reversed(request.query["id_list"].split(",")))))

    server.routes[QUERY] = (lambda _: Reply(body=answer)) if answer is not None else all_asked
    own = ServiceSettings(url=server.url, timeout=10.0, attempts=2)
    return ArXiv(Settings(services={"arxiv": own}), clock=time.clock)


def test_an_entry_becomes_a_paper_as_the_archive_shows_it(server: Server, time: FakeTime) -> None:
    with arxiv(server, time, feed(NERF)) as opened:
        (batch,) = opened.papers(["2008.02268"])
    assert batch.missing == ()
    assert batch.papers == (
        Paper(
            arxiv_id="2008.02268",
            title="NeRF in the Wild: Neural Radiance Fields for Unconstrained Photo  Collections",
            authors=("Ricardo Martin-Brualla", "Noha Radwan"),
            abstract="We present a learning-based method & more for synthesizing novel views."
            "   Our second paragraph.",
            categories=("cs.CV", "cs.GR", "cs.LG"),
            published=datetime(2020, 8, 5, 17, 51, 16, tzinfo=UTC),
            updated=datetime(2021, 1, 6, 16, 12, 39, tzinfo=UTC),
        ),
    )


def test_a_hundred_a_request_three_seconds_apart(server: Server, time: FakeTime) -> None:
    ids = [f"2008.{number:05d}" for number in range(250)]
    with arxiv(server, time) as opened:
        batches = list(opened.papers([*ids, "https://arxiv.org/abs/2008.00003v2", "hep-th/9901001"]))
    assert [len(batch.papers) for batch in batches] == [100, 100, 51]
    assert [paper.arxiv_id for batch in batches for paper in batch.papers] == [*ids, "hep-th/9901001"]
    queries = server.asked(QUERY)
    assert queries[1] == {"id_list": ",".join(ids[100:200]), "start": "0", "max_results": "100"}
    assert time.slept == [3.0, 3.0]


def test_ids_that_arxiv_does_not_know_are_given_back(server: Server, time: FakeTime) -> None:
    empty = "<entry><id>http://arxiv.org/abs/2008.00002v1</id><title></title></entry>"
    foreign = "<entry><id>http://example.org/1</id><title>Spam</title></entry>"
    with arxiv(server, time, feed(entry("2008.00001"), empty, foreign)) as opened:
        (batch,) = opened.papers(["2008.00003", "2008.00001", "2008.00002"])
    assert [paper.arxiv_id for paper in batch.papers] == ["2008.00001"]
    assert batch.missing == ("2008.00003", "2008.00002")


def test_none_known_at_all(server: Server, time: FakeTime) -> None:
    with arxiv(server, time, feed()) as opened:
        (batch,) = opened.papers(["2008.00003"])
        assert (batch.papers, batch.missing) == ((), ("2008.00003",))
        assert list(opened.papers([])) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_entry_is_told_in_one_line(server: Server, time: FakeTime, status: int) -> None:
    error = (
        "<entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_1</id><title>Error</title>"
        "<summary>incorrect id format\n for 1</summary></entry>"
    )
    server.faults.append(Reply(status=status, body=feed(error)))
    with (
        arxiv(server, time) as opened,
        pytest.raises(FailureError, match=r"^arxiv reports an error: incorrect id format for 1$"),
    ):
        list(opened.papers(["2008.00001"]))
    assert len(server.requests) == 1


def test_a_wrong_id_is_told_before_anything_is_asked(server: Server, time: FakeTime) -> None:
    with arxiv(server, time) as opened, pytest.raises(InputError, match=r"'\.\./etc' is not an arXiv id"):
        list(opened.papers(["2008.00001", "../etc"]))
    assert server.requests == []


@pytest.mark.parametrize(
    "fault",
    [
        Reply(body=feed(NERF)[:-20]),
        Reply(body=feed(total=1)),
        Reply(body=b"<html><body>Rate exceeded.</body></html>"),
        Reply(body=b"Rate exceeded."),
        Reply(body=b'<?xml version="1.0" encoding="nonsense"?><feed/>'),
        Reply(status=503, headers={"Retry-After": "5"}),
    ],
)
def test_what_arxiv_does_on_a_bad_day_is_tried_again(server: Server, time: FakeTime, fault: Reply) -> None:
    server.faults.append(fault)
    with arxiv(server, time, feed(NERF)) as opened:
        (batch,) = opened.papers(["2008.02268"])
    assert [paper.arxiv_id for paper in batch.papers] == ["2008.02268"]
    assert len(server.requests) == 2
    assert sum(time.slept) == pytest.approx(5.0 if fault.status == 503 else 3.0)


def test_a_bomb_of_entities_is_not_read(server: Server, time: FakeTime) -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>'
    with (
        arxiv(server, time, bomb) as opened,
        pytest.raises(FailureError, match=r"^arxiv answered XML that is not safe to read \(2 attempts\)"),
    ):
        list(opened.papers(["2008.02268"]))
