"""How the house finds its papers and says what they lack."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from hotpapers.common import papers
from hotpapers.common.errors import InputError, MissingExtraError
from hotpapers.common.papers import Paper, find_paper, installed_papers, load, missing_requirements


def paper_called(slug: str) -> Paper:
    return Paper(slug=slug, title="T", purpose="P", cli=f"hotpapers.{slug}.cli:app")


def test_the_digest_is_found_by_its_entry_point() -> None:
    slugs = [paper.slug for paper in installed_papers()]
    assert "digest" in slugs
    assert slugs == sorted(slugs)
    assert find_paper("digest").package == "hotpapers.digest"
    assert find_paper("digest").arxiv_id is None


def test_an_unknown_paper_is_quoted_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no paper called 'digset' is installed: there are .*digest"):
        find_paper("digset")


def test_load_follows_an_import_string() -> None:
    assert load("hotpapers.common.papers:Paper") is Paper


@pytest.mark.parametrize("value", ["hotpapers.common.papers:GROUP", "hotpapers.digest.paper:paper"])
def test_an_entry_point_that_names_no_paper_of_that_name_is_named(value, monkeypatch) -> None:
    point = EntryPoint(name="other", value=value, group=papers.GROUP)
    monkeypatch.setattr(papers, "_entry_points", lambda: (point,))
    with pytest.raises(InputError, match=f"entry point 'other = {value}' .* slug 'other'"):
        list(installed_papers())


@pytest.mark.parametrize(
    ("requires", "missing"),
    [
        (None, ()),
        (["rich>=14"], ()),
        (['nobody-has-this>=3,<4; extra == "other"'], ("nobody-has-this<4,>=3",)),
        (['nobody-has-this; extra == "another"'], ()),
        (['rich>=1; extra == "other"'], ()),
        (['rich>=9999; extra == "other"'], ("rich>=9999",)),
        (['nobody-has-this; extra == "other" and python_version < "3"'], ()),
        (['nobody-has-this; python_version > "3"', 'nor-this; extra == "other"'], ("nor-this",)),
    ],
)
def test_only_what_the_papers_own_extra_lacks_is_missing(requires, missing, monkeypatch) -> None:
    monkeypatch.setattr(papers, "distribution", lambda name: SimpleNamespace(requires=requires))
    assert missing_requirements(paper_called("other")) == missing


def test_a_missing_extra_is_told_with_its_command(monkeypatch) -> None:
    monkeypatch.setattr(
        papers, "distribution", lambda name: SimpleNamespace(requires=['no-such>=2; extra == "other"'])
    )
    with pytest.raises(
        MissingExtraError, match=r'^other needs no-such>=2: pip install "hotpapers\[other\]"$'
    ):
        papers.require_extra(paper_called("other"))
