"""Terminal bars: golden pages, colour, widths, and what starts quickly."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from wordshift.figures.drawn_shifts import TOY_1, TOY_2, jsd, random_pair, two_lexicons, weighted

from hotpapers.wordshift.figures.bars import display_width, fit_to_width, to_text

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch):
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def test_golden_blocks():
    assert (
        to_text(jsd(), width=60, colour=False, ascii=False)
        == """\
JSD = 0.446 bits
   ← more in First│more in Second →
1                 │█████████████████████████████████ d 64.04
2     c ▐█████████│                                    18.68
3      a ▐████████│                                    16.99
4              b ▕│                                     0.30
all 4 words (%):  ← 35.96  → 64.04
"""
    )


def test_golden_ascii():
    text = to_text(jsd(), width=60, ascii=True)
    assert (
        text
        == """\
JSD = 0.446 bits
  <- more in First|more in Second ->
1                 |################################# d 64.04
2     c ##########|                                    18.68
3      a #########|                                    16.99
4               b |                                     0.30
all 4 words (%):  <- 35.96  -> 64.04
"""
    )
    assert text.isascii()


def test_golden_components_and_intervals():
    first = {"a": 1.0, "b": -2.0, "c": 3.0, "d": -4.0}
    shift = weighted(TOY_1, TOY_2, first, {"a": -1.0, "b": 2.0, "c": 3.5, "d": -4.0})
    text = to_text(shift, width=60, colour=False, ascii=False, intervals={"a": (-0.9, 0.1)})
    assert (
        text
        == """\
First: Φavg = 0.33
Second: Φavg = −1.86
      ← First higher│Second higher →
1 d ████████████████│                 −48.98
2                   │████████▋ b       26.53
3            a ▐████│                 −13.78 [−90.00, 10.00]
4             c ▐███│▎                −10.71
all 4 words (%):  Σ −46.94  +↑ 0.00  +↓ −11.61  -↑ −48.98
   -↓ 0.00  △ 27.42  ▽ −13.78
"""
    )


def test_what_is_cancelled_is_shaded():
    assert "░" in to_text(two_lexicons(), top=40, width=100, colour=False, ascii=False)


def test_words_of_unclear_direction_are_shaded():
    text = to_text(jsd(), width=60, colour=False, ascii=False, unclear={"c", "b"})
    assert text.splitlines()[3:6] == [
        "2     c ░░░░░░░░░░│                                    18.68",
        "3      a ▐████████│                                    16.99",
        "4              b ░│                                     0.30",
    ]
    assert "2     c ----------|" in to_text(jsd(), width=60, ascii=True, unclear={"c"})


@pytest.mark.parametrize("width", [40, 57, 80, 140])
@pytest.mark.parametrize("shift", [jsd(*random_pair(300)), two_lexicons()], ids=["jsd", "detailed"])
def test_lines_keep_to_the_width_and_the_axis_is_straight(shift, width):
    lines = to_text(shift, width=width, colour=False, ascii=False).splitlines()
    assert max(display_width(line) for line in lines) <= width
    rows = [line for line in lines if "│" in line]
    assert len(rows) == 21
    assert len({display_width(line.split("│")[0]) for line in rows}) == 1


def test_bar_lengths_are_proportional_to_an_eighth():
    lines = to_text(jsd(*random_pair(300)), width=120, colour=False, ascii=False).splitlines()
    lengths, values = [], []
    for line in lines:
        if match := re.match(r"\s*\d+ +│(█+)([▏▎▍▌▋▊▉]?) ", line):
            lengths.append(len(match[1]) + " ▏▎▍▌▋▊▉".find(match[2] or " ") / 8)
            values.append(float(line.split()[-1]))
    assert len(lengths) > 5
    unit = lengths[0] / values[0]
    for length, value in zip(lengths, values, strict=True):
        assert length == pytest.approx(value * unit, abs=0.1 + 0.006 * unit)


def test_colour_only_where_it_is_wanted(monkeypatch):
    plain = to_text(jsd(), width=60, ascii=False)
    assert "\x1b" not in plain
    coloured = to_text(jsd(), width=60, colour=True, ascii=False)
    assert "\x1b[38;5;221m" in coloured
    assert [len(line) for line in ESCAPE.sub("", coloured).splitlines()] == [
        len(line) for line in plain.splitlines()
    ]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" in to_text(jsd(), width=60, ascii=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in to_text(jsd(), width=60, ascii=False)
    assert "\x1b" not in to_text(jsd(), width=60, colour=True, ascii=False)


def test_width_is_the_terminals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "64")
    lines = to_text(jsd(), colour=False, ascii=False).splitlines()
    assert max(map(display_width, lines)) == 64


def test_identical_texts():
    assert to_text(jsd(TOY_1, TOY_1)).endswith("no difference between First and Second\n")


WIDTHS = {
    "word": 4,
    "漢字": 4,
    "한국어": 6,
    "e\u0301": 1,
    "नमस्ते": 4,
    "👍🏽": 2,
    "👩\u200d👩\u200d👧": 2,
    "❤️": 2,
    "ﾊﾝ": 2,
    "": 0,
}


@pytest.mark.parametrize(("text", "columns"), WIDTHS.items())
def test_display_widths(text, columns):
    assert display_width(text) == columns


def test_cut_texts_fit():
    assert fit_to_width("漢字漢字", 6) == "漢字…"
    assert display_width(fit_to_width("漢字漢字", 6)) <= 6
    assert fit_to_width("word", 4) == "word"


def test_wide_and_odd_words_keep_the_axis_straight():
    shift = jsd({"漢字": 3.0, "नमस्ते": 4.0, "a" * 300: 2.0, "\x1b[31mred": 2.0}, {"漢字": 1.0, "é": 5.0})
    text = to_text(shift, width=60, colour=False, ascii=False)
    assert "\x1b" not in text
    assert len({display_width(line.split("│")[0]) for line in text.splitlines() if "│" in line}) == 1


def test_nothing_slow_is_imported():
    modules = ("matplotlib", "pandas", "pyarrow", "rich")
    code = f"import sys, hotpapers.wordshift.figures.bars; print([m for m in {modules} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
