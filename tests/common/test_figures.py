"""The small figures: well-formed, named, to scale, readable on light and dark."""

import re

import pytest
from lxml import etree

from hotpapers.common.figures import PALETTE, dumbbell, palette_css, sparkline, stacked_bar

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg):
    root = etree.fromstring(svg)
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    return root


def percents(elements, name):
    return [float(element.get(name).rstrip("%")) for element in elements]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", PALETTE)
def test_colours_stand_out_from_both_papers(name):
    light, dark = PALETTE[name]
    assert contrast(light, "#fdfdfc") >= 3
    assert contrast(dark, "#141618") >= 3
    assert f"--{name}: {light};" in palette_css()
    assert f"--{name}: {dark};" in palette_css()


def test_stacked_bar_is_to_scale():
    root = parse(stacked_bar([("a", 30), ("b", 10)], whole=80, title="Counts"))
    pieces = root.findall(f"{SVG}rect")[1:]
    assert percents(pieces, "x") == [0, 37.5]
    assert percents(pieces, "width") == [37.5, 12.5]
    assert [piece[0].text for piece in pieces] == ["a", "b"]


def test_stacked_bar_without_counts_is_empty():
    assert len(parse(stacked_bar([], whole=0, title="None")).findall(f"{SVG}rect")) == 1


def test_sparkline_places_points_by_position_and_value():
    root = parse(sparkline([0, 50, 100], positions=[0, 10, 40], title="Growth", height=28))
    lines = root.findall(f"{SVG}line")[1:]
    assert percents(lines, "x1") == [2, 25.5]
    assert percents(lines, "x2") == [25.5, 96]
    assert [float(line.get("y2")) for line in lines] == [14, 4]


@pytest.mark.parametrize(("values", "positions"), [([1], None), ([1, 2], [0]), ([], None)])
def test_sparkline_needs_a_line(values, positions):
    with pytest.raises(ValueError, match="two or more"):
        sparkline(values, positions=positions, title="x")


def test_dumbbell_has_a_row_for_each_word_on_a_round_scale():
    root = parse(
        dumbbell([("memory", 0.03, 0.12), ("tea", 0.0, 0.06)], names=("before", "now"), title="Rising")
    )
    text = [element.text for element in root.iter(f"{SVG}text")]
    assert text == ["before", "now", "0 %", "5 %", "10 %", "15 %", "memory", "12.0 %", "tea", "6.0 %"]
    dots = root.findall(f"{SVG}circle")[1:]  # the first belongs to the key
    assert percents(dots, "cx") == pytest.approx(
        [35 + 51 * share / 0.15 for share in (0.03, 0.12, 0, 0.06)], abs=0.01
    )


def test_text_is_escaped_and_cleaned():
    label = "<script>\x00&\ud800"
    for svg in (
        dumbbell([(label, 0.1, 0.2)], names=(label, label), title=label),
        stacked_bar([(label, 1)], whole=1, title=label),
        sparkline([1, 2], title=label),
    ):
        assert "<script>&" in "".join(parse(svg).itertext())
        assert not re.search(r"<script|\sstyle=|\son\w+=", svg)


def test_a_long_word_is_shortened():
    assert "x" * 16 + "…" in dumbbell([("x" * 40, 0.1, 0.2)], names=("a", "b"), title="t")
