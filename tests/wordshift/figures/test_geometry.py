"""Where bars lie: the rules of section 2.7, checked on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from wordshift.figures.drawn_shifts import TOY_1, TOY_2, jsd, proportion, random_pair, two_lexicons, weighted

from hotpapers.wordshift.figures.geometry import KINDS, cumulative, geometry, pieces
from hotpapers.wordshift.figures.labels import clean_label, default_title, directions, short_label
from hotpapers.wordshift.shifts import WordShiftError


def spans(drawn):
    return [(piece.start, piece.end, piece.kind, piece.faded) for piece in drawn]


def test_parts_of_one_sign_follow_each_other():
    drawn, tip = pieces(-2.0, -1.0, "pos_s_neg_p", "neg_s")
    assert spans(drawn) == [(0.0, -2.0, "pos_s_neg_p", False), (-2.0, -3.0, "neg_s", False)]
    assert tip == -3.0


def test_of_opposite_parts_the_rest_is_solid_and_the_cancelled_amount_faded_on_both_sides():
    drawn, tip = pieces(2.0, -5.0, "pos_s_pos_p", "neg_s")
    assert spans(drawn) == [
        (0.0, -3.0, "neg_s", False),
        (-3.0, -5.0, "neg_s", True),
        (0.0, 2.0, "pos_s_pos_p", True),
    ]
    assert tip == -5.0


def test_a_part_of_nothing_is_not_drawn():
    assert spans(pieces(0.0, 1.5, "pos_s_pos_p", "pos_s")[0]) == [(0.0, 1.5, "pos_s", False)]


@pytest.mark.parametrize("normalization", ["variation", "trajectory", "none"])
def test_detailed_bars_add_up_to_the_scores(normalization):
    shift = two_lexicons(normalization=normalization)
    laid = geometry(shift, top_n=300)
    factor = 1.0 if normalization == "none" else 100.0
    assert laid.layout == "detailed"
    for bar in laid.bars:
        solid = [piece.end for piece in bar.pieces if not piece.faded]
        assert solid[-1] == pytest.approx(factor * shift.score[bar.index], rel=1e-12)
        longest = max((end for piece in bar.pieces for end in (piece.start, piece.end)), key=abs)
        assert bar.tip == longest


def test_words_stand_by_falling_contribution_and_zeros_are_left_out():
    shift = proportion({"x": 1.0, "y": 1.0, "z": 2.0}, {"x": 1.0, "y": 2.0, "z": 1.0})
    assert [bar.word for bar in geometry(shift, top_n=50).bars] == ["y", "z"]


def test_divergence_bars_point_to_the_text_that_uses_the_word_more():
    shift = jsd()
    laid = geometry(shift)
    assert laid.layout == "all-positive"
    sides = {bar.word: np.sign(bar.value) for bar in laid.bars}
    assert sides == {"a": -1, "b": -1, "c": -1, "d": 1}
    total = next(total for total in laid.sums if total.kind == "total")
    by_kind = {total.kind: total for total in laid.sums}
    assert total.value == pytest.approx(100)
    assert (total.start, total.end) == (by_kind["negative"].end, by_kind["positive"].end)


def test_divergence_top_bars_sum_all_words_not_only_those_shown():
    shift = jsd(*random_pair(400))
    few, all_words = geometry(shift, top_n=5), geometry(shift, top_n=400)
    assert [total.value for total in few.sums] == [total.value for total in all_words.sums]
    assert sum(abs(total.value) for total in few.sums if total.kind != "total") == pytest.approx(100)


def test_the_top_panel_has_the_component_sums_scaled_to_the_longest_bar():
    shift = two_lexicons()
    laid = geometry(shift)
    values = {total.kind: total.value for total in laid.sums}
    assert values.pop("total") == pytest.approx(100 * shift.difference / shift.norm)
    assert values == {kind: pytest.approx(100 * v / shift.norm) for kind, v in shift.components.items()}
    longest = max(abs(bar.tip) for bar in laid.bars)
    assert max(abs(total.end) for total in laid.sums) == pytest.approx(longest)
    rows = {total.kind: total.row for total in laid.sums}
    assert rows["total"] < rows["neg_s"] == rows["pos_s"] < rows["neg_s_pos_p"] < rows["pos_s_pos_p"]


def test_score_change_rows_only_where_scores_changed():
    scores = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    shift = weighted(TOY_1, TOY_2, scores)
    assert not {"pos_s", "neg_s"} & {total.kind for total in geometry(shift).sums}
    assert {"pos_s", "neg_s"} <= {total.kind for total in geometry(shift, show_score_diffs=True).sums}


def test_rounding_is_no_total():
    total = next(t for t in geometry(proportion(*random_pair(500))).sums if t.kind == "total")
    assert total.value == 0.0


def test_the_curve_ends_at_the_whole_and_is_thin():
    shift = jsd(*random_pair(5000))
    ranks, sums = cumulative(shift)
    assert len(ranks) <= 400
    assert (ranks[0], ranks[-1]) == (1, len(shift.types))
    assert sums[-1] == pytest.approx(100)
    assert np.all(np.diff(sums) >= 0)
    assert sums[0] == pytest.approx(100 * np.abs(shift.score).max())


def test_the_curve_is_signed_under_trajectory():
    shift = two_lexicons(normalization="trajectory")
    assert cumulative(shift)[1][-1] == pytest.approx(100 * np.sign(shift.difference))


def test_chosen_kinds_leave_out_the_other_parts():
    shift = two_lexicons()
    laid = geometry(shift, top_n=300, kinds={"pos_s_pos_p", "neg_s"})
    drawn = {piece.kind for bar in laid.bars for piece in bar.pieces}
    assert drawn == {"pos_s_pos_p", "neg_s"}
    assert {total.kind for total in laid.sums} == {"total", "pos_s_pos_p", "neg_s"}
    values = [abs(bar.value) for bar in laid.bars]
    assert values == sorted(values, reverse=True)


def test_one_side_of_a_divergence():
    assert {bar.word for bar in geometry(jsd(), kinds={"positive"}).bars} == {"d"}


def test_an_unknown_kind_is_named():
    with pytest.raises(WordShiftError, match=r"'pos_p'.*pos_s_pos_p"):
        geometry(jsd(), kinds={"pos_p"})


def test_rows_of_another_shift_are_kept():
    pair = random_pair(100)
    first, second = jsd(*pair), proportion(*pair)
    rows = geometry(first, top_n=20)
    kept = geometry(second, top_n=20, preserve_order=first)
    assert [bar.word for bar in kept.bars] == [bar.word for bar in rows.bars]
    assert kept.bars[0].value == pytest.approx(100 * second.score[kept.bars[0].index])


def test_a_word_that_the_shift_lacks_keeps_an_empty_row():
    bars = geometry(jsd(), preserve_order=["d", "elsewhere", "a"]).bars
    assert [(bar.word, bool(bar.pieces)) for bar in bars] == [("d", True), ("elsewhere", False), ("a", True)]


def test_intervals_are_mirrored_with_their_bar():
    laid = geometry(jsd(), intervals={"a": (0.1, 0.3), "d": (0.2, 0.9)})
    intervals = {bar.word: bar.interval for bar in laid.bars}
    assert intervals["a"] == pytest.approx((-30, -10))
    assert intervals["d"] == pytest.approx((20, 90))
    assert intervals["b"] is None
    assert laid.extent == pytest.approx(90)


def test_an_object_with_scores_is_as_good_as_a_mapping():
    class Made:
        def scores(self):
            return {"d": (0.2, 0.9)}

    assert geometry(jsd(), intervals=Made()).bars[0].interval == pytest.approx((20, 90))


def test_words_of_unclear_direction_are_pale_where_pale_does_not_mean_cancelled():
    faded = {bar.word: bar.pieces[0].faded for bar in geometry(jsd(), unclear={"a", "d"}).bars}
    assert faded == {"a": True, "b": False, "c": False, "d": True}
    shift = two_lexicons()
    assert geometry(shift, unclear=set(shift.types)).bars == geometry(shift).bars


def test_all_positive_is_refused_where_contributions_are_negative():
    with pytest.raises(WordShiftError, match="all_pos_contributions"):
        geometry(proportion(), all_positive=True)
    with pytest.raises(WordShiftError, match="top_n=0"):
        geometry(jsd(), top_n=0)


def test_borrowed_scores_are_marked():
    scores = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    bars = geometry(weighted(TOY_1, TOY_2, scores, adopted=["d"]), missing_symbol="†").bars
    assert {bar.word: bar.label for bar in bars}["d"] == "d†"


def test_identical_texts_have_no_bars():
    laid = geometry(jsd(TOY_1, TOY_1))
    assert laid.bars == ()
    assert np.isfinite(laid.extent)


def test_every_kind_has_a_name():
    shift = two_lexicons()
    drawn = {p.kind for bar in geometry(shift, top_n=300).bars for p in bar.pieces}
    assert drawn == set(KINDS) - {"positive", "negative"}


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a" * 30, "a" * 30),
        ("a" * 31, "a" * 29 + "…"),
        ("x" * 28 + "e\u0301\u0301\u0301", "x" * 28 + "…"),
        ("\u202eevil", "evil"),
        ("a\x00b\tc", "a b c"),
        ("\udc80", "\ufffd"),
        (" ", "' '"),
        (7, "7"),
        ("नमस्ते", "नमस्ते"),
    ],
)
def test_labels_are_short_and_show_what_they_are(label, shown):
    assert short_label(label) == shown


def test_joiners_stay():
    assert clean_label("क्\u200dष") == "क्\u200dष"


def test_titles():
    assert default_title(jsd()) == "JSD = 0.446 bits"
    assert default_title(proportion()) == "Total variation distance = 0.571"
    close = weighted({"a": 2.0, "b": 1000.0}, {"a": 3.0, "b": 1000.0}, {"a": 1.0, "b": 2.0}, names=("U", "V"))
    assert default_title(close) == "U: Φavg = 1.998\nV: Φavg = 1.997"


def test_directions():
    assert directions(jsd()) == ("more in First", "more in Second")
    assert directions(two_lexicons()) == ("First higher", "Second higher")
