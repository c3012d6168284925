"""arXiv identifiers in all the shapes in which people paste them, brought to one."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from hotpapers.common.errors import InputError

__all__ = ["find_arxiv_ids", "normalise_arxiv_id"]

# arXiv's own scheme (https://info.arxiv.org/help/arxiv_identifier.html): YYMM.NNNN from April 2007,
# YYMM.NNNNN from January 2015, archive(.CC)/YYMMNNN before; the archives are a closed list.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|"
    "cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|nucl-ex|"
    "nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_MONTH = r"(?:0[1-9]|1[0-2])"
_NEW = rf"(?:(?:0[7-9]|1[0-4]){_MONTH}\.\d{{4}}|(?:1[5-9]|[2-9]\d){_MONTH}\.\d{{5}})"
_OLD = rf"(?:{_ARCHIVES})(?:\.[A-Z]{{2}})?/(?:9[1-9]|0[0-7]){_MONTH}\d{{3}}"
_BARE = re.compile(rf"(?:arxiv:)?(?P<id>{_NEW}|{_OLD})(?:v[1-9]\d*)?", re.IGNORECASE)
_HOSTS = re.compile(
    r"(?:[a-z0-9-]+\.)*(?:arxiv\.org|alphaxiv\.org|ar5iv\.org|ar5iv\.labs\.arxiv\.org)|"
    r"huggingface\.co|hf\.co|arxiv-vanity\.com|www\.arxiv-vanity\.com|scirate\.com|doi\.org|dx\.doi\.org"
)
_IN_PATH = re.compile(
    rf"/(?:[a-z0-9_-]+/)*(?:10\.48550/arxiv\.)?(?P<id>{_NEW}|{_OLD})(?:v[1-9]\d*)?(?:\.pdf|\.html?)?/?",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(
    r"(?:https?://|\b(?:www\.)?(?=(?:arxiv|alphaxiv|ar5iv|huggingface|hf)\.))[^\s<>\"'\])}]+"
    rf"|\barxiv:\s?(?:{_NEW}|{_OLD})(?:v[1-9]\d*)?(?![\d.]*\d)",
    re.IGNORECASE,
)


def _canonical(matched: str) -> str:
    """Lower-case archive, subject class dropped: ``math.GT/0309136`` is ``math/0309136``."""
    archive, slash, number = matched.partition("/")
    return archive.split(".")[0].lower() + slash + number if slash else matched


def _from_url(url: str) -> str | None:
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _HOSTS.fullmatch(host):
        return None
    found = _IN_PATH.fullmatch(unquote(parts.path).rstrip(".,;:!?"))
    return _canonical(found["id"]) if found else None


def normalise_arxiv_id(text: str) -> str:
    """The canonical arXiv id that `text` names.

    Accepts a bare id (new or old style, with or without version or ``arXiv:``), a DOI, or a link
    to arXiv (``/abs``, ``/pdf``, ``/html``, ``/format`` ...), alphaXiv, ar5iv, arxiv-vanity,
    SciRate or Hugging Face papers.

    Raises
    ------
    InputError
        If `text` is none of these.

    Examples
    --------
    >>> normalise_arxiv_id("https://arxiv.org/pdf/2008.02217v3.pdf")
    '2008.02217'
    >>> normalise_arxiv_id("arXiv:math.GT/0309136")
    'math/0309136'
    """
    given = text.strip()
    bare = _BARE.fullmatch(given)
    found = _canonical(bare["id"]) if bare else _from_url(given)
    if found is None:
        shown = given if len(given) <= 60 else given[:57] + "..."
        raise InputError(
            f"{shown!r} is not an arXiv id or link: expected something like 2008.02217, "
            "hep-th/9901001 or https://arxiv.org/abs/2008.02217"
        )
    return found


def find_arxiv_ids(text: str) -> tuple[str, ...]:
    """Canonical ids of all papers that links or ``arXiv:`` citations in `text` name, in order, once.

    Bare numbers are not taken: 2008.02217 alone could be a price.

    Examples
    --------
    >>> find_arxiv_ids("see arxiv.org/abs/2008.02217, and arXiv:hep-th/9901001v2!")
    ('2008.02217', 'hep-th/9901001')
    """
    found: dict[str, None] = {}
    for match in _IN_TEXT.finditer(text):
        piece = match[0]
        bare = _BARE.fullmatch(piece.replace(" ", ""))
        arxiv_id = _canonical(bare["id"]) if bare else _from_url(piece)
        if arxiv_id:
            found[arxiv_id] = None
    return tuple(found)
