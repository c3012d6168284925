"""The trends' word shift graph in a real Chromium: seen at every width, in both schemes, by everybody."""

import pytest

from .test_browser import SCHEMES, WIDTHS, opened

pytestmark = pytest.mark.browser

NAMES = ("trends.html", "trends-shift.html")


def visible_graphs(page):
    return [graph for graph in page.locator(".shift .graph").all() if graph.is_visible()]


@pytest.mark.parametrize(("width", "drawn"), [(1280, "720"), (768, "720"), (767, "358"), (390, "358")])
def test_the_graph_for_the_width_is_shown_whole_and_readable(browser, written_site, width, drawn):
    with opened(browser, (written_site / "trends.html").as_uri(), width=width) as page:
        (graph,) = visible_graphs(page)
        assert graph.get_attribute("width") == drawn
        box = graph.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        words = graph.locator("g.word > text:last-of-type")
        assert words.count() == 30
        boxes = [word.bounding_box() for word in words.all()]
        assert min(one["height"] for one in boxes) >= 13  # letters of 12 px and more
        assert all(
            one["x"] >= box["x"] and one["x"] + one["width"] <= box["x"] + box["width"] for one in boxes
        )
        assert {"transformers", "kernels"} <= set(words.all_text_contents())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_graph_follows_the_scheme(browser, written_site, scheme):
    with opened(browser, (written_site / "trends.html").as_uri(), scheme=scheme) as page:
        (graph,) = visible_graphs(page)
        style = "one => { const style = getComputedStyle(one); return [style.fill, style.opacity]; }"
        letters = graph.locator("g.word > text").first.evaluate(style)[0]
        assert letters == {"light": "rgb(23, 25, 27)", "dark": "rgb(233, 231, 226)"}[scheme]
        fills = {}
        for word in graph.locator("g.word").all():
            label = word.locator("text").last.text_content()
            fills[label] = word.locator("rect").first.evaluate(style)
        rising, falling = fills["transformers"], fills["kernels"]
        assert rising == [{"light": "rgb(15, 98, 168)", "dark": "rgb(120, 180, 236)"}[scheme], "1"]
        assert falling == [{"light": "rgb(185, 111, 0)", "dark": "rgb(237, 166, 60)"}[scheme], "1"]
        others = [
            opacity for label, (_, opacity) in fills.items() if label not in {"transformers", "kernels"}
        ]
        assert set(others) == {"0.35"}


def test_rising_words_point_right_and_falling_ones_left(browser, written_site):
    for width in WIDTHS:
        with opened(browser, (written_site / "trends.html").as_uri(), width=width) as page:
            (graph,) = visible_graphs(page)
            places = {}
            for word in graph.locator("g.word").all():
                label = word.locator("text").last.text_content()
                places[label] = (
                    word.locator("rect").first.bounding_box(),
                    word.locator("text").last.bounding_box(),
                )
            bar, text = places["transformers"]
            assert text["x"] >= bar["x"] + bar["width"]
            bar, text = places["kernels"]
            assert text["x"] + text["width"] <= bar["x"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_scrolls_sideways(browser, written_site, name):
    with opened(browser, (written_site / name).as_uri()) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_serious(browser, written_site, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(browser, (written_site / name).as_uri(), width=width, scheme=scheme) as page:
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        found = axe.run(page, options={"resultTypes": ["violations"]}).response
        assert len(found["passes"]) >= 10
        serious = [
            (one["id"], one["nodes"][0]["html"])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == []


def test_the_link_leads_to_words_in_their_sentences_and_nobody_is_asked(browser, written_site):
    base = written_site.as_uri()
    with opened(browser, f"{base}/trends.html") as page:
        page.click(".onwards a")
        assert page.url.endswith("/trends-shift.html")
        page.locator(".word", has_text="transformers").first.click()
        sentences = page.locator("#reader-texts section").nth(1).locator("li")
        assert sentences.count() == 6
        assert page.locator("#reader mark").first.inner_text() == "transformers"
        assert sentences.first.locator("cite").inner_text().startswith("2008.")
        assert (page.complaints, page.failures) == ([], {})
        assert all(url.startswith((f"{base}/", "data:image/svg+xml")) for url in page.requests)
