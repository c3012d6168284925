"""A hostile archive, from import to page: Chromium runs no script of its and asks nobody for anything."""

from __future__ import annotations

import zipfile
from datetime import date

import pytest

from hotpapers.digest import Store, render_post

from .conftest import make_entry, make_post, tweet

DAY = date(2020, 8, 6)
RUN = "window.pwned=1"
ATTACKS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f'"><iframe srcdoc="<script>parent.{RUN}</script>">',
    f"<a href='javascript:{RUN}' autofocus onfocus='{RUN}'>x</a>",
    '<img src="https://evil.example/pixel.gif"><link rel=stylesheet href="https://evil.example/x.css">',
    "{{ ''.__class__ }}{% raw %}",
    f"--><style>*{{}}</style><base href='https://evil.example/'><math><mtext><script>{RUN}</script>",
)
TWEETS = (
    f"<script>{RUN}</script>Nothing to see",
    f'<a href="javascript:{RUN}">a link</a>',
    f'<a href="https://example.org" onclick="{RUN}">another</a><img src=x onerror={RUN}>',
    f"</p></blockquote><script>{RUN}</script><blockquote><p>",
)


@pytest.fixture
def hostile_archive(tmp_path):
    """A post within the grammar whose every field attacks, one entry of 10 MB among them."""
    entries = []
    for at, attack in enumerate(ATTACKS):
        entry = make_entry(
            f"2008.0{at:04d}", 900 - at, 5, day=DAY, title=attack, authors=(attack, "Ada Example"), abstract=attack,
            tweets=len(TWEETS),
        )  # fmt: skip
        text = render_post(make_post(DAY, entry))
        for number, body in enumerate(TWEETS):
            text = text.replace(
                tweet(int(entry.mentions[number].id)), tweet(int(entry.mentions[number].id), body)
            )
        entries.append(text.split("---\n\n", 1)[1].removesuffix("\n\n"))
    flood = render_post(make_post(DAY, make_entry("2008.09999", 1, 1, day=DAY, abstract="x" * 10_000_000)))
    entries.append(flood.split("---\n\n", 1)[1].removesuffix("\n\n"))
    head = flood.split("---\n\n", 1)[0] + "---\n\n"
    ranked = [entry.replace("# 1. ", f"# {rank}. ", 1) for rank, entry in enumerate(entries, start=1)]
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2020-08-06.md", head + "\n\n\n".join(ranked) + "\n\n")
    return path


@pytest.mark.browser
def test_a_hostile_post_becomes_a_harmless_page(hostile_archive, tmp_path, run, browser):
    store, site = tmp_path / "s.duckdb", tmp_path / "site"
    refused = run("digest", "import", hostile_archive, "--store", store)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "has 10,000,000 characters, at most 100,000 are accepted" in refused.err
    taken = run("digest", "import", hostile_archive, "--store", store, "--lenient")
    assert taken.code == 0
    assert taken.err.count("entry left out") == 1
    with Store(store, read_only=True) as opened:
        assert len(opened.post(DAY).entries) == len(ATTACKS)
    assert run("digest", "site", "-o", site, "--store", store).code == 0
    assert run("digest", "build", "2020-08-06", "-o", site, "--store", store).code == 0

    context = browser.new_context(bypass_csp=True)  # escaping alone must hold
    asked, dialogs = [], []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_timeout(100)
        assert page.evaluate("window.pwned") is None, path
        assert page.evaluate("document.baseURI") == path.as_uri()
        dangerous = page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => [a.name, a.value]))"
            ".filter(([name, value]) => name.startsWith('on') || /^\\s*(javascript|vbscript)/i.test(value))"
        )
        assert dangerous == [], path
    page.goto((site / "index.html").as_uri())
    assert page.locator("article.story").count() == len(ATTACKS)
    assert page.get_by_text("<script>window.pwned=1</script>", exact=True).first.is_visible()
    context.close()
    assert dialogs == []
    assert [url for url in asked if not url.startswith((site.as_uri(), "data:"))] == []


def test_a_hostile_post_in_a_terminal_keeps_its_control_characters_to_itself(tmp_path, run):
    title = "\x1b]0;owned\x07\x1b[2J[bold]A title[/bold] of \x9b31mnote"
    post = make_post(DAY, make_entry("2008.00001", 9, 9, day=DAY, title=title))
    (tmp_path / "post.md").write_bytes(render_post(post).encode())
    store = tmp_path / "s.duckdb"
    assert run("digest", "import", tmp_path / "post.md", "--store", store).code == 0
    for arguments in (
        ("rank",),
        ("days",),
        ("search", "subject title"),
        ("rank", "--format", "csv"),
        ("rank", "--format", "md"),
    ):
        done = run("digest", *arguments, "--store", store)
        assert done.code == 0
        assert "[bold]A title[/bold]" in done.out
        assert not set(done.out) & {"\x1b", "\x07", "\x9b"}, arguments
