"""Series of shifts, and words followed through groups."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
from scipy import stats
from wordshift.uncertainty.cases import joined, make_counts

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.timelines import series, shared_order, trajectories

GROUPS = {
    "2001": make_counts([["war", "peace", "peace"]], "2001"),
    "2002": make_counts([["war", "war", "peace", "tax"]], "2002"),
    "2003": make_counts([["tax", "tax", "peace"]], "2003"),
}


@pytest.fixture
def pairs(monkeypatch):
    """What the series asks `shift` for, answered without the package's measures."""
    asked = []

    def shift(a, b, **options):
        asked.append((a, b, options))
        return joined(a, b)

    module = ModuleType("hotpapers.wordshift.measures")
    module.shift = shift
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


@pytest.mark.parametrize(
    ("versus", "expected"),
    [
        ("previous", [("2001", "2002"), ("2002", "2003")]),
        ("first", [("2001", "2002"), ("2001", "2003")]),
        ("2002", [("2002", "2001"), ("2002", "2003")]),
        ("rest", [("rest", "2001"), ("rest", "2002"), ("rest", "2003")]),
    ],
)
def test_who_is_compared_with_whom(pairs, versus, expected) -> None:
    steps = series(GROUPS, versus=versus, measure="entropy", base=2)
    assert [(options["names"]) for _, _, options in pairs] == expected
    assert [label for label, _ in steps] == [second for _, second in expected]
    assert all(options["measure"] == "entropy" and options["base"] == 2 for _, _, options in pairs)
    for (a, b, _), (first, second) in zip(pairs, expected, strict=True):
        assert b is GROUPS[second]
        if first != "rest":
            assert a is GROUPS[first]


def test_the_rest_is_pooled(pairs) -> None:
    series(GROUPS, versus="rest")
    assert pairs[1][0].as_dict() == {"peace": 3, "tax": 2, "war": 1}


def test_one_order_for_all_steps(pairs) -> None:
    steps = series(GROUPS)
    order = shared_order(steps, top=2)
    largest = {
        word: max(
            abs(float(step.score[list(step.types).index(word)])) for _, step in steps if word in step.types
        )
        for word in ("war", "peace", "tax")
    }
    assert order == sorted(largest, key=largest.get, reverse=True)[:2]


def test_series_of_the_real_measures() -> None:
    pytest.importorskip("hotpapers.wordshift.measures")
    steps = series(GROUPS, versus="first", measure="jsd")
    assert steps[0][1].difference == pytest.approx(
        joined(GROUPS["2001"], GROUPS["2002"]).difference, rel=1e-12
    )


def test_wrong_groups_are_named() -> None:
    with pytest.raises(WordShiftError, match="2001, 2002, 2003"):
        series(GROUPS, versus="2004")
    with pytest.raises(WordShiftError, match="two groups"):
        series({"2001": GROUPS["2001"]})


def test_token_bands_are_wilsons() -> None:
    found = trajectories(GROUPS, ["peace", "tax", "nowhere"])
    assert found.method == ("token",) * 3
    assert found.share[0].tolist() == pytest.approx([2 / 3, 1 / 4, 1 / 3])
    assert found.share[2].tolist() == [0, 0, 0]
    for column, n in enumerate((3, 4, 3)):
        for row in range(3):
            k = round(found.share[row, column] * n)
            known = stats.binomtest(k, n).proportion_ci(method="wilson")
            assert (found.low[row, column], found.high[row, column]) == pytest.approx(
                (known.low, known.high), abs=1e-9
            )


def test_document_bands_are_wider_for_words_that_come_in_bursts() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    rows = [{"burst": int(n), "fill": 200} for n in generator.choice([1, 60], size=10)]
    counts = make_counts(rows)
    by_document = trajectories({"a": counts}, ["burst"], reps=500)
    by_token = trajectories({"a": Counts(types=counts.types, values=counts.values)}, ["burst"])
    assert by_document.method == ("document",)
    assert by_document.low[0, 0] < by_document.share[0, 0] < by_document.high[0, 0]
    width = [(band.high - band.low)[0, 0] for band in (by_document, by_token)]
    assert width[0] > 2 * width[1]


def test_bad_input_is_named() -> None:
    with pytest.raises(WordShiftError, match="level"):
        trajectories(GROUPS, ["war"], level=2)
    with pytest.raises(WordShiftError, match="'empty'"):
        trajectories({"empty": Counts(types=["x"], values=np.zeros(1))}, ["x"])
