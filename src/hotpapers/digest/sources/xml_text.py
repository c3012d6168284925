"""arXiv's XML: parsed safely, its wrapped texts brought to one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hotpapers.digest.sources.json_fields import clean
from hotpapers.digest.sources.replies import BrokenReplyError

__all__ = ["abstract_line", "child_text", "parse_xml", "title_line"]


def parse_xml(body: bytes, root: str) -> Element:
    """The XML document in `body`.

    Raises
    ------
    BrokenReplyError
        If it is cut short, no XML, has entities or a DTD, or another root element than `root`.
    """
    reason = "something else than whole XML"
    try:
        document: Element = fromstring(body, forbid_dtd=True)
    except ParseError:
        pass
    except (DefusedXmlException, ValueError, LookupError):  # LookupError: an unknown encoding
        reason = "XML that is not safe to read"
    else:
        if document.tag == root:
            return document
        reason = f"a document that is no {root.rpartition('}')[2]}"
    raise BrokenReplyError(reason)


def child_text(element: Element, path: str, namespaces: Mapping[str, str]) -> str:
    """The text of the first child at `path`, or ""."""
    return clean(element.findtext(path, "", dict(namespaces)))


def title_line(wrapped: str) -> str:
    r"""A title on one line: its line breaks go, the indentation after them stays.

    arXiv wraps long titles and indents what follows by two spaces; these are the double spaces in
    the titles of archived posts.

    Examples
    --------
    >>> title_line("Unconstrained Photo\n  Collections")
    'Unconstrained Photo  Collections'
    """
    return re.sub(r"\n(?! )", " ", wrapped.strip()).replace("\n", "")


def abstract_line(wrapped: str) -> str:
    r"""An abstract on one line: each line break becomes a space, a paragraph's indentation stays.

    Examples
    --------
    >>> abstract_line("  We show\nthis.\n  We also show that.\n")
    'We show this.   We also show that.'
    """
    return wrapped.strip().replace("\n", " ")
