"""The page maker's defences: cleaning, addresses, sanitiser, data blocks, policy."""

import base64
import hashlib
import json
import re
import subprocess
import sys

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hotpapers.common.html import (
    clean_text,
    content_security_policy,
    environment,
    json_block,
    render_page,
    safe_url,
    sanitise,
    text_of,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2008.02217",
        "http://example.org/?a=b&c=d#e",
        "HTTPS://EXAMPLE.ORG/",
        "mailto:a@b.org",
    ],
)
def test_good_addresses_are_kept(url):
    assert safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " \x01javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "//example.org/x",
        "/relative",
        "https:example.org",
        "https:\\\\example.org",
        "http://[::1",
        "mailto:",
        "view-source:https://example.org",
    ],
)
def test_other_addresses_lead_nowhere(url):
    assert safe_url(url) == "#"


@given(st.text(st.characters()))
def test_cleaned_text_can_stand_in_xml(text):
    cleaned = clean_text(text)
    element = etree.Element("a")
    element.text = cleaned  # lxml refuses what XML 1.0 forbids
    assert clean_text(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_sanitise_keeps_text_tags_and_drops_the_rest():
    given_html = (
        '<p onclick="x()" lang="en" style="color:red">a <strong>b</strong>'
        '<a href="https://example.org/" target="_top" onmouseover="x()">c</a>'
        '<a href="javascript:x()">d</a><img src=x onerror=x()><script>x()</script><style>y</style><!-- z --></p>'
    )
    assert sanitise(given_html) == (
        '<p lang="en">a <strong>b</strong>'
        '<a href="https://example.org/" rel="noopener noreferrer nofollow">c</a>'
        '<a rel="noopener noreferrer nofollow">d</a></p>'
    )


def test_text_of_markup():
    assert text_of("<p>1 &lt; 2<br/>b</p><p>c</p><script>d</script>") == "1 < 2\nb\nc"


@given(
    st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
)
def test_json_block_round_trips_without_ending_its_element(data):
    clean = json.loads(clean_text(json.dumps(data, ensure_ascii=False)))
    block = str(json_block(clean))
    assert not set("<>&\u2028\u2029") & set(block)
    assert json.loads(block) == clean


def _template(source):
    templates = environment("hotpapers.digest.site")
    templates.loader = jinja2.DictLoader({"page": source})
    return templates


def test_every_template_escapes_cleans_and_knows_its_names():
    templates = _template("{{ text }}")
    assert templates.get_template("page").render(text="<b>\x00'") == "&lt;b&gt;&#39;"
    with pytest.raises(jinja2.UndefinedError):
        templates.get_template("page").render()


def test_policy_allows_the_inline_texts_by_hash_and_nothing_else():
    style = "p { color: red; }"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = content_security_policy(style=style)
    assert policy == (
        "default-src 'none'; img-src 'self' data:; media-src 'self'; "
        f"style-src 'sha256-{digest}'; script-src 'none'; base-uri 'none'; form-action 'none'"
    )
    assert re.search(
        r"script-src 'sha256-[A-Za-z0-9+/]{43}='", content_security_policy(style="", script="f()")
    )


def test_page_carries_style_and_script_as_they_are():
    source = "{{ csp }}|<style>{{ style }}</style><script>{{ script }}</script>{{ text }}"
    page = render_page(_template(source), "page", styles=["a > b {}", "c {}"], scripts=["1 < 2;"], text="<i>")
    assert "<style>a > b {}\nc {}</style><script>1 < 2;</script>&lt;i&gt;" in page


@pytest.mark.parametrize("text", ["</style>", "</SCRIPT >", "<!-- x"])
def test_a_style_that_ends_its_element_is_refused(text):
    with pytest.raises(ValueError, match="may not contain"):
        render_page(_template(""), "page", styles=[text])


def test_import_is_light():
    names = "hotpapers.common.html, hotpapers.common.figures"
    code = f"import sys, {names}; print({{'jinja2', 'nh3', 'lxml'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
