"""The listening page in a real Chromium: it plays from a file, switches without a gap, asks nobody for anything."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("soundfile")
from hotpapers.denoise.listening.page import to_html, write_page

SR = 22_050


def sounds(seconds: float = 3.0):
    time = np.arange(int(seconds * SR)) / SR
    music = 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-((time % 0.5) * 4))
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(time))
    return (music + noise).astype(np.float32), music.astype(np.float32)


def test_the_same_sounds_give_the_same_bytes_and_no_address() -> None:
    before, after = sounds()
    page = to_html(before, after, SR, title="Side A", facts={"Noise floor": "-42 dB to -70 dB"})
    assert page == to_html(before, after, SR, title="Side A", facts={"Noise floor": "-42 dB to -70 dB"})
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "-42 dB to -70 dB" in page


def test_a_hostile_title_is_shown_as_text() -> None:
    before, after = sounds(0.2)
    page = to_html(
        before, after, SR, title="</script><script>alert(1)</script>", facts={"<b>": "<img src=x>"}
    )
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "<img src=x>" not in page


def test_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        to_html(np.zeros(5, np.float32), np.zeros(6, np.float32), SR, title="x")


@pytest.fixture
def opened(browser, tmp_path):
    """The page of three seconds in Chromium, with what it asked for and complained about."""
    before, after = sounds()
    path = write_page(
        tmp_path / "listen.html", before, after, SR, title="Side A", facts={"Clicks": "3 a second"}
    )
    context = browser.new_context()
    page = context.new_page()
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on(
        "console", lambda message: page.complaints.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


@pytest.mark.browser
def test_it_plays_and_switches_by_keyboard(opened) -> None:
    opened.keyboard.press("Space")
    for _ in range(100):
        opened.wait_for_timeout(100)
        if float(opened.locator("#seek").input_value()) > 0.3:
            break
    assert opened.locator("#play").inner_text() == "Stop"
    assert opened.locator(".playing").get_attribute("data-sound") == "before"
    opened.keyboard.press("3")
    assert opened.locator(".playing").get_attribute("data-sound") == "removed"
    assert opened.locator("input[value=removed]").is_checked()
    opened.keyboard.press("Space")
    stopped = float(opened.locator("#seek").input_value())
    assert 0.3 < stopped < 3
    opened.locator("h1").click()
    opened.keyboard.press("ArrowLeft")
    assert float(opened.locator("#seek").input_value()) == pytest.approx(max(stopped - 2, 0), abs=0.06)


@pytest.mark.browser
def test_a_click_in_a_spectrogram_goes_there(opened) -> None:
    box = opened.locator(".picture").first.bounding_box()
    opened.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert float(opened.locator("#seek").input_value()) == pytest.approx(1.5, abs=0.06)
    assert opened.locator(".head").first.is_visible()


@pytest.mark.browser
def test_the_blind_test_counts_and_saves(opened) -> None:
    for _ in range(6):
        opened.locator("[data-answer=A]").click()
    opened.locator("[data-prefer=B]").click()
    with opened.expect_download() as told:
        opened.locator("#save").click()
    saved = json.loads(told.value.path().read_text())
    right = sum(one["said"] == one["was"] for one in saved["answers"])
    assert saved["right"] == right
    assert saved["of"] == 6
    from scipy.stats import binom

    assert saved["p"] == pytest.approx(binom.sf(right - 1, 6, 0.5))
    assert saved["preferred"][0] in {"before", "after"}


@pytest.mark.browser
def test_equally_loud_raises_what_is_quiet_without_clipping(opened) -> None:
    data = json.loads(opened.locator("#data").inner_text())
    before, after = sounds()
    rms = lambda x: np.sqrt(np.mean(np.square(x, dtype=float)))  # noqa: E731
    assert data["gains"]["before"] == 1
    assert data["gains"]["after"] == pytest.approx(rms(before) / rms(after), rel=1e-3)
    assert data["gains"]["removed"] * np.abs(before - after).max() <= 1


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible_and_never_wider_than_the_screen(browser, tmp_path, scheme, width) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    before, after = sounds(1)
    path = write_page(
        tmp_path / "listen.html", before, after, SR, title="Side A", facts={"Clicks": "3 a second"}
    )
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
    page.goto(path.as_uri())
    found = [v for v in axe.run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
