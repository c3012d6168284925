"""The pages in a real Chromium: private, quiet, usable by keyboard and without JavaScript, accessible."""

from contextlib import contextmanager

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


@contextmanager
def opened(browser, address, *, width=1280, scheme="light", **options):
    """A page with its requests and complaints noted."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page = context.new_page()
    page.requests, page.complaints, page.failures = [], [], {}
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda request: page.failures.update({request.url: request.failure}))
    page.goto(address)
    yield page
    context.close()


@pytest.fixture(params=["file", "http"])
def base(request, written_site):
    if request.param == "file":
        return written_site.as_uri() + "/"
    return request.getfixturevalue("served_site")


def test_pages_load_whole_and_ask_nobody_else(browser, base, invented):
    for name in invented.pages:
        with opened(browser, base + name) as page:
            assert (page.complaints, page.failures) == ([], {}), name
            assert all(url.startswith((base, "data:")) for url in page.requests), name
            pictures = page.eval_on_selector_all(
                "img", "all => all.map(one => one.complete && one.naturalWidth)"
            )
            assert pictures == ([48] if name in invented.pages[:2] else []), name
            assert (
                page.eval_on_selector("body", "body => getComputedStyle(body).backgroundColor")
                == "rgb(253, 253, 252)"
            )
            policy = page.get_attribute("meta[http-equiv='Content-Security-Policy']", "content")
            assert policy.startswith("default-src 'none'")


def test_sound_plays_under_the_policy(browser, base, invented):
    with opened(browser, base + invented.pages[1]) as page:
        page.eval_on_selector(
            "audio",
            "sound => new Promise((done, fail) => {"
            " sound.oncanplay = done; sound.onerror = fail; sound.preload = 'auto'; sound.load(); })",
        )
        assert page.complaints == []


def test_the_policy_stops_a_foreign_script_and_picture(browser, base, invented):
    with opened(browser, base + invented.pages[1]) as page:
        page.evaluate(
            "document.body.insertAdjacentHTML('beforeend',"
            ' \'<img src="https://example.org/x.png" onerror="window.pwned = 2">\');'
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.pwned = 2'}))"
        )
        page.wait_for_timeout(100)
        assert page.evaluate("window.pwned") is None
        assert page.failures == {"https://example.org/x.png": "csp"}
        assert any("Content Security Policy" in text for text in page.complaints)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious(browser, written_site, invented, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"resultTypes": ["violations"]}
    if scheme == "dark":  # differs from light in its colours only
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    for name in invented.pages:
        with opened(browser, (written_site / name).as_uri(), width=width, scheme=scheme) as page:
            if name == "search.html":
                page.fill("#query", "memories")
                page.wait_for_selector("#results li")
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            found = axe.run(page, options=options).response
            assert len(found["passes"]) >= 1, name
            serious = [
                (one["id"], one["nodes"][0]["html"])
                for one in found["violations"]
                if one["impact"] in {"serious", "critical"}
            ]
            assert serious == [], name


def test_nothing_scrolls_sideways(browser, written_site, invented):
    for name in invented.pages:
        with opened(browser, (written_site / name).as_uri()) as page:
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            for width in (320, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def shown_ranks(page):
    return [
        int(text) for text in page.locator("article.story:visible .rank").all_inner_texts() if text.isdigit()
    ]


def shown(page):
    return page.locator("article.story:visible").count()


def test_without_javascript_all_is_there_and_chips_filter(browser, written_site, invented):
    with opened(browser, (written_site / invented.pages[1]).as_uri(), java_script_enabled=False) as page:
        assert shown(page) == 12
        chip = page.locator(".chips label").nth(1)
        count = int(chip.locator("small").inner_text())
        page.locator(".chips input").nth(1).check()
        assert shown(page) == count < 12
        page.locator(".chips input").nth(0).check()
        assert shown(page) == 12
    with opened(browser, (written_site / "search.html").as_uri(), java_script_enabled=False) as page:
        assert not page.locator("#query").is_visible()
        assert page.locator("#all li:visible").count() == 12
        page.locator("#all a").first.click()
        assert page.url.endswith("days/2031-03-06.html#paper-3103.01000")


def test_chips_by_keyboard_with_a_visible_focus(browser, written_site, invented):
    with opened(browser, (written_site / invented.pages[1]).as_uri()) as page:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "category-0":
                break
        outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == "category-1"
        assert page.is_checked("#category-1")
        assert 0 < shown(page) < 12
        page.keyboard.press("ArrowLeft")
        assert shown(page) == 12


def test_stories_keep_their_order_when_filtered(browser, written_site, invented):
    with opened(browser, (written_site / invented.pages[1]).as_uri(), width=390) as page:
        page.locator(".chips input").nth(1).check()
        tops = page.eval_on_selector_all(
            "article.story",
            "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().top)",
        )
        assert tops == sorted(tops)
        page.set_viewport_size({"width": 1280, "height": 900})
        widths = page.eval_on_selector_all(
            "article.story, .lead > *",
            "all => all.filter(one => one.checkVisibility()).map(one => one.clientWidth)",
        )
        assert min(widths) > 300


def test_skip_link_leads_to_the_text(browser, written_site, invented):
    with opened(browser, (written_site / "index.html").as_uri()) as page:
        page.keyboard.press("Tab")
        assert page.locator(".skip").bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_search_by_keyboard(browser, written_site, invented):
    paper = invented.hard_edition().post.entries[0].paper
    with opened(browser, (written_site / "search.html").as_uri()) as page:
        page.keyboard.press("/")
        page.keyboard.type(f"{paper.authors[0].split()[0][:4].upper()} number 1000")
        # Words typed so far have hits already: wait for those of all.
        expect(page.locator("#results a").first).to_have_text(" ".join(paper.title.split()))
        assert "paper" in page.inner_text("#count")
        assert page.get_attribute("#count", "aria-live") == "polite"
        assert not page.locator("#all").is_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/days/2031-03-06.html#paper-3103.01000")
        assert page.complaints == []


def test_search_finds_beginnings_other_scripts_and_says_when_nothing_fits(browser, written_site):
    with opened(browser, (written_site / "search.html").as_uri()) as page:
        for query, title in [
            ("donaudampf", "Donaudampf"),
            ("小さな地図", "記憶"),
            ("فاطمة", "خرائط"),
            ("佐藤", "記憶"),
        ]:
            page.fill("#query", query)
            expect(page.locator("#count")).to_have_text("1 paper")
            expect(page.locator("#results a").first).to_contain_text(title)
        page.fill("#query", "zzzznothing")
        expect(page.locator("#count")).to_have_text("0 papers")
        page.keyboard.press("Escape")
        assert page.locator("#all").is_visible()
        assert page.input_value("#query") == ""


def test_search_ranks_title_over_abstract(browser, written_site):
    with opened(browser, (written_site / "search.html").as_uri() + "#q=grammars") as page:
        titles = page.locator("#results a").all_inner_texts()
        within = ["grammars" in title.lower() for title in titles]
        assert any(within)
        assert within == sorted(within, reverse=True)


def test_print_shows_what_is_folded(browser, written_site, invented):
    with opened(browser, (written_site / invented.pages[1]).as_uri()) as page:
        folded = page.locator(".byline details").first
        before = folded.bounding_box()["height"]
        page.emulate_media(media="print")
        assert folded.bounding_box()["height"] > before
        assert not page.locator(".chips").is_visible()


def test_dark_pages_are_dark(browser, written_site, invented):
    with opened(browser, (written_site / invented.pages[1]).as_uri(), scheme="dark") as page:
        assert (
            page.eval_on_selector("body", "body => getComputedStyle(body).backgroundColor")
            == "rgb(20, 22, 24)"
        )
