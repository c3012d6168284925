"""The claims ledger: verdicts, what is recorded, and that it can be read again."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from hotpapers.common.claims import Claim, Measurement, check_claims, read_ledger, write_ledger
from hotpapers.common.errors import FailureError, InputError, UnavailableError
from hotpapers.common.listing import list_claims
from hotpapers.common.papers import Paper
from hotpapers.common.provenance import provenance


def found(measured: str, *, holds: bool):
    return lambda: Measurement(measured=measured, holds=holds)


def raising(error: Exception):
    def check() -> Measurement:
        raise error

    return check


@pytest.fixture
def paper(monkeypatch) -> Paper:
    """A paper with one claim of every fate."""
    claims = (
        Claim(
            id="X1", statement="holds", reported="98 %", check=found("98.2 %", holds=True), source="Table 2"
        ),
        Claim(id="X2", statement="fails", reported="3 s", check=found("9 s", holds=False)),
        Claim(id="X3", statement="no data", reported="1", check=raising(UnavailableError("no data here"))),
        Claim(id="X4", statement="breaks", reported="1", check=raising(FailureError("disk full"))),
        Claim(id="X5", statement="long", reported="1", check=found("1", holds=True), tier="full"),
    )
    monkeypatch.setitem(sys.modules, "fake_claims", SimpleNamespace(CLAIMS=claims))
    return Paper(slug="fake", title="T", purpose="P", cli="fake.cli:app", claims="fake_claims:CLAIMS")


def test_every_fate_has_its_verdict(paper) -> None:
    results = {result.id: (result.verdict, result.measured) for result in check_claims(paper)}
    assert results == {
        "X1": ("holds", "98.2 %"),
        "X2": ("fails", "9 s"),
        "X3": ("not checked", "no data here"),
        "X4": ("fails", "the check itself failed: disk full"),
        "X5": ("not checked", "only with --full: `hotpapers claims fake --full --only X5`"),
    }


def test_full_checks_run_when_asked_for(paper) -> None:
    assert [result.verdict for result in check_claims(paper, full=True)][-1] == "holds"


def test_a_fault_of_a_check_is_not_swallowed(monkeypatch) -> None:
    claim = Claim(id="X", statement="s", reported="r", check=raising(ZeroDivisionError()))
    monkeypatch.setitem(sys.modules, "fake_claims", SimpleNamespace(CLAIMS=(claim,)))
    paper = Paper(slug="fake", title="T", purpose="P", cli="c:a", claims="fake_claims:CLAIMS")
    with pytest.raises(ZeroDivisionError):
        list(check_claims(paper))


def test_a_paper_without_claims_has_no_results() -> None:
    assert list(check_claims(Paper(slug="a", title="T", purpose="P", cli="a:b"))) == []


def test_a_ledger_is_read_as_it_was_written(paper, tmp_path) -> None:
    results = list(check_claims(paper))
    path = write_ledger(paper, results, tmp_path)
    assert path == tmp_path / "fake" / "claims.json"
    ledger = read_ledger(path)
    assert ledger.paper == "fake"
    assert ledger.claims == tuple(results)
    assert {"date", "version", "commit", "machine", "python", "command"} <= set(ledger.made)
    assert json.loads(path.read_text())["claims"][0]["source"] == "Table 2"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"claims": [{"id": "X1"}], "paper": "a"}', '{"claims": [], "paper": "a", "more": 1}'],
)
def test_what_is_no_ledger_is_refused_by_name(content, tmp_path) -> None:
    path = tmp_path / "claims.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"claims\.json is not a claims ledger"):
        read_ledger(path)


def test_a_recorded_command_names_no_folder_of_this_machine(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/venv/bin/hotpapers", "claims", "digest", "--results", "/srv/out"])
    assert provenance()["command"] == "hotpapers claims digest --results out"


def test_what_is_not_checked_keeps_what_was_measured(paper, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.common.listing.find_paper", lambda _slug: paper)
    list_claims("fake", full=True, results=tmp_path)
    full = read_ledger(tmp_path / "fake" / "claims.json")
    assert {result.id: result.verdict for result in full.claims}["X5"] == "holds"
    list_claims("fake", full=False, results=tmp_path)
    again = read_ledger(tmp_path / "fake" / "claims.json")
    assert [result.id for result in again.claims] == ["X1", "X2", "X3", "X4", "X5"]
    assert again.claims[-1] == full.claims[-1]
    assert again.claims[-1].made["commit"]
    capsys.readouterr()


def test_one_claim_can_be_checked_alone(paper, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.common.listing.find_paper", lambda _slug: paper)
    assert list_claims("fake", full=False, only=["X5"], results=tmp_path) == 0
    results = {result.id: result for result in read_ledger(tmp_path / "fake" / "claims.json").claims}
    assert results["X5"].verdict == "holds"
    assert (results["X1"].verdict, results["X1"].measured) == ("not checked", "not asked for")
    with pytest.raises(InputError, match="fake makes no claim 'X9': it makes X1, X2"):
        list_claims("fake", full=False, only=["X9"], results=tmp_path)
    with pytest.raises(InputError, match="claims PAPER --only"):
        list_claims(None, full=False, only=["X5"], results=tmp_path)
    capsys.readouterr()


def test_an_interrupted_run_keeps_what_it_found(tmp_path, capsys, monkeypatch) -> None:
    def interrupted() -> Measurement:
        raise KeyboardInterrupt

    claims = [
        Claim(id=f"X{n}", statement="s", reported="1", check=found(str(n), holds=True)) for n in (1, 2, 3)
    ]
    monkeypatch.setitem(sys.modules, "fake_claims", SimpleNamespace(CLAIMS=claims))
    paper = Paper(slug="fake", title="T", purpose="P", cli="fake.cli:app", claims="fake_claims:CLAIMS")
    monkeypatch.setattr("hotpapers.common.listing.find_paper", lambda _slug: paper)
    list_claims("fake", full=False, results=tmp_path)
    claims[0] = replace(claims[0], check=found("new", holds=True))
    claims[1] = replace(claims[1], check=interrupted)
    with pytest.raises(KeyboardInterrupt):
        list_claims("fake", full=False, results=tmp_path)
    kept = read_ledger(tmp_path / "fake" / "claims.json")
    assert [(result.id, result.measured) for result in kept.claims] == [
        ("X1", "new"),
        ("X2", "2"),
        ("X3", "3"),
    ]
    capsys.readouterr()


def test_a_claim_given_up_leaves_the_ledger(paper, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.common.listing.find_paper", lambda _slug: paper)
    list_claims("fake", full=True, results=tmp_path)
    fewer = SimpleNamespace(CLAIMS=sys.modules["fake_claims"].CLAIMS[1:])
    monkeypatch.setitem(sys.modules, "fake_claims", fewer)
    list_claims("fake", full=False, results=tmp_path)
    ledger = read_ledger(tmp_path / "fake" / "claims.json")
    assert [result.id for result in ledger.claims] == ["X2", "X3", "X4", "X5"]
    capsys.readouterr()
