"""Figures, read back from their SVG: bars, words, colours, insets, and nothing left behind."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from wordshift.figures.drawn_shifts import TOY_1, TOY_2, jsd, proportion, random_pair, two_lexicons, weighted

from hotpapers.common.errors import InputError
from hotpapers.wordshift.figures.geometry import geometry
from hotpapers.wordshift.figures.graphs import save, shift_graph, shift_graphs
from hotpapers.wordshift.figures.rendering import MissingGlyphWarning, read_metadata, render
from hotpapers.wordshift.figures.styles import PALETTES, STYLES, GraphOptions
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.tables import table

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def divergence():
    return jsd(*random_pair(600))


@pytest.fixture(scope="module")
def sentiment():
    return two_lexicons()


def parsed(ax):
    """Id -> element of the figure's SVG."""
    root = ET.fromstring(render(ax.get_figure(root=True), "svg"))
    return {element.get("id"): element for element in root.iter() if element.get("id")}


def path_xs(element):
    numbers = re.findall(r"[-\d.]+", element.find(f"{SVG}path").get("d"))
    return [float(x) for x in numbers[::2]]


def style_of(element):
    return dict(part.strip().split(": ") for part in element.find(f"{SVG}path").get("style").split(";"))


def text_of(element):
    return "".join(element.itertext()).strip()


def to_points(ax, value):
    """Data x -> x in the SVG."""
    return ax.transData.transform((value, 1))[0] * 72 / ax.get_figure(root=True).dpi


def bars_of(elements):
    return {name: element for name, element in elements.items() if name.startswith("bar-")}


def test_bars_lie_where_the_table_says(divergence):
    ax = shift_graph(divergence, top_n=40)
    bars = bars_of(parsed(ax))
    assert len(bars) == 40
    columns = table(divergence, 40)
    for row in range(40):
        side = 1 if columns["p_diff"][row] > 0 else -1
        kind = "positive" if side > 0 else "negative"
        xs = path_xs(bars[f"bar-{row + 1}-{kind}"])
        ends = sorted((to_points(ax, 0), to_points(ax, side * 100 * columns["score"][row])))
        assert [min(xs), max(xs)] == pytest.approx(ends, abs=0.1)


def test_detailed_bars_lie_where_the_geometry_says(sentiment):
    ax = shift_graph(sentiment, top_n=30)
    bars = bars_of(parsed(ax))
    laid = geometry(sentiment, top_n=30)
    assert len(bars) == sum(len(bar.pieces) for bar in laid.bars)
    for bar in laid.bars:
        for piece in bar.pieces:
            element = bars[f"bar-{bar.row}-{piece.kind}{'-faded' if piece.faded else ''}"]
            ends = sorted((to_points(ax, piece.start), to_points(ax, piece.end)))
            xs = path_xs(element)
            assert [min(xs), max(xs)] == pytest.approx(ends, abs=0.1)
            style = style_of(element)
            assert style["fill"] == PALETTES["paper"][piece.kind].lower()
            opacity = style.get("fill-opacity", style.get("opacity", "1"))
            assert float(opacity) == pytest.approx(0.35 if piece.faded else 1)


def test_words_are_text_in_order(divergence):
    elements = parsed(shift_graph(divergence, top_n=25))
    words = [text_of(elements[f"label-{row}"]) for row in range(1, 26)]
    assert words == [divergence.types[index] for index in divergence.order[:25]]


def test_words_stand_clear_beyond_their_bars_and_inside_the_axes(sentiment):
    ax = shift_graph(sentiment)
    box = ax.get_window_extent()
    laid = geometry(sentiment)
    for bar, text in zip(laid.bars, [t for t in ax.texts if t.get_gid().startswith("label-")], strict=True):
        words = text.get_window_extent()
        tip = ax.transData.transform((bar.tip, bar.row))[0]
        assert words.x0 >= tip if bar.tip > 0 else words.x1 <= tip
        assert box.x0 <= words.x0
        assert words.x1 <= box.x1


def test_top_bars_name_the_texts_and_their_true_values(divergence):
    elements = parsed(shift_graph(divergence))
    assert "more in First" in text_of(elements["direction-left"])
    assert "more in Second" in text_of(elements["direction-right"])
    values = {total.kind: total.value for total in geometry(divergence).sums}
    assert text_of(elements["value-positive"]) == f"{values['positive']:.1f} %"
    assert text_of(elements["value-total"]) == "100.0 %"
    assert "JSD" in text_of(elements["title"])


def inset_boxes(figure):
    return [
        (ax, inset.get_tightbbox())
        for ax in figure.axes
        for inset in ax.child_axes
        if (inset.get_gid() or "").find("inset-") >= 0
    ]


@pytest.mark.parametrize("given", [False, True])
def test_b8_three_shifts_on_one_figure_keep_their_insets_apart(divergence, sentiment, given):
    shifts = [divergence, sentiment, proportion(*random_pair(600, 5))]
    if given:
        figure = Figure(figsize=(18, 11), dpi=100)
        for ax, shift in zip(figure.subplots(1, 3), shifts, strict=True):
            shift_graph(shift, ax=ax)
    else:
        figure = shift_graphs(shifts, dpi=100)[0].figure
    boxes = inset_boxes(figure)
    assert len(boxes) == 6
    for ax, box in boxes:
        assert not any(box.overlaps(other.get_window_extent()) for other in figure.axes if other is not ax)
        drawn = [patch.get_window_extent() for patch in ax.patches] + [
            t.get_window_extent() for t in ax.texts
        ]
        assert not any(box.overlaps(other) for other in drawn)
    assert not any(a.overlaps(b) for (_, a), (_, b) in itertools.combinations(boxes, 2))


def test_b8_the_file_has_the_given_axes_figure(tmp_path, divergence):
    other = shift_graph(proportion())
    figure = Figure(figsize=(8, 12))
    ax = figure.subplots()
    ax.set_gid("mine")
    shift_graph(divergence, ax=ax, top_n=7, filename=tmp_path / "mine.svg")
    text = (tmp_path / "mine.svg").read_text()
    assert len(re.findall(r'id="bar-', text)) == 7
    assert other.figure is not figure


def test_b8_settings_and_open_figures_stay(tmp_path, divergence):
    from matplotlib import pyplot as plt

    with mpl.rc_context({"lines.linewidth": 7, "font.family": ["monospace"], "svg.fonttype": "path"}):
        before, opened = dict(mpl.rcParams), plt.get_fignums()
        shift_graph(divergence, serif=True, filename=tmp_path / "a.png", dpi=50)
        shift_graph(divergence, show_plot=True, dpi=50, top_n=5)
        assert dict(mpl.rcParams) == before
        assert plt.get_fignums() == opened


def test_b8_fewer_words_make_fewer_rows():
    ax = shift_graph(jsd())
    assert ax.get_ylim()[0] < 10
    assert ax.figure.get_size_inches()[1] < 5


def test_the_users_settings_do_not_change_the_figure(divergence):
    plain = render(shift_graph(divergence, top_n=10).figure, "svg")
    with mpl.rc_context({"axes.grid": True, "font.size": 30, "axes.facecolor": "red", "text.color": "blue"}):
        assert render(shift_graph(divergence, top_n=10).figure, "svg") == plain


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from wordshift.figures.drawn_shifts import jsd, random_pair
from hotpapers.wordshift.figures.graphs import shift_graph
from hotpapers.wordshift.figures.rendering import render
figure = shift_graph(jsd(*random_pair(200)), top_n=20, dpi=60).figure
for kind in ("png", "svg", "pdf"):
    print(hashlib.sha256(render(figure, kind, dpi=60, metadata={"b": 1, "a": 2})).hexdigest())
"""


def test_bytes_are_the_same_under_every_hash_seed():
    tests = str(Path(__file__).resolve().parents[2])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, tests], env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
    assert len(set(outputs.pop().split())) == 3


def test_files_say_how_they_were_made(tmp_path, divergence):
    paths = [tmp_path / f"out.{kind}" for kind in ("png", "svg", "pdf")]
    save(
        divergence,
        paths,
        top_n=12,
        palette="cvd",
        kinds={"positive"},
        metadata={"inputs": {"ä<b>.txt": "00ff"}},
    )
    for path in paths[:2]:
        record = read_metadata(path)
        assert record["options"] == {"top_n": 12, "palette": "cvd", "kinds": ["positive"]}
        assert record["inputs"] == {"ä<b>.txt": "00ff"}
        assert record["shifts"][0]["measure"] == "jsd"
    assert not list(tmp_path.glob(".*"))
    (tmp_path / "other.svg").write_text("<svg/>")
    with pytest.raises(InputError, match="no record"):
        read_metadata(tmp_path / "other.svg")
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        save(divergence, tmp_path / "out.bmp")


def test_svg_of_fifty_words_is_small(divergence):
    svg = render(shift_graph(divergence).figure, "svg")
    assert len(svg) <= 150_000
    detailed = shift_graph(two_lexicons(3000), intervals={f"word{i}": (0.0, 0.01) for i in range(3000)})
    assert len(render(detailed.figure, "svg")) <= 150_000


def test_unknown_options_are_refused_with_the_nearest_name(divergence):
    with pytest.raises(TypeError, match=r"'top_m'.*'top_n'"):
        shift_graph(divergence, top_m=3)
    with pytest.raises(WordShiftError, match=r"palette 'cdv'.*'cvd'"):
        shift_graph(divergence, palette="cdv")
    with pytest.raises(WordShiftError, match="style 'slides'"):
        shift_graph(divergence, style="slides")


REFERENCE_OPTIONS = {
    "top_n": 9,
    "detailed": True,
    "text_size_inset": False,
    "cumulative_inset": True,
    "title": r"$\Phi$",
    "all_pos_contributions": False,
    "alpha_fade": 0.2,
    "bar_linewidth": 1,
    "bar_type_space_scaling": 0.03,
    "bar_width": 0.5,
    "cumulative_xlabel": "x",
    "cumulative_xticks": [0, 50],
    "cumulative_xticklabels": ["none", "half"],
    "cumulative_ylabel": "y",
    "dpi": 60,
    "every_nth_ytick": 3,
    "width": 6,
    "height": 9,
    "invisible_spines": ["top", "right"],
    "label_fontsize": 9,
    "missing_symbol": "#",
    "pos_cumulative_inset": [0.1, 0.05, 0.2, 0.2],
    "pos_text_size_inset": [0.8, 0.1, 0.1, 0.1],
    "remove_xticks": False,
    "remove_yticks": True,
    "score_colors": {"pos_s": "#123456", "all_pos_pos": "#654321"},
    "symbols": {"pos_s": "UP"},
    "serif": True,
    "show_score_diffs": True,
    "show_total": False,
    "system_names": ["Old", "New"],
    "tick_format": "{:.2f}",
    "tight": False,
    "title_fontsize": 10,
    "width_scaling": 1.5,
    "xlabel": "how much",
    "xlabel_fontsize": 9,
    "xtick_fontsize": 8,
    "y_margin": 0.02,
    "ylabel": "place",
    "ylabel_fontsize": 9,
    "ytick_fontsize": 8,
}


def test_every_option_of_the_reference_is_obeyed(sentiment):
    ax = shift_graph(sentiment, **REFERENCE_OPTIONS)
    elements = parsed(ax)
    words = " ".join(text_of(element) for element in elements.values())
    for text in ("UP", "how much", "place", "none", "half", "Old higher"):
        assert text in words
    assert "sum-total" not in elements
    fills = {style_of(e)["fill"] for name, e in elements.items() if re.fullmatch(r"(bar-.*|sum)-pos_s", name)}
    assert fills == {"#123456"}
    assert tuple(ax.figure.get_size_inches()) == (6, 9)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == []
    assert not ax.spines["top"].get_visible()
    assert ax.get_position().bounds == pytest.approx((0.125, 0.11, 0.775, 0.77))
    assert ax.child_axes[0].get_position(original=True) is not None


def test_the_inset_stands_where_it_was_asked_to_in_axes_coordinates(divergence):
    ax = shift_graph(divergence, pos_cumulative_inset=[0.05, 0.1, 0.2, 0.3], text_size_inset=False)
    ax.figure.draw_without_rendering()
    box, inset = ax.get_window_extent(), ax.child_axes[0].get_window_extent()
    assert (inset.x0 - box.x0) / box.width == pytest.approx(0.05)
    assert inset.height / box.height == pytest.approx(0.3)


def test_size_bars_compare_the_two_real_texts():
    ax = shift_graph(jsd({"a": 10.0, "b": 10.0}, {"a": 1.0, "c": 4.0}))
    elements = parsed(ax)
    widths = [np.ptp(path_xs(elements[f"size-{number}"])) for number in (1, 2)]
    assert widths[1] / widths[0] == pytest.approx(0.25, abs=1e-3)


def test_identical_texts_say_no_difference():
    elements = parsed(shift_graph(jsd(TOY_1, TOY_1)))
    assert text_of(elements["no-difference"]).startswith("No difference")
    assert not bars_of(elements)


def test_rows_of_graphs_side_by_side_are_level(sentiment):
    axes = shift_graphs([jsd(*random_pair(600)), sentiment], order="own", top_n=20)
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert axes[0].get_position().y0 == axes[1].get_position().y0
    assert axes[0].get_position().y1 == axes[1].get_position().y1
    pair = [jsd(*random_pair(200, seed)) for seed in (0, 3)]
    first, second = (
        [t.get_text() for t in ax.texts if "label-" in t.get_gid()]
        for ax in shift_graphs(pair, order="shared", top_n=15)
    )
    assert first == second
    assert len(first) == 15


@pytest.mark.parametrize("style", STYLES)
def test_styles_keep_their_size(divergence, style):
    ax = shift_graph(divergence, style=style)
    options = GraphOptions(**STYLES[style])
    assert ax.figure.get_size_inches()[0] == options.width
    assert sum(t.get_gid().startswith("label-") for t in ax.texts) == options.top_n
    assert min(t.get_fontsize() for t in ax.texts if t.get_gid().startswith("label-")) >= 6


def installed(*families):
    return set(families) <= set(fontManager.get_font_names())


def test_odd_labels_are_drawn_as_they_are():
    words = [
        "$x$",
        "$5 and $6",
        "under_score_",
        "<script>alert(1)</script>",
        "a" * 300,
        "😀",
        r"\frac",
        "%",
        "&amp;",
    ]
    if installed("Noto Sans Devanagari"):
        words.append("नमस्ते")
    counts = {word: float(index + 1) for index, word in enumerate(words)}
    shift = jsd(counts, {"mot": 5.0}, names=("$A_1$ & $B$", "<i>"))
    ax = shift_graph(shift)
    elements = parsed(ax)
    shown = {text_of(element) for name, element in elements.items() if name.startswith("label-")}
    assert shown == {word if len(word) <= 30 else "a" * 29 + "…" for word in [*words, "mot"]}
    assert text_of(elements["direction-left"]) == "← more in $A_1$ & $B$"
    render(ax.figure, "png", dpi=50)


def test_letters_that_no_font_has_are_boxes_and_one_warning():
    unassigned = next(chr(p) for p in range(0x1FAF9, 0x1FBFF) if unicodedata.category(chr(p)) == "Cn")
    ax = shift_graph(jsd({unassigned: 3.0, "a": 1.0}, {"a": 2.0}))
    with pytest.warns(MissingGlyphWarning, match=f"U\\+{ord(unassigned):04X}") as caught:
        render(ax.figure, "png", dpi=50)
    assert len(caught) == 1


def lightness(colour):
    """CIE L* of a colour, what grey print keeps of it."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return 116 * luminance ** (1 / 3) - 16


def test_cvd_colours_stay_apart_in_grey():
    palette = PALETTES["cvd"]
    kinds = [kind for kind in palette if kind not in {"positive", "negative", "total"}]
    levels = sorted(lightness(palette[kind]) for kind in kinds)
    assert min(np.diff(levels)) > 11
    assert lightness(palette["positive"]) - lightness(palette["negative"]) > 30
    for light, dark in (("pos_s_neg_p", "pos_s_pos_p"), ("neg_s_neg_p", "neg_s_pos_p"), ("pos_s", "neg_s")):
        assert lightness(palette[light]) - lightness(palette[dark]) > 25


def test_whiskers_reach_their_ends(divergence):
    word = divergence.types[divergence.order[0]]
    score = divergence.score[divergence.order[0]]
    ax = shift_graph(divergence, intervals={word: (0.5 * score, 1.4 * score)})
    elements = parsed(ax)
    bar = geometry(divergence).bars[0]
    ends = sorted(to_points(ax, factor * bar.value) for factor in (0.5, 1.4))
    paths = elements["interval-1"].findall(f".//{SVG}path")
    xs = [float(x) for x in re.findall(r"[-\d.]+", paths[-1].get("d"))[::2]]
    assert [min(xs), max(xs)] == pytest.approx(ends, abs=0.1)
    assert "interval-2" not in elements


def test_words_of_unclear_direction_are_pale(divergence):
    word = divergence.types[divergence.order[1]]
    alphas = [patch.get_facecolor()[3] for patch in shift_graph(divergence, unclear={word}).patches]
    assert alphas[:3] == [1.0, 0.35, 1.0]


def test_adopted_words_carry_the_mark():
    shift = weighted(TOY_1, TOY_2, {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, adopted=["c"])
    words = {t.get_text() for t in shift_graph(shift).texts}
    assert "c*" in words


def test_drawing_does_not_depend_on_the_vocabulary():
    small, large = jsd(*random_pair(100)), jsd(*random_pair(20_000))
    sizes = [len(render(shift_graph(shift).figure, "svg")) for shift in (small, large)]
    assert sizes[1] < 1.5 * sizes[0]


def test_metadata_is_plain_json(tmp_path, divergence):
    save(divergence, tmp_path / "a.svg", intervals={"word1": (0, 1)}, preserve_order=divergence)
    assert json.loads(json.dumps(read_metadata(tmp_path / "a.svg")))["options"] == {
        "intervals": True,
        "preserve_order": True,
    }
