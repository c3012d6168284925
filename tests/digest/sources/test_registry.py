"""Finding sources, other people's included, and paging those that can't page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources import Page, available_sources, open_source
from hotpapers.digest.sources.base import PagedSource, pages_of
from hotpapers.digest.sources.settings import Settings

from .worlds import SINCE, UNTIL

PLUGIN = """
from hotpapers.digest.records import Mention

class Usenet:
    name = "usenet"
    needs = ()

    def __init__(self, settings):
        self.secret = settings.of("usenet").credentials.get("news_key")

    def mentions(self, since, until):
        yield Mention(source="usenet", id="1", arxiv_ids=("2008.02217",), created=since)

class Lame:
    name = "lame"
    def __init__(self, settings):
        pass
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution of somebody else's, as an installer leaves it."""
    (tmp_path / "usenet_papers.py").write_text(PLUGIN)
    meta = tmp_path / "usenet_papers-1.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: usenet-papers\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text(
        "[hotpapers.sources]\nusenet = usenet_papers:Usenet\nlame = usenet_papers:Lame\n"
        "gone = not_installed:Source\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return meta


@pytest.mark.usefixtures("plugin")
def test_a_plugin_with_one_method_is_a_source() -> None:
    assert {"gone", "lame", "usenet"} <= set(available_sources())
    assert "usenet_papers" not in sys.modules
    settings = Settings.load(environ={"HOTPAPERS_USENET_NEWS_KEY": "k3y"})
    source = open_source("usenet", settings)
    assert source.secret.reveal() == "k3y"  # type: ignore[attr-defined]
    assert [mention.id for mention in source.mentions(SINCE, UNTIL)] == ["1"]
    (page,) = pages_of(source, SINCE, UNTIL)
    assert [mention.arxiv_ids for mention in page.mentions] == [("2008.02217",)]
    assert page.cursor is None


@pytest.mark.usefixtures("plugin")
def test_an_unusable_plugin_is_named() -> None:
    with pytest.raises(
        InputError, match=r"source 'gone' \(not_installed:Source\) can't be loaded: No module"
    ):
        open_source("gone", Settings())
    with pytest.raises(InputError, match=r"source 'lame' is unusable: it has no method mentions"):
        open_source("lame", Settings())
    with pytest.raises(InputError, match=r"no source called 'usnet' is installed: there are .*usenet"):
        open_source("usnet", Settings())


def test_one_name_in_two_packages_is_ambiguous(plugin: Path) -> None:
    other = plugin.parent / "other-2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 2.0\n")
    (other / "entry_points.txt").write_text("[hotpapers.sources]\nusenet = other:Usenet\n")
    with pytest.raises(InputError, match="'usenet' is offered twice: other:Usenet and usenet_papers:Usenet"):
        open_source("usenet", Settings())


def test_a_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys, hotpapers.digest.sources as s; s.available_sources();"
        "print(sorted({'httpx', 'tenacity', 'defusedxml', 'platformdirs'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def mention(number: int, **changes: object) -> Mention:
    given = {"source": "demo", "id": str(number), "arxiv_ids": ("2008.02217",), "created": SINCE}
    return Mention(**(given | changes))  # type: ignore[arg-type]


class Plain:
    name = "plain"
    needs = ()

    def mentions(self, since: datetime, until: datetime) -> Iterator[Mention]:
        return (mention(number) for number in range(1100))


def test_a_source_without_pages_is_cut_into_pages_and_starts_again() -> None:
    pages = list(pages_of(Plain(), SINCE, UNTIL))
    assert [len(page.mentions) for page in pages] == [500, 500, 100]
    assert [page.cursor is None for page in pages] == [False, False, True]
    again = list(pages_of(Plain(), SINCE, UNTIL, pages[0].cursor))
    assert again == pages


class Listed(PagedSource):
    name = "listed"

    def __init__(self, *mentions: Mention) -> None:
        self.listed = mentions

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        assert since.tzinfo is until.tzinfo is UTC
        assert cursor is None
        yield Page(mentions=self.listed, cursor="1")
        yield Page(mentions=self.listed)


def test_only_what_belongs_to_the_window_is_kept_once() -> None:
    source = Listed(
        mention(1, created=SINCE),
        mention(2, created=SINCE - timedelta(microseconds=1)),
        mention(3, created=UNTIL),
        mention(4, created=UNTIL - timedelta(microseconds=1)),
        mention(5, created=None),
        mention(6, arxiv_ids=()),
        mention(7, created=UNTIL + timedelta(days=900)),
        mention(1),
        mention(1, source="other"),
    )
    pages = list(source.pages(SINCE, UNTIL))
    found = [[(kept.source, kept.id) for kept in page.mentions] for page in pages]
    assert found == [[("demo", "1"), ("demo", "4"), ("other", "1")], []]
    assert list(pages_of(source, SINCE, UNTIL)) == pages


def test_a_window_needs_a_zone_and_an_order() -> None:
    with pytest.raises(InputError, match="need a time zone"):
        Listed().pages(SINCE.replace(tzinfo=None), UNTIL)
    with pytest.raises(InputError, match="is later than until"):
        Listed().pages(UNTIL, SINCE)
    with pytest.raises(InputError, match="need a time zone"):
        pages_of(Plain(), SINCE, UNTIL.replace(tzinfo=None))
