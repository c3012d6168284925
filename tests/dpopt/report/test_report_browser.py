"""The report in a real Chromium: it asks for nothing, runs no script, and can be read by everybody."""

from __future__ import annotations

import pytest
from dpopt.examples import gaussian_report

from hotpapers.dpopt.audit.verdicts import AuditResult

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    report = gaussian_report(
        private=False, loss="multinomial", method="masg", audits=(AuditResult(1.4, 0.95, 1.0, 1e-5),)
    )
    report.save(path)
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_asked_for(browser, address, width, scheme) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("figure > svg").count() == 5  # the curve, the iterations, three classes
    found = axe.run(page, options={"resultTypes": ["violations"]}).response
    assert said == []
    assert len(found["passes"]) >= 10
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    context.close()
