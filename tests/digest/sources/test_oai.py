"""OAI-PMH: both formats, resumption, deletions, errors."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Paper
from hotpapers.digest.sources.oai import Oai
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .misbehaving import FakeTime, Reply, Request, Server

RECORD = """<record><header><identifier>oai:arXiv.org:{id}</identifier><datestamp>2020-08-07</datestamp>
<setSpec>cs</setSpec></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{id}</id>
<created>2020-08-05</created><updated>2021-01-06</updated><authors>
<author><keyname>Martin-Brualla</keyname><forenames>Ricardo</forenames></author>
<author><keyname>Davis</keyname><forenames>Sammy</forenames><suffix>Jr.</suffix></author>
<author><keyname>The ATLAS Collaboration</keyname></author></authors>
<title>Unconstrained Photo
  Collections</title><categories>cs.CV cs.GR</categories>
<abstract>  We present
this.
  And that.
</abstract></arXiv></metadata></record>"""
RAW = """<record><header><identifier>oai:arXiv.org:{id}</identifier></header><metadata>
<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{id}</id><submitter>Ada</submitter>
<version version="v1"><date>Wed, 5 Aug 2020 17:51:16 GMT</date><size>9kb</size></version>
<version version="v2"><date>Wed, 6 Jan 2021 16:12:39 GMT</date></version>
<title>A title</title><authors>R. Martin-Brualla (1 and 2), N. Radwan (Google (US)) and B. Anderson</authors>
<categories>cs.CV</categories><abstract> Short. </abstract></arXivRaw></metadata></record>"""
DELETED = (
    '<record><header status="deleted"><identifier>oai:arXiv.org:hep-th/9901001</identifier></header></record>'
)


def answer(*records: str, token: str | None = None, error: str = "") -> bytes:
    resume = (
        f'<resumptionToken cursor="0" completeListSize="9">{token}</resumptionToken>'
        if token is not None
        else ""
    )
    listed = error or f"<ListRecords>{''.join(records)}{resume}</ListRecords>"
    head = '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    return f"{head}<responseDate>2020-08-07T00:00:00Z</responseDate>{listed}</OAI-PMH>".encode()


def oai(server: Server, time: FakeTime, *, metadata_prefix: str = "arXiv") -> Oai:
    own = ServiceSettings(url=f"{server.url}/oai", timeout=10.0, attempts=2)
    return Oai(Settings(services={"oai": own}), metadata_prefix=metadata_prefix, clock=time.clock)


def parts(server: Server) -> None:
    """Three answers; a token is known by its number."""

    def listed(request: Request) -> Reply:
        number = int(request.query.get("resumptionToken", "t|0").rpartition("|")[2])
        record = RECORD.format(id=f"2008.0000{number}")
        return Reply(body=answer(record, token=f"t|{number + 1}" if number < 2 else ""))

    server.routes["/oai"] = listed


def test_a_record_becomes_a_paper(server: Server, time: FakeTime) -> None:
    server.routes["/oai"] = lambda _: Reply(body=answer(RECORD.format(id="2008.02268"), DELETED))
    with oai(server, time) as opened:
        (harvest,) = opened.records(date(2020, 8, 6), date(2020, 8, 7), set_spec="cs")
    assert harvest.deleted == ("hep-th/9901001",)
    assert harvest.papers == (
        Paper(
            arxiv_id="2008.02268",
            title="Unconstrained Photo  Collections",
            authors=("Ricardo Martin-Brualla", "Sammy Davis Jr.", "The ATLAS Collaboration"),
            abstract="We present this.   And that.",
            categories=("cs.CV", "cs.GR"),
            published=datetime(2020, 8, 5, tzinfo=UTC),
            updated=datetime(2021, 1, 6, tzinfo=UTC),
        ),
    )
    assert server.asked("/oai") == [
        {
            "verb": "ListRecords",
            "metadataPrefix": "arXiv",
            "from": "2020-08-06",
            "until": "2020-08-07",
            "set": "cs",
        }
    ]


def test_a_raw_record_becomes_a_paper(server: Server, time: FakeTime) -> None:
    server.routes["/oai"] = lambda _: Reply(body=answer(RAW.format(id="hep-th/9901002")))
    with oai(server, time, metadata_prefix="arXivRaw") as opened:
        (harvest,) = opened.records()
    assert harvest.papers == (
        Paper(
            arxiv_id="hep-th/9901002",
            title="A title",
            authors=("R. Martin-Brualla", "N. Radwan", "B. Anderson"),
            abstract="Short.",
            categories=("cs.CV",),
            published=datetime(2020, 8, 5, 17, 51, 16, tzinfo=UTC),
            updated=datetime(2021, 1, 6, 16, 12, 39, tzinfo=UTC),
        ),
    )


def test_it_goes_on_by_token_and_from_a_token(server: Server, time: FakeTime) -> None:
    parts(server)
    with oai(server, time) as opened:
        whole = list(opened.records(date(2020, 8, 6)))
    assert [harvest.token for harvest in whole] == ["t|1", "t|2", None]
    assert server.asked("/oai")[1:] == [
        {"verb": "ListRecords", "resumptionToken": "t|1"},
        {"verb": "ListRecords", "resumptionToken": "t|2"},
    ]
    assert time.slept == [3.0, 3.0]
    with oai(server, time) as opened:
        assert list(opened.records(token=whole[0].token)) == whole[1:]


def test_503_is_waited_for(server: Server, time: FakeTime) -> None:
    parts(server)
    server.faults.extend([None, Reply(status=503, headers={"Retry-After": "30"})])
    with oai(server, time) as opened:
        assert len(list(opened.records())) == 3
    assert time.slept == [3.0, 30.0, 3.0]


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (
            "badResumptionToken",
            r"^oai does not know this resumption token \(any more\): start anew \(said\)$",
        ),
        ("badArgument", "^oai reports an error: badArgument said$"),
    ],
)
def test_an_error_is_told(server: Server, time: FakeTime, code: str, complaint: str) -> None:
    server.routes["/oai"] = lambda _: Reply(body=answer(error=f'<error code="{code}">said</error>'))
    with oai(server, time) as opened, pytest.raises(FailureError, match=complaint):
        list(opened.records(token="t|9"))
    assert len(server.requests) == 1


def test_nothing_changed_is_no_error(server: Server, time: FakeTime) -> None:
    server.routes["/oai"] = lambda _: Reply(body=answer(error='<error code="noRecordsMatch"/>'))
    with oai(server, time) as opened:
        (harvest,) = opened.records(date(2020, 8, 6))
    assert (harvest.papers, harvest.token) == ((), None)


def test_the_same_token_twice_is_a_circle(server: Server, time: FakeTime) -> None:
    server.routes["/oai"] = lambda _: Reply(body=answer(RECORD.format(id="2008.02268"), token="t|1"))
    with oai(server, time) as opened, pytest.raises(FailureError, match=r"^oai goes in circles"):
        list(opened.records())
    assert len(server.requests) == 2


def test_odd_records_are_skipped(server: Server, time: FakeTime) -> None:
    records = [
        "<record><header/></record>",
        "<record/>",
        RECORD.format(id="no id"),
        RECORD.format(id="2008.00001").replace("Unconstrained Photo\n  Collections", " "),
        RECORD.format(id="2008.00002").replace("2020-08-05", "once"),
    ]
    server.routes["/oai"] = lambda _: Reply(body=answer(*records))
    with oai(server, time) as opened:
        (harvest,) = opened.records()
    assert [(paper.arxiv_id, paper.published) for paper in harvest.papers] == [("2008.00002", None)]


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputError, match="'oai_dc': accepted are arXiv and arXivRaw"):
        Oai(Settings(), metadata_prefix="oai_dc")
