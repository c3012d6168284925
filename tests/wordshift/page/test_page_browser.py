"""The page in a real Chromium: its own numbers, its controls, by keyboard, private and accessible."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from wordshift.page.page_shifts import Context, Recipe
from wordshift.page.test_page import HOSTILE, MEASURES, A, B, lexicons, many_types

from hotpapers import wordshift as ws
from hotpapers.wordshift.figures.geometry import geometry
from hotpapers.wordshift.figures.labels import default_title
from hotpapers.wordshift.page.data import vocabulary
from hotpapers.wordshift.page.page import to_html, write_page
from hotpapers.wordshift.page.steps import write_steps

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

ONE, TWO = lexicons(A, B)
JSD = Recipe("jsd")
SCORED = Recipe("sentiment", lexicons=(ONE, TWO), reference=5.0)


def contexts_of(shift, count=5, each=20):
    def side(word, name):
        return [
            Context(f"{name} passage {n} has ", word.upper(), " within it", f"{name}-{n % 3}")
            for n in range(each)
        ]

    return {
        shift.types[i]: (side(shift.types[i], "one"), side(shift.types[i], "two"))
        for i in shift.order[:count]
    }


def intervals_of(shift, count=5):
    return {shift.types[i]: (0.8 * shift.score[i], 1.1 * shift.score[i]) for i in shift.order[:count]}


def unclear_of(shift):
    return {shift.types[i] for i in shift.order[1::2]}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A maker of pages: the same shift is written once."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def page(recipe, **options):
        key = (
            recipe.but(lexicons=recipe.lexicons and recipe.lexicons[0] is recipe.lexicons[1]),
            tuple(options),
        )
        if key not in made:
            shift = recipe.make(A, B)
            filled = {
                name: {"contexts": contexts_of, "intervals": intervals_of, "unclear": unclear_of}[name](shift)
                for name in options
            }
            path = folder / f"{len(made)}.html"
            write_page(shift, path, **filled)
            made[key] = shift, path.as_uri()
        return made[key]

    return page


@contextmanager
def opened(browser, address, *, width=1280, scheme="light", **options):
    """A page that must ask for nothing but itself and complain of nothing."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page = context.new_page()
    page.set_default_timeout(5000)
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    found = [one for one in requests if not one.startswith(("data:image/svg+xml", "blob:"))]
    context.close()
    assert complaints == []
    assert found == [address.partition("#")[0]]


def state(page):
    return page.evaluate("wordshift.state()")


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-14)


def agrees(page, shift):
    """Every number of the page's state is the shift's."""
    found = state(page)
    assert found["difference"] == near(shift.difference)
    assert found["norm"] == near(shift.norm)
    assert found["reference"] == near(shift.reference)
    assert found["components"] == {name: near(value) for name, value in shift.components.items()}
    assert found["averages"] == (near(list(shift.averages)) if shift.averages else None)
    assert found["tokens"] == near(list(shift.coverage.tokens))
    place = {word: index for index, word in enumerate(shift.types)}
    sizes = sorted(abs(shift.score), reverse=True)
    arrays = {
        "f1": shift.f1, "f2": shift.f2, "p1": shift.p1, "p2": shift.p2, "s1": shift.s1, "s2": shift.s2,
        "p_part": shift.p_part, "s_part": shift.s_part, "contribution": shift.contribution, "score": shift.score,
    }  # fmt: skip
    assert len(found["words"]) == min(found["top"], int((shift.contribution != 0).sum()))
    for word in found["words"]:
        index = place[word["type"]]
        assert {name: word[name] for name in arrays} == {
            name: near(float(v[index])) for name, v in arrays.items()
        }
        assert abs(word["score"]) == near(sizes[word["rank"] - 1])
    everywhere = page.evaluate(
        "(words) => words.map((word) => wordshift.word(word))", list(shift.types)[::17]
    )
    for word in everywhere:
        assert word["contribution"] == near(float(shift.contribution[place[word["type"]]]))
    drawn = geometry(shift, top_n=found["top"], detailed=found["detailed"])
    assert found["layout"] == drawn.layout
    assert [(s["row"], s["kind"]) for s in found["sums"]] == [(s.row, s.kind) for s in drawn.sums]
    for one, expected in zip(found["sums"], drawn.sums, strict=True):
        assert (one["start"], one["end"], one["value"]) == near(
            (expected.start, expected.end, expected.value)
        )
    for word, bar in zip(found["words"], drawn.bars, strict=True):
        if word["type"] == bar.word:
            assert [p["kind"] for p in word["pieces"]] == [p.kind for p in bar.pieces]
            assert [(p["start"], p["end"]) for p in word["pieces"]] == [
                near((p.start, p.end)) for p in bar.pieces
            ]
            assert (word["value"], word["tip"]) == near((bar.value, bar.tip))
    assert found["curve"][1][-1] == near(drawn.curve[1][-1])
    assert page.locator("#headline").inner_text().split() == default_title(shift).split()


@pytest.mark.parametrize(
    "recipe", MEASURES, ids=lambda one: f"{one.measure}-{one.alpha}-{one.weights}-{one.form}"
)
def test_numbers_are_python_s_in_every_state(browser, pages, recipe):
    shift, address = pages(recipe)
    gone = tuple(shift.types[i] for i in (*shift.order[:2], shift.order[40]))
    with opened(browser, address) as page:
        agrees(page, shift)
        views = ["#view=detailed", "#view=simple"]
        norms = (
            ["variation", "none"] if recipe.measure == "proportion" else ["variation", "trajectory", "none"]
        )
        for at, norm in enumerate(norms):
            page.goto(f"{address}{views[at % 2]}&norm={norm}&top=80")
            agrees(page, recipe.but(normalization=norm).make(A, B))
        if recipe.measure in {"entropy", "tsallis", "sentiment"}:
            for reference in (-1.25, "average"):
                page.goto(f"{address}#ref={reference}")
                agrees(page, recipe.but(reference=reference).make(A, B))
        if recipe.measure != "kld" or recipe.pseudo is None:
            words = "&".join(f"without={quote(word)}" for word in gone)
            page.goto(f"{address}#{words}")
            agrees(page, recipe.make(A, B, without=gone))
        else:
            page.goto(f"{address}#without={quote(gone[0])}")
            agrees(page, recipe.make(A, B, without=gone[:1]))


PUBLIC = [
    {"measure": "jsd", "alpha": 0.5, "weights": "pooled"},
    {"measure": "jsd", "base": 10, "weights": (0.0, 1.0)},
    {"measure": "entropy", "reference": "average", "normalization": "trajectory"},
    {"measure": "tsallis", "alpha": 0.0},
    {"measure": "kld", "kld_missing": "drop"},
    {
        "measure": "sentiment",
        "lexicon": ONE,
        "lexicon_2": TWO,
        "stop_lenses": [(4.5, 5.5)],
        "lens_mixed": "drop",
    },
    {"measure": "custom", "scores": ONE, "reference": 4.0, "min_count": 2},
]


@pytest.mark.parametrize("options", PUBLIC, ids=lambda one: one["measure"])
def test_a_removed_word_is_a_stop_word(browser, tmp_path, options):
    options = {**options, "names": ("One", "Two")}
    shift = ws.shift(A, B, **options)
    gone = [shift.types[i] for i in (shift.order[0], shift.order[3])]
    path = ws.write_page(shift, tmp_path / "page.html")
    with opened(browser, path.as_uri()) as page:
        agrees(page, shift)
        page.goto(f"{path.as_uri()}#{'&'.join(f'without={quote(word)}' for word in gone)}")
        assert state(page)["without"] == gone
        agrees(page, ws.shift(A, B, stop_words=gone, **options))


def marks(locator):
    """Tags, classes and attributes of every mark of a picture, in order."""
    return locator.evaluate(
        """(svg) => [...svg.querySelectorAll("rect:not(.hit), line, text, polyline")].map((one) =>
        [one.tagName, one.textContent, ...["x", "y", "x1", "y1", "x2", "y2", "width", "height", "fill", "text-anchor",
        "opacity", "font-size"].map((name) => one.getAttribute(name))])"""
    )


@pytest.mark.parametrize(
    "recipe", [JSD, SCORED, Recipe("entropy", reference="average", normalization="trajectory")]
)
def test_the_script_draws_what_stood_in_the_page(browser, pages, recipe):
    _, address = pages(recipe, intervals=True, unclear=True)
    with opened(browser, address, java_script_enabled=False) as page:
        before = marks(page.locator(".graph"))
        rows = page.locator("#rows th, #rows td").all_text_contents()
        assert page.locator(".graph").is_visible()
        assert not page.locator("aside").is_visible()
        page.click("#numbers summary")
        assert page.locator("#rows tr").first.is_visible()
    with opened(browser, address) as page:
        page.evaluate("document.getElementById('stage').style.width = '720px'")
        page.locator(".graph[width='720']").wait_for(state="attached")
        after = marks(page.locator(".graph"))
        assert page.locator("#rows th, #rows td").all_text_contents() == rows
    assert len(before) == len(after) > 120
    for one, two in zip(before, after, strict=True):
        assert one[:2] == two[:2]
        for x, y in zip(one[2:], two[2:], strict=True):
            assert (x == y) or float(x) == pytest.approx(float(y), abs=0.02)


def test_pointing_at_a_word_shows_its_row(browser, pages):
    shift, address = pages(JSD, contexts=True, intervals=True)
    index = int(shift.order[3])
    with opened(browser, address) as page:
        page.locator(".word").nth(3).hover()
        card = page.locator("#card").inner_text()
        assert card.startswith(shift.types[index])
        shown = [text.replace("\u2212", "-") for text in card.split()]
        for text in (
            f"{shift.f1[index]:,.0f}", f"{shift.f2[index]:,.0f}", f"{shift.s1[index]:.4f}", f"{shift.s2[index]:.4f}",
            f"{100 * shift.score[index]:.2f}", f"{100 * shift.p_part[index] / shift.norm:.2f}",
            f"{80 * shift.score[index]:.2f}", f"{110 * shift.score[index]:.2f}", "4",
        ):  # fmt: skip
            assert text in shown
        title = page.locator(".sum title").first.text_content()
        assert title in page.locator(".sum text").all_text_contents()


def bars(page):
    return page.locator(".word rect:not(.hit)").evaluate_all(
        "all => all.map(one => [one.getAttribute('fill'), +one.getAttribute('width')])"
    )


def test_controls_change_the_bars(browser, pages):
    shift, address = pages(SCORED)
    with opened(browser, address) as page:
        first = bars(page)
        assert len(first) > 60
        page.locator("label", has_text="Simple").click()
        assert len(bars(page)) == 50
        assert {fill for fill, _ in bars(page)} == {"#FECC5D", "#9E75B7"}
        page.locator("label", has_text="for every eye").click()
        assert not {fill for fill, _ in bars(page)} & {"#FECC5D", "#9E75B7"}
        page.locator("label", has_text="Detailed").click()
        for kind in ("pos_s", "neg_s"):
            page.uncheck(f"input[value={kind}]")
        screened = geometry(shift, kinds={"pos_s_pos_p", "pos_s_neg_p", "neg_s_pos_p", "neg_s_neg_p"})
        assert [word["type"] for word in state(page)["words"]] == [bar.word for bar in screened.bars]
        assert [word["tip"] for word in state(page)["words"]] == near([bar.tip for bar in screened.bars])
        assert [one["kind"] for one in state(page)["sums"]] == [one.kind for one in screened.sums]
        page.locator("#top").focus()
        page.keyboard.press("Home")
        assert page.locator(".word").count() == 5
        assert page.locator("#rows tr").count() == 5
        page.locator("#reset").click()
        assert bars(page) == first
        assert page.evaluate("location.hash") == ""


def test_the_reference_slider_and_its_buttons(browser, pages):
    shift, address = pages(SCORED)
    with opened(browser, address) as page:
        page.locator("#reference").focus()
        page.keyboard.press("ArrowRight")
        moved = state(page)["reference"]
        assert moved > shift.reference
        agrees(page, SCORED.but(reference=moved).make(A, B))
        page.click("#reference-average")
        agrees(page, SCORED.but(reference="average").make(A, B))
        page.click("#reference-reset")
        agrees(page, shift)
    with opened(browser, pages(JSD)[1]) as page:
        assert not page.locator("#reference-part").is_visible()


def test_removing_and_putting_back_by_pointer(browser, pages):
    shift, address = pages(JSD, contexts=True)
    word = shift.types[int(shift.order[0])]
    with opened(browser, address) as page:
        page.locator(".word").first.click()
        page.click("#remove")
        assert not page.locator("#reader").is_visible()
        assert page.locator("#live").text_content().startswith(f"{word} removed from both texts. JSD = ")
        agrees(page, JSD.make(A, B, without=(word,)))
        assert page.evaluate("document.activeElement.classList.contains('word')")
        page.locator("#gone button").click()
        agrees(page, shift)
        assert not page.locator("#gone-part").is_visible()


def test_intervals_are_hidden_when_they_no_longer_hold(browser, pages):
    shift, address = pages(JSD, contexts=True, intervals=True)
    with opened(browser, address) as page:
        low, high = state(page)["words"][0]["interval"]
        side = 1 if state(page)["words"][0]["tip"] > 0 else -1
        score = side * 100 * float(shift.score[shift.order[0]])
        assert (low, high) == near(tuple(sorted((0.8 * score, 1.1 * score))))
        page.goto(f"{address}#norm=none")
        found = state(page)["words"][0]["interval"]
        assert found == near([low * shift.norm / 100, high * shift.norm / 100])
        page.goto(f"{address}#without={quote(shift.types[0])}")
        assert all(word["interval"] is None for word in state(page)["words"])
        assert "Intervals belong to the shift as it was computed" in page.inner_text("#note")


def test_contexts_open_side_by_side_and_page_on(browser, pages):
    shift, address = pages(JSD, contexts=True)
    word = shift.types[int(shift.order[1])]
    with opened(browser, address) as page:
        page.locator(".word").nth(1).click()
        sides = page.locator("#reader-texts section")
        assert page.locator("#reader-name").inner_text() == word
        boxes = [sides.nth(k).bounding_box() for k in (0, 1)]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
        assert set(page.locator("#reader mark").all_inner_texts()) == {word.upper()}
        first = sides.nth(1).locator("li").first.inner_text().split("\n")[0]
        assert first == f"two passage 0 has {word.upper()} within it"
        counts = []
        for _ in range(2):
            counts.append(sides.nth(0).locator("li").count())
            sides.nth(0).locator(".more").click()
        assert [*counts, sides.nth(0).locator("li").count()] == [8, 16, 20]
        assert not sides.nth(0).locator(".more").is_visible()
        assert sides.nth(1).locator("li").count() == 8
        page.click("#following")
        assert page.locator("#reader-name").inner_text() == shift.types[int(shift.order[2])]
        for _ in range(4):
            page.click("#following")
        assert "No passages" in page.inner_text("#reader-none")


def test_all_by_keyboard(browser, pages):
    shift, address = pages(JSD, contexts=True)
    words = [shift.types[i] for i in shift.order[:12]]
    with opened(browser, address) as page:
        for _ in range(6):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.word')"):
                break
        focused = "document.activeElement.getAttribute('aria-label')"
        assert page.evaluate(focused).startswith(f"{words[0]}, rank 1, ")
        assert page.eval_on_selector(".word:focus .hit", "hit => getComputedStyle(hit).stroke") != "none"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(focused).startswith(f"{words[1]}, rank 2, ")
        assert page.locator("#card h2").inner_text() == words[1]
        page.keyboard.press("Enter")
        assert page.locator("#reader").is_visible()
        assert page.evaluate("document.activeElement.closest('#reader') !== null")
        page.keyboard.press("Escape")
        assert not page.locator("#reader").is_visible()
        assert page.evaluate(focused).startswith(f"{words[1]}, rank 2, ")
        page.keyboard.press("Delete")
        agrees(page, JSD.make(A, B, without=(words[1],)))
        assert page.evaluate("document.activeElement.matches('.word')")
        page.keyboard.press("End")
        assert ", rank 50, " in page.evaluate(focused)
        assert page.locator(".word[tabindex='0']").count() == 1
        reached = set()
        for _ in range(25):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
        assert {
            "search",
            "view",
            "norm",
            "top",
            "palette",
            "restore",
            "save-svg",
            "save-csv",
            "reset",
        } <= reached


def test_search_finds_and_marks_any_word(browser, pages):
    shift, address = pages(JSD)
    rank = 900
    word = shift.types[int(shift.order[rank - 1])]
    with opened(browser, address) as page:
        page.click("#search")
        page.keyboard.type(word.upper())
        assert page.locator("#found li").first.inner_text().startswith(word)
        assert page.get_attribute("#search", "aria-expanded") == "true"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        assert page.locator("#found [aria-selected=true]").get_attribute("id") == page.get_attribute(
            "#search", "aria-activedescendant"
        )
        page.keyboard.press("Enter")
        assert page.locator(".word").count() == 51
        found = state(page)["words"][-1]
        assert found["type"] == word
        assert found["score"] == near(float(shift.score[shift.order[rank - 1]]))
        assert (
            page.locator(".word.found")
            .get_attribute("aria-label")
            .startswith(f"{word}, rank {found['rank']}, ")
        )
        assert page.evaluate("document.activeElement.classList.contains('found')")
        page.fill("#search", "qqqq")
        assert "No such word" in page.inner_text("#nothing")
        assert page.locator("#live").text_content() == "No such word in this page"


def saved(page, button):
    with page.expect_download() as waiting:
        page.click(button)
    path = waiting.value.path()
    return waiting.value.suggested_filename, path.read_bytes()


def test_exports_parse_and_have_the_page_s_numbers(browser, pages):
    shift, address = pages(JSD)
    word = shift.types[int(shift.order[0])]
    without = JSD.make(A, B, without=(word,))
    with opened(browser, f"{address}#without={quote(word)}") as page:
        name, content = saved(page, "#save-csv")
        assert name == "word-shift.csv"
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
        assert len(rows) == len(without.types)
        place = {word: i for i, word in enumerate(without.types)}
        assert all(
            float(row["contribution"]) == near(float(without.contribution[place[row["type"]]]))
            for row in rows
        )
        name, content = saved(page, "#save-svg")
        picture = ET.fromstring(content)
        space = "{http://www.w3.org/2000/svg}"
        kept = json.loads(picture.find(f"{space}metadata").text)
        assert kept["without"] == [word]
        assert kept["difference"] == near(without.difference)
        assert len([g for g in picture.iter(f"{space}g") if g.get("class") == "word"]) == 50
        assert picture.get("width") == "720"
        name, content = saved(page, "#save-png")
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(content[16:20], "big") == 1440


def test_the_address_keeps_and_restores_everything(browser, pages):
    shift, address = pages(SCORED, contexts=True)
    gone, read = (shift.types[int(shift.order[k])] for k in (0, 4))
    with opened(browser, address) as page:
        page.locator("label", has_text="Simple").click()
        page.locator("label", has_text="nothing").click()
        page.locator("label", has_text="for every eye").click()
        page.uncheck("input[value=negative]")
        page.locator("#reference").focus()
        page.keyboard.press("ArrowRight")
        page.locator("#top").focus()
        page.keyboard.press("ArrowRight")
        page.locator(f".word[aria-label^='{gone},'], .word").first.click()
        page.click("#remove")
        page.locator(".word").nth(2).click()
        link, before = page.url, state(page)
        reading = page.inner_text("#reader-name")
    assert before["hidden"] == ["negative"]
    with opened(browser, link) as page:
        assert state(page) == before
        assert page.inner_text("#reader-name") == reading
        page.goto(f"{address}#word={quote(read)}")
        assert page.inner_text("#reader-name") == read
    with opened(browser, f"{address}#top=-3&norm=bogus&ref=NaN&without=nowhere&hide=x&word=%E0%A4") as page:
        agrees(page, shift)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_words_run_nothing(browser, tmp_path, scheme):
    shift = JSD.but(names=("<img src=x onerror=alert(1)>", "B" * 200)).make(
        HOSTILE, {"plain": 100, "__proto__": 30}
    )
    contexts = {word: ([Context("<script>alert(1)</script>", word, "<b>", "<i>")], []) for word in HOSTILE}
    path = write_page(
        shift, tmp_path / "page.html", contexts=contexts, title="<script>window.ran = 1</script>"
    )
    with opened(browser, path.as_uri(), width=390, scheme=scheme) as page:
        page.on("dialog", lambda dialog: pytest.fail("a word ran"))
        agrees_hostile = [word["type"] for word in state(page)["words"]]
        assert len(agrees_hostile) == len(shift.types)
        for at in range(len(shift.types)):
            page.locator(".word").nth(at).focus()
            page.keyboard.press("Enter")
            page.locator("#reader").wait_for(state="visible")
            page.keyboard.press("Escape")
            page.locator("#reader").wait_for(state="hidden")
        page.fill("#search", "<script>")
        page.keyboard.press("Enter")
        assert page.evaluate(
            "[window.ran, document.querySelectorAll('img, b, i, #stage script').length]"
        ) == [None, 0]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        ET.fromstring(saved(page, "#save-svg")[1])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, pages, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    _, address = pages(SCORED, contexts=True)
    options = {"resultTypes": ["violations"]}
    if scheme == "dark":  # differs from light in its colours only
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    with opened(browser, address, width=width, scheme=scheme) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        page.locator(".word").first.focus()
        page.keyboard.press("Delete")
        page.fill("#search", "ba")
        for reading in (False, True):
            if reading:
                page.keyboard.press("Escape")
                page.locator(".word").first.click()
            found = axe.run(page, options=options).response
            assert len(found["passes"]) >= (1 if scheme == "dark" else 10)
            assert [
                (one["id"], one["nodes"][0]["html"])
                for one in found["violations"]
                if one["impact"] in {"serious", "critical"}
            ] == []


def test_nothing_scrolls_sideways(browser, pages):
    for recipe in (JSD, SCORED):
        _, address = pages(recipe, contexts=True)
        with opened(browser, address) as page:
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            for width in (320, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_timeout(60)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate("document.querySelector('#stage').scrollWidth") <= width
            page.set_viewport_size({"width": 390, "height": 900})
            page.locator(".word").first.click()
            assert page.evaluate("document.querySelector('#reader').scrollWidth") <= 390


def test_insets_and_labels_stay_clear_of_each_other(browser, pages):
    for recipe in (JSD, SCORED):
        with opened(browser, pages(recipe)[1]) as page:
            overlaps = page.evaluate(
                """() => {
                const box = (one) => one.getBoundingClientRect();
                const marks = [...document.querySelectorAll(".word rect:not(.hit), .word text")].map(box);
                const meet = (a, b) => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
                const insets = [...document.querySelectorAll(".inset")].map(box);
                return insets.filter((inset) => marks.some((mark) => meet(mark, inset))).length;
                }"""
            )
            assert overlaps == 0
            outside = page.evaluate(
                "() => { const end = document.querySelector('#stage').getBoundingClientRect();"
                "return [...document.querySelectorAll('.graph text')].filter((one) => "
                "one.getBoundingClientRect().right > end.right + 1 || one.getBoundingClientRect().left < end.left - 1)"
                ".map((one) => one.textContent); }"
            )
            assert outside == []


def test_a_huge_vocabulary_keeps_exact_numbers(browser, tmp_path):
    counts = many_types(60_000)
    shift = JSD.make(*counts)
    word = shift.types[int(shift.order[0])]
    path = write_page(shift, tmp_path / "huge.html")
    with opened(browser, path.as_uri()) as page:
        assert state(page)["norm"] == near(shift.norm)
        without = JSD.make(*counts, without=(word,))
        page.goto(f"{path.as_uri()}#without={word}")
        found = state(page)
        assert found["difference"] == near(without.difference)
        assert found["components"] == {name: near(value) for name, value in without.components.items()}
        assert found["curve"][1] == near(list(geometry(without).curve[1]))


def test_a_page_with_sums_only_shows_them_and_removes_nothing(browser, tmp_path, monkeypatch):
    shift = SCORED.make(A, B)
    monkeypatch.setattr(
        "hotpapers.wordshift.page.page.vocabulary",
        lambda given, **rest: vocabulary(given, **rest | {"budget": 9_000}),
    )
    path = tmp_path / "sums.html"
    path.write_text(to_html(shift), encoding="utf-8")
    with opened(browser, path.as_uri()) as page:
        found = state(page)
        assert found["difference"] == near(shift.difference)
        assert found["norm"] == near(shift.norm)
        assert found["components"] == {name: near(value) for name, value in shift.components.items()}
        assert [word["type"] for word in found["words"]] == [shift.types[i] for i in shift.order[:50]]
        page.locator(".word").first.focus()
        page.keyboard.press("Delete")
        assert state(page)["without"] == []
        page.keyboard.press("Enter")
        assert not page.locator("#remove").is_visible()
        assert "too many different words" in page.inner_text("#remove-why")


def test_print_shows_the_graph_and_the_table_only(browser, pages):
    _, address = pages(JSD)
    with opened(browser, address) as page:
        page.emulate_media(media="print")
        assert page.locator(".graph").is_visible()
        assert not page.locator("aside").is_visible()
        assert page.locator("#rows").bounding_box()["height"] > 100


def test_dark_is_dark(browser, pages):
    with opened(browser, pages(JSD)[1], scheme="dark") as page:
        colour = page.eval_on_selector("body", "body => getComputedStyle(body).backgroundColor")
        assert colour == "rgb(20, 22, 24)"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_list_of_steps_is_sound(browser, tmp_path, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    groups = {label: ws.as_counts(text) for label, text in (("a<b>", A), ("2", B), ("3", A))}
    write_steps(ws.series(groups), tmp_path / "steps.html")
    with opened(browser, (tmp_path / "steps.html").as_uri(), width=width, scheme=scheme) as page:
        assert page.locator("tbody tr").count() == 2
        assert page.inner_text("tbody tr:first-child th") == "a<b> → 2"
        found = axe.run(page, options={"resultTypes": ["violations"]}).response
        assert [one["id"] for one in found["violations"] if one["impact"] in {"serious", "critical"}] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_attribute("tbody tr:first-child a", "href") == "steps-01.html"
