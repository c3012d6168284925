"""The benchmark measures what it names, beside a peer too; no test here depends on how fast anything is."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
from typer.testing import CliRunner  # noqa: E402

from hotpapers.hopfield.bench import jobs  # noqa: E402
from hotpapers.hopfield.bench.sections import FULL, SMALL, chain, sections  # noqa: E402
from hotpapers.hopfield.bench.timing import extra_peak, in_turns  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.layers import Hopfield  # noqa: E402

TINY = replace(SMALL, updates=((16, 8, 1),), bag=(400, 4), stored=80, rounds=1)


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """A package hflayers with our own layers, so that nothing but the name is the peer's."""
    package = tmp_path / "checkout" / "hflayers"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from hotpapers.hopfield import Hopfield, HopfieldPooling\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield package.parent
    sys.modules.pop("hflayers", None)


def test_all_sections_without_a_peer() -> None:
    found = jobs.measure(TINY)
    titles = [*sections(TINY)]
    assert [*found] == ["setting", *titles]
    assert set(found[titles[0]]) == {"ours, s", "ours without tolerance, s", "bare, s", "ours / bare"}
    for measured in (found[title] for title in titles):
        assert all(value > 0 for name, value in measured.items() if name.endswith(", s"))
    assert "at most 1.2" in found["64 queries to a memory of 80 x 128"]["retrieve / the faster"]


def test_a_peer_is_run_beside_ours(peer) -> None:
    found = jobs.measure(replace(TINY, peer=peer))
    updates = found["8 x 16 patterns of 8, 1 heads, 3 extra updates"]
    assert updates["largest difference to the peer"] == 0.0  # the same layers with the same weights
    assert updates["executed updates"] == 3
    assert (
        "at least 6"
        in found["one bag of 400 x 4, input gradient, 3 extra updates"]["times faster than the peer"]
    )


def test_the_full_table_has_growth_and_memory() -> None:
    added = [title for title in sections(FULL) if title not in sections(replace(FULL, growth=False))]
    assert added == [
        "growth from 75,000 x 32",
        "growth from 300,000 x 32",
        "one bag of 300,000 x 32, extra peak memory",
    ]
    assert sum("extra updates" in title and "patterns" in title for title in sections(FULL)) == 9


@pytest.mark.slow
def test_growth_and_memory_in_processes_of_their_own() -> None:
    found = jobs.measure(replace(TINY, growth=True, bag=(4000, 4)), "growth from 1,000")
    assert found["growth from 1,000 x 4"]["N = 4,000, s"] > 0
    found = jobs.measure(replace(TINY, growth=True, bag=(200_000, 8)), "extra peak memory")
    assert any("MB" in name for name in found["one bag of 200,000 x 8, extra peak memory"])


@pytest.mark.parametrize("steps", [0, 2])
def test_the_bare_chain_computes_what_the_layer_does(steps) -> None:
    layer = Hopfield(8, num_heads=2, update_steps_max=steps, update_steps_eps=None)
    x = torch.randn(2, 10, 8)
    torch.testing.assert_close(chain(layer, steps)(x), layer(x), rtol=1e-5, atol=1e-6)


def test_runs_take_turns_and_the_first_round_does_not_count() -> None:
    said: list[str] = []
    found = in_turns({"a": lambda: said.append("a"), "b": lambda: said.append("b")}, 2)
    assert said == ["a", "b"] * 3
    assert set(found) == {"a", "b"}


def test_peak_memory_sees_what_a_run_takes() -> None:
    megabytes = extra_peak(lambda: torch.ones(30_000_000).add_(1))
    assert 100 < megabytes < 400


def test_the_command_writes_and_says_json(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.bench.sections.SMALL", TINY)
    words = ["bench", "--only", "1 query", "--json", "-o", str(tmp_path / "b.json")]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0
    assert json.loads(found.stdout)["1 query to a memory of 80 x 128"]["retrieve, s"] > 0
    assert json.loads((tmp_path / "b.json").read_text())["sections"].keys() == json.loads(found.stdout).keys()


@pytest.mark.parametrize(
    ("setting", "only", "message"),
    [
        (TINY, "no such", "no section's title holds 'no such'"),
        (replace(TINY, threads=0), "", "--threads must be at least 1"),
        (replace(TINY, device="nowhere"), "", "--device 'nowhere' can't be used here"),
    ],
)
def test_what_cannot_be_measured_is_refused(setting, only, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        jobs.measure(setting, only)


def test_a_folder_without_the_peer_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(HopfieldError, match="is no checkout of hopfield-layers"):
        jobs.measure(replace(TINY, peer=tmp_path), "1 query")
