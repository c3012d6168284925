"""Old scripts run: names, arguments and attributes of the reference's classes."""

from __future__ import annotations

import inspect
from collections import Counter

import numpy as np
import pytest

from hotpapers.wordshift import compat as sh
from hotpapers.wordshift.shifts import WordShiftError

A, B = {"a": 3, "b": 2, "c": 1}, {"a": 1, "b": 2, "d": 4}
SCORES = {"a": 1, "b": 2, "c": 3, "d": 4}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (
            "WeightedAvgShift",
            """type2freq_1 type2freq_2 type2score_1 type2score_2 reference_value handle_missing_scores
            stop_lens stop_words normalization""",
        ),
        ("ProportionShift", "type2freq_1 type2freq_2"),
        ("EntropyShift", "type2freq_1 type2freq_2 base alpha reference_value normalization"),
        ("KLDivergenceShift", "type2freq_1 type2freq_2 base reference_value normalization"),
        (
            "JSDivergenceShift",
            "type2freq_1 type2freq_2 base weight_1 weight_2 alpha reference_value normalization",
        ),
    ],
)
def test_arguments_come_in_the_references_order(name, arguments):
    found = inspect.signature(getattr(sh, name)).parameters.values()
    positional = [one.name for one in found if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == arguments.split()
    assert issubclass(getattr(sh, name), sh.Shift)


def test_attributes_of_a_weighted_average():
    found = sh.WeightedAvgShift(
        Counter(A), {**B, "stop": 9, "x": 1}, type2score_1={**SCORES, "e": 5, "stop": 1}, stop_lens=[(1.5, 2.5)],
        stop_words=["stop"], reference_value="average", system_names=("one", "two"),
    )  # fmt: skip
    assert found.types == {"a", "c", "d"}
    assert found.filtered_types == {"b", "stop"}
    assert found.no_score_types == {"x"}
    assert found.adopted_score_types == set()
    assert found.stop_words == {"stop"}
    assert found.stop_lens == [(1.5, 2.5)]
    assert (found.normalization, found.handle_missing_scores) == ("variation", "error")
    assert found.reference_value == pytest.approx(1.5)
    assert found.get_weighted_score(found.type2freq_1, found.type2score_1) == pytest.approx(1.5)
    assert found.diff == pytest.approx(17 / 5 - 1.5)
    assert found.result.names == ("one", "two")
    assert not found.show_score_diffs


def test_dictionaries_are_views():
    found = sh.JSDivergenceShift(A, B)
    details = found.get_shift_scores(details=True)
    p_diff, s_diff, p_avg, s_ref_diff, score = details
    for word in found.types:
        whole = p_diff[word] * s_ref_diff[word] + p_avg[word] * s_diff[word]
        assert score[word] == pytest.approx(whole / found.norm)
    assert found.get_shift_scores() is found.type2shift_score
    assert list(score) == ["a", "b", "c", "d"]
    assert dict(score) == score.copy()
    assert max(score.items(), key=lambda pair: abs(pair[1]))[0] == "d"
    assert "q" not in score
    assert score.get("q", 0) == 0
    with pytest.raises(KeyError):
        score["q"]
    assert found.type2m["d"] == pytest.approx(2 / 7)
    assert found.type2p_1["a"] == 0.5
    assert sum(found.get_shift_component_sums().values()) == pytest.approx(found.diff)


@pytest.mark.filterwarnings("ignore::hotpapers.wordshift.filters.CoverageWarning")
def test_adopted_scores_are_marked():
    found = sh.WeightedAvgShift(
        A, B, {"a": 1, "b": 2, "c": 3}, {"a": 1, "d": 4}, handle_missing_scores="adopt", reference_value=0
    )
    assert found.adopted_score_types == {"b", "c", "d"}
    assert found.show_score_diffs
    excluded = sh.WeightedAvgShift(
        A, B, {"a": 1, "b": 2, "c": 3}, {"a": 1, "d": 4}, handle_missing_scores="exclude", reference_value=0
    )
    assert excluded.no_score_types == {"b", "c", "d"}


def test_scales_with_different_middles_need_a_reference():
    from hotpapers.wordshift.lexicon.lexicons import Lexicon

    first, second = Lexicon(scores=SCORES, centre=5.0, name="nine"), SCORES
    with pytest.raises(WordShiftError, match="different middles \\(nine: 5 and given: 0\\): give reference"):
        sh.WeightedAvgShift(A, B, first, second)
    assert sh.WeightedAvgShift(A, B, first, second, reference_value=1).reference_value == 1
    assert sh.WeightedAvgShift(A, B, first).reference_value == 5


def test_average_of_nothing_is_an_error():
    with pytest.raises(WordShiftError, match="no type has both"):
        sh.Shift.get_weighted_score({"a": 1}, {"b": 1})


def test_a_lens_without_scores_is_refused():
    with pytest.raises(WordShiftError, match="give type2score_1 or type2score_2"):
        sh.WeightedAvgShift(A, B, stop_lens=[(4, 6)])


def test_misspelt_arguments_are_type_errors():
    with pytest.raises(TypeError, match="alfa"):
        sh.EntropyShift(A, B, alfa=2)


def test_graphs_and_text_and_page(tmp_path):
    pytest.importorskip("matplotlib")
    found = sh.WeightedAvgShift(A, B, SCORES, reference_value="average", system_names=("one", "two"))
    axes = found.get_shift_graph(top_n=3, show_plot=False, filename=tmp_path / "graph.svg", detailed=True)
    assert axes.figure is not None
    assert (tmp_path / "graph.svg").read_text().startswith("<?xml")
    assert found.plot(tmp_path / "graph.png") == [tmp_path / "graph.png"]
    assert "d" in found.to_text(width=60, colour=False)
    assert found.to_html(tmp_path / "graph.html").read_text().lstrip().lower().startswith("<!doctype html")


@pytest.mark.parametrize("name", ["ProportionShift", "EntropyShift", "JSDivergenceShift"])
def test_graph_arguments_come_in_the_references_order(name, tmp_path):
    pytest.importorskip("matplotlib")
    found = getattr(sh, name)(A, B)
    assert found.get_shift_graph(2, False, False, filename=tmp_path / "a.svg").figure is not None
    with pytest.raises(TypeError, match="in order: top_n, show_plot"):
        found.get_shift_graph(2, False, top_n=3)


def test_tables_and_intervals():
    found = sh.JSDivergenceShift({f"w{i}": i + 1 for i in range(30)}, {f"w{i}": 31 - i for i in range(30)})
    assert list(found.table(top=3)["type"])[:2] == [found.result.types[at] for at in found.result.top(2)]
    table = found.table(top=3, ci="delta")
    assert np.isfinite(table["ci_low"]).all()
