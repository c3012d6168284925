"""Pages made safely: autoescape always on, outside text cleaned, and a policy that forbids the rest."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = [
    "clean_text",
    "content_security_policy",
    "environment",
    "json_block",
    "render_page",
    "safe_url",
    "sanitise",
    "text_of",
]

# What neither HTML nor XML 1.0 may carry: control characters but tab, line feed and carriage return,
# lone surrogates and the two noncharacters.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SCHEMES = frozenset({"http", "https"})
_TAGS = {"a", "blockquote", "br", "code", "em", "li", "ol", "p", "strong", "ul"}
_CLOSING = re.compile(r"</(style|script)|<!--", re.IGNORECASE)


def clean_text(text: str) -> str:
    r"""`text` without the characters that make a page or an XML feed ill-formed.

    Examples
    --------
    >>> clean_text("a\x00b\tc")
    'ab\tc'
    """
    return _UNWANTED.sub("", text)


def safe_url(url: str) -> str:
    r"""`url` if it is an absolute http, https or mailto address, else ``"#"``.

    Examples
    --------
    >>> safe_url("https://arxiv.org/abs/2008.02217")
    'https://arxiv.org/abs/2008.02217'
    >>> safe_url("java\nscript:alert(1)")
    '#'
    """
    # Browsers drop line ends and tabs anywhere in an address, and blanks around it.
    cleaned = re.sub(r"[\t\n\r]", "", clean_text(url)).strip()
    try:
        parts = urlsplit(cleaned)
        host = parts.hostname
    except ValueError:
        return "#"
    if (parts.scheme in _SCHEMES and host) or (parts.scheme == "mailto" and "@" in parts.path):
        return cleaned
    return "#"


def sanitise(untrusted: str) -> Markup:
    """`untrusted` HTML reduced to a few text tags and http/https links; all else is dropped."""
    import nh3
    from markupsafe import Markup

    cleaned = nh3.clean(
        clean_text(untrusted),
        tags=_TAGS,
        attributes={"a": {"href"}, "p": {"lang", "dir"}},
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return Markup(cleaned)  # noqa: S704 - the sanitiser's own output


def text_of(untrusted: str) -> str:
    r"""The readable text of `untrusted` HTML, without scripts and styles; ``<br>`` and ``</p>`` end lines.

    Examples
    --------
    >>> text_of("<p>one<br>two</p><script>three</script>")
    'one\ntwo'
    """
    import nh3

    marked = re.sub(r"(?i)<br\s*/?>|</p\s*>", lambda match: match[0] + "\n", clean_text(untrusted))
    return html.unescape(nh3.clean(marked, tags=set())).strip()


def json_block(data: Any) -> Markup:
    """`data` as JSON that may stand inside ``<script type="application/json">`` and nowhere ends it."""
    from markupsafe import Markup

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(clean_text(text))  # noqa: S704 - no character is left that could end the block


def environment(package: str) -> Environment:
    """An environment for the templates of `package` (its ``templates/`` folder); keep it, it caches them.

    Autoescape is on for every template whatever its name, an unknown name is an error, and every
    text that a template shows has gone through `clean_text`. Filters: ``safe_url``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["safe_url"] = safe_url
    return made


def _finalize(value: object) -> object:
    return clean_text(value) if type(value) is str else value


def content_security_policy(*, style: str, script: str = "") -> str:
    """The policy of a page with these inline texts: they and the site's own pictures and sounds, no more."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src 'self' data:",
            "media-src 'self'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source(text: str) -> str:
    if not text:
        return "'none'"
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def render_page(
    templates: Environment, name: str, *, styles: Sequence[str], scripts: Sequence[str] = (), **context: Any
) -> str:
    """Render template `name` as a page that carries its style and script within itself.

    Parameters
    ----------
    templates
        From `environment`.
    styles, scripts
        Texts of trusted CSS and JavaScript, put into one ``<style>`` and one ``<script>``.
    context
        What the template shows. It also gets ``csp``, ``style`` and ``script``, which it must place.

    Raises
    ------
    ValueError
        If a style or script would end its own element.
    """
    from markupsafe import Markup

    style, script = "\n".join(styles), "\n".join(scripts)
    if found := _CLOSING.search(style + script):
        raise ValueError(f"an inline style or script may not contain {found[0]!r}")
    return templates.get_template(name).render(
        csp=content_security_policy(style=style, script=script),
        style=Markup(style),  # noqa: S704 - trusted and checked above
        script=Markup(script),  # noqa: S704
        **context,
    )
