"""arXiv's listing in bulk: what lands, and where an interrupted harvest goes on."""

from __future__ import annotations

from datetime import date

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest import SearchIndex, Store
from hotpapers.digest.harvesting import harvest
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .sources.conftest import server  # noqa: F401 - a fixture
from .sources.misbehaving import Reply, Server
from .sources.test_oai import RECORD, answer

SINCE, UNTIL = date(2020, 8, 5), date(2020, 8, 7)


@pytest.fixture
def settings(server: Server) -> Settings:  # noqa: F811
    """arXiv in three parts of two records."""

    def listed(request) -> Reply:
        at = int(request.query.get("resumptionToken", "part 0").split()[1])
        records = [RECORD.format(id=f"2008.0{at}00{number}") for number in (1, 2)]
        return Reply(body=answer(*records, token=f"part {at + 1}" if at < 2 else None))

    server.routes["/oai"] = listed
    own = ServiceSettings(url=f"{server.url}/oai", timeout=10.0, interval=0.0, attempts=2)
    return Settings(services={"oai": own})


def go(store: Store, settings: Settings, lines: list[str] | None = None, **window) -> int:
    days = {"since": SINCE, "until": UNTIL} | window
    return harvest(store, settings=settings, report=(lines if lines is not None else []).append, **days)


def test_all_parts_land_and_can_be_searched(settings):
    lines: list[str] = []
    with Store(":memory:") as store:
        assert go(store, settings, lines, set_spec="cs") == 6
        paper = store.paper("2008.02002")
        assert paper.authors == ("Ricardo Martin-Brualla", "Sammy Davis Jr.", "The ATLAS Collaboration")
        assert paper.categories == ("cs.CV", "cs.GR")
        assert len(SearchIndex(store).search("unconstrained photo")) == 6
        assert go(store, settings, set_spec="cs") == 0
    assert lines[-1] == "arXiv: 6 records read, 6 papers new or changed"


def test_the_window_and_the_set_are_asked_for(settings, server):  # noqa: F811
    with Store(":memory:") as store:
        go(store, settings, set_spec="physics:hep-th")
    asked = server.requests[0].query
    assert (asked["from"], asked["until"], asked["set"]) == ("2020-08-05", "2020-08-07", "physics:hep-th")


def test_an_interrupted_harvest_goes_on_with_its_token(settings, server, monkeypatch):  # noqa: F811
    with Store(":memory:") as store:
        listed = server.routes["/oai"]
        server.routes["/oai"] = lambda request: (
            Reply(status=404) if request.query.get("resumptionToken") == "part 1" else listed(request)
        )
        with pytest.raises(FailureError):
            go(store, settings)
        assert store.rows("SELECT count(*) AS n FROM paper") == [{"n": 2}]
        server.routes["/oai"] = listed
        asked = len(server.requests)
        assert go(store, settings) == 4
        assert server.requests[asked].query["resumptionToken"] == "part 1"


def test_a_window_upside_down_is_refused(settings):
    with Store(":memory:") as store, pytest.raises(InputError, match="before it begins"):
        go(store, settings, since=UNTIL, until=SINCE)
