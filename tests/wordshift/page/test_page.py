"""The page as text: whole without a script, safe with any word, small, and the same every time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from wordshift.page.page_shifts import Context, Recipe, lexicons, texts

from hotpapers import wordshift as ws
from hotpapers.wordshift.figures.geometry import geometry
from hotpapers.wordshift.page.data import model_of, vocabulary
from hotpapers.wordshift.page.page import LARGEST_PAGE, to_html, write_page
from hotpapers.wordshift.page.picture import signed_text
from hotpapers.wordshift.shifts import WordShiftError

A, B = texts()
ONE, TWO = lexicons(A, B)
JSD = Recipe("jsd")
MEASURES = [
    Recipe("proportion"),
    Recipe("entropy", base=10.0),
    Recipe("entropy", reference="average"),
    Recipe("tsallis", alpha=0.7),
    Recipe("tsallis", alpha=2.0, form="qlog", reference="average"),
    Recipe("kld"),
    Recipe("kld", pseudo=0.5),
    JSD,
    Recipe("jsd", weights=(0.3, 0.7)),
    Recipe("jsd", weights="pooled"),
    Recipe("jsd", alpha=1.5),
    Recipe("sentiment", lexicons=(ONE, ONE), reference=5.0),
    Recipe("sentiment", lexicons=(ONE, TWO), reference="average"),
]


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])


class Text(HTMLParser):
    """Elements with their attributes, and the text of table cells."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text = [], [], {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text):
        for tag in set(self.open):
            self.text.setdefault(tag, []).append(text)


@pytest.mark.parametrize(
    "recipe", MEASURES, ids=lambda one: f"{one.measure}-{one.alpha}-{one.weights}-{one.form}"
)
def test_every_measure_is_made_again_from_counts(recipe):
    model = model_of(recipe.make(A, B))
    assert model.kind != "given"
    assert model.free_reference == (recipe.measure in {"entropy", "tsallis", "sentiment"})


def test_scores_that_counts_do_not_give_are_shipped_as_they_are():
    shift = JSD.make(A, B)
    shift.s1[3] += 0.01
    data = data_of(to_html(shift))
    assert data["model"]["kind"] == "given"
    assert data["model"]["removes"] is False
    assert data["columns"]["s1"][3] == shift.s1[3]
    assert "can’t be removed: its scores can" in to_html(shift)


def test_scores_from_a_function_are_not_made_again():
    shift = ws.shift(A, B, measure="custom", scores=lambda p1, p2: (p1, p2))
    assert "can’t be removed: its scores come from a function" in to_html(shift)


def test_intervals_may_come_as_they_are_computed():
    shift = ws.shift(A, B)
    found = ws.intervals(shift, method="delta", top=5)
    data = data_of(to_html(shift, intervals=found))
    assert len(data["intervals"]) == 5
    assert data == data_of(to_html(shift, intervals=found.scores()))


def test_without_a_script_the_graph_and_the_table_stand_in_the_page():
    shift = Recipe("sentiment", lexicons=(ONE, TWO), reference=5.0).make(A, B)
    page = to_html(shift, top=30)
    drawn = geometry(shift, top_n=30)
    assert page.count('<g class="word">') == 30
    assert page.count('<g class="sum">') == len(drawn.sums) == 7
    text = Text(page)
    words = [word.strip() for word in text.text["bdi"] if word.strip() in ONE]
    assert words == [bar.word for bar in drawn.bars]
    assert f"<td>{signed_text(drawn.bars[0].value, percent=True)}</td>" in page
    assert f"{shift.names[0]}: Φavg" in page


def test_the_table_has_the_shift_s_own_numbers():
    shift = Recipe("entropy", reference=3.0, normalization="none").make(A, B)
    row = re.findall(r"<tr><td>1</td>.*?</tr>", to_html(shift))[0]
    cells = re.findall(r"<td>(.*?)</td>", row)[1:]
    first = int(shift.order[0])
    assert [cells[0], cells[1]] == [f"{int(f[first]):,}" for f in (shift.f1, shift.f2)]
    assert cells[4] == f"{shift.s1[first]:.4f}"
    assert float(cells[8].replace("−", "-")) == pytest.approx(shift.contribution[first], rel=0.005)


def test_the_picture_alone_is_that_of_the_page():
    shift = JSD.make(A, B)
    unclear = {shift.types[index] for index in shift.order[1:4]}
    alone = ws.to_svg(shift, top=20, unclear=unclear)
    assert alone in to_html(shift, top=20, unclear=unclear)
    assert alone.count('opacity="0.35"/>') == 3


def test_a_narrow_picture_keeps_its_letters_and_stays_within_its_width():
    shift = JSD.but(names=("First of all speeches", "Second")).make(A, B)
    narrow = ws.to_svg(shift, width=358, identifier="small", score_colors={"positive": "var(--blue)"})
    assert 'viewBox="0 0 358 ' in narrow
    assert 'aria-labelledby="small-says"' in narrow
    assert "← First of all sp…<" in narrow  # no room for "more in"
    assert "more in Second →<" in narrow
    assert 'font-size="13"' in narrow
    assert 'fill="var(--blue)"' in narrow
    assert "Text size" in narrow
    assert "Text size" not in ws.to_svg(shift, width=358, insets=False)
    bars = [
        (float(x), float(w)) for x, w in re.findall(r'<rect x="([-\d.]+)" y="[^"]+" width="([\d.]+)"', narrow)
    ]
    assert len(bars) > 50
    assert all(x >= 36 and x + width <= 352 for x, width in bars)


def test_pale_words_are_kept_as_far_as_the_page_can_show_them():
    shift = JSD.make(A, B)
    data = data_of(to_html(shift, unclear=set(shift.types[5:]), top=10))
    kept = {data["types"][at] for at in data["unclear"]}
    assert kept == {shift.types[index] for index in shift.order[:200] if index >= 5}
    assert "direction is not clear" in to_html(shift, unclear={shift.types[0]})
    assert "direction is not clear" not in to_html(shift)


HOSTILE = {
    "<script>alert(1)</script>": 50,
    "</script><img src=x onerror=alert(1)>": 40,
    "<!--": 30,
    "$x_1$": 30,
    "line\u2028end": 25,
    "\u202egnp": 25,
    "سلام": 20,
    "👩‍🚀": 20,
    "a" * 300: 15,
    "nul\x00\x07": 12,
    "\ud83d": 12,
    "": 10,
    "__proto__": 9,
    "{{ 7 * 7 }}": 8,
    "\"quoted\" & 'so'": 7,
}


def test_hostile_words_stay_text():
    shift = JSD.but(names=("<b>A</b>", "B & </title>")).make(HOSTILE, {"plain": 100, "__proto__": 30})
    contexts = {word: ([Context("</script>", word, "<b>", "d<i>")], []) for word in HOSTILE}
    page = to_html(shift, contexts=contexts, title="<svg onload=alert(1)>", meta={"<a>": "</dl><b>"})
    tags = [tag for tag, _ in Text(page).elements]
    assert tags.count("script") == 2
    assert not {"img", "b", "i"} & set(tags)
    assert not any(name.startswith("on") for _, attributes in Text(page).elements for name in attributes)
    assert "\u2028" not in page
    assert data_of(page)["types"] == [word.replace("\ud83d", "\ufffd") for word in shift.types]
    page.encode("utf-8")


def test_no_address_but_the_picture_s_name_stands_in_the_page():
    page = to_html(JSD.make(A, B))
    assert set(re.findall(r"https?://[^\s\"'<>)]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(", page)


def test_the_script_is_shorter_than_forty_kilobytes():
    page = to_html(JSD.make(A, B))
    assert len(re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1].encode()) < 40_000


def contexts_for(shift, count, each=20):
    left, right = (
        "the words that stood before it in the text, some sixty ",
        " and those after it, sixty again or so.",
    )
    side = [Context(left, "word", right, f"speech {number}") for number in range(each)]
    return {shift.types[index]: (side, side) for index in shift.order[:count]}


def test_six_thousand_types_and_two_thousand_contexts_fit():
    shift = JSD.make(*texts(7000, seed=3))
    page = to_html(shift, contexts=contexts_for(shift, 50))
    assert len(shift.types) > 6000
    assert data_of(page)["tail"] is None
    assert len(page.encode()) < LARGEST_PAGE


def many_types(count):
    generator = np.random.default_rng(0)
    names = [f"{'type' * 3}{number:07}" for number in range(count)]
    return tuple(
        {name: int(n) for name, n in zip(names, generator.zipf(1.3, count).clip(max=5000), strict=True)}
        for _ in range(2)
    )


def test_a_huge_vocabulary_keeps_every_number_and_loses_names_only():
    shift = JSD.make(*many_types(60_000))
    page = to_html(shift)
    assert len(page.encode()) <= LARGEST_PAGE
    data = data_of(page)
    named, tail = len(data["types"]), data["tail"]
    assert 400 <= named < 60_000
    assert named + sum(tail["count"]) == 60_000
    for name, values in (("f1", shift.f1), ("f2", shift.f2)):
        shipped = sum(data["columns"][name]) + sum(np.multiply(tail["count"], tail["columns"][name]))
        assert shipped == values.sum()
    assert shift.types[int(shift.order[0])] in data["types"]


def test_where_even_numbers_do_not_fit_sums_are_shipped_and_removal_is_off():
    shift = JSD.make(A, B)
    packed = vocabulary(shift, budget=5_000)
    assert packed["model"]["removes"] is False
    assert "too many different words" in packed["model"]["why"]
    assert packed["rest"]["difference"] == shift.difference
    assert packed["rest"]["components"] == shift.components
    assert packed["rest"]["positive"] - packed["rest"]["negative"] == pytest.approx(
        shift.difference, rel=1e-12
    )


def test_words_with_contexts_keep_their_names_in_a_huge_vocabulary():
    shift = JSD.make(*many_types(60_000))
    rare = shift.types[int(shift.order[-1])]
    data = data_of(to_html(shift, contexts={rare: ([Context("a ", "b", " c", "d")], [])}))
    assert list(data["contexts"]["words"]) == [str(data["types"].index(rare))]


def test_the_same_bytes_whatever_the_hash_seed():
    code = (
        "from wordshift.page.page_shifts import *; from hotpapers.wordshift.page.page import to_html; import hashlib;"
        "s = Recipe('jsd').make(*texts(400));"
        "c = {s.types[i]: ([Context('a', 'b', 'c', 'd')], []) for i in s.order[:9]};"
        "print(hashlib.sha256(to_html(s, contexts=c, meta={'k': {'b': 1, 'a': 2}}).encode()).hexdigest())"
    )
    tests = __file__.rsplit("/wordshift/", 1)[0]
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": tests},
            capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(found) == 1


def test_identical_texts_give_a_page_that_says_so():
    page = to_html(JSD.make(A, A))
    assert "JSD = 0 bits" in page
    assert '<g class="word">' not in page


def test_wrong_top_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(WordShiftError, match="top_n=0"):
        write_page(JSD.make(A, B), tmp_path / "page.html", top=0)
    assert list(tmp_path.iterdir()) == []


def test_write_page_writes_what_to_html_gives(tmp_path):
    shift = JSD.make(A, B)
    path = write_page(shift, tmp_path / "deep" / "page.html", top=7)
    assert path.read_text(encoding="utf-8") == to_html(shift, top=7)
