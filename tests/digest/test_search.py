"""Search and nearest papers: what is found, in which order, and that the index follows the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import InputError
from hotpapers.digest import Paper, SearchIndex, Store

NOW = datetime(2020, 9, 1, tzinfo=UTC)
FACTS = [
    ("Hopfield networks", "Ada Example", "An associative memory stores patterns with attention.", "cs.NE"),
    ("Attention for translation", "Günter Beispiel", "A transformer uses attention to translate.", "cs.CL"),
    ("Privacy by noise", "Bo Sample", "Differentially private descent adds noise to gradients.", "cs.LG"),
    ("Old music restored", "Chi Muster", "A network removes noise from old recordings.", "eess.AS"),
    ("Patterns in memory", "Di Ejemplo", "Associative memory of patterns, with a Hopfield energy.", "cs.NE"),
]
PAPERS = [
    Paper(
        arxiv_id=f"2008.0000{at}", title=title, authors=(author,), abstract=abstract, categories=(category,)
    )
    for at, (title, author, abstract, category) in enumerate(FACTS, start=1)
]


@pytest.fixture
def index():
    with Store(":memory:") as store:
        store.put_papers(PAPERS, seen_at=NOW)
        yield SearchIndex(store)


def found(index, query, **options) -> list[str]:
    return [hit.paper.arxiv_id[-1] for hit in index.search(query, **options)]


def test_all_words_must_be_there_and_titles_weigh_more(index):
    assert found(index, "hopfield") == ["1", "5"]
    assert found(index, "attention") == ["2", "1"]
    assert found(index, "noise network") == ["4"]
    assert set(found(index, "noise telescope")) == {"3", "4"}  # no paper has both: any word will do


def test_words_are_found_without_case_accents_and_endings(index):
    assert found(index, "GUNTER") == ["2"]
    assert found(index, "recording") == ["4"]
    assert found(index, "Networks") == found(index, "network")


def test_the_query_language(index):
    assert found(index, '"associative memory"') == ["5", "1"] or found(index, '"associative memory"') == [
        "1",
        "5",
    ]
    assert found(index, "author:Muster") == ["4"]
    assert found(index, "title:noise") == ["3"]
    assert found(index, "noise -private") == ["4"]
    assert set(found(index, "privacy OR music")) == {"3", "4"}
    assert found(index, "noise", category="cs.LG") == ["3"]
    assert found(index, "noise", top=1) == found(index, "noise")[:1]


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_query_is_answered_or_refused_in_one_line(query):
    with Store(":memory:") as store:
        store.put_papers(PAPERS[:2], seen_at=NOW)
        index = SearchIndex(store)
        if any(character.isalnum() for character in query):
            assert len(index.search(query)) <= 2
        else:
            with pytest.raises(InputError, match="no word"):
                index.search(query)


def test_related_papers_are_nearest_first_without_the_paper_itself(index):
    near = [hit.paper.arxiv_id[-1] for hit in index.related("2008.00001")]
    assert near[0] == "5"
    assert "1" not in near
    with pytest.raises(InputError, match=r"does not know 2008\.09999"):
        index.related("2008.09999")


def test_the_index_follows_the_store(tmp_path):
    path = tmp_path / "s.duckdb"
    with Store(path) as store:
        store.put_papers(PAPERS[:3], seen_at=NOW)
        index = SearchIndex(store)
        assert index.refresh() == 3
        assert index.refresh() == 0
        store.put_papers(PAPERS[3:], seen_at=NOW)
        changed = Paper(
            arxiv_id="2008.00001", title="Renamed entirely", authors=("Ada Example",), abstract="Nothing."
        )
        store.put_papers([changed], seen_at=datetime(2020, 9, 2, tzinfo=UTC))
        assert index.refresh() == 3
        assert found(index, "renamed") == ["1"]
        assert found(index, "hopfield") == ["5"]
    with Store(path, read_only=True) as store:
        assert SearchIndex(store).refresh() == 0
    assert (tmp_path / "s.search").is_dir()


def test_an_index_of_another_store_or_another_format_is_made_anew(tmp_path):
    path, folder = tmp_path / "s.duckdb", tmp_path / "s.search"
    with Store(path) as store:
        store.put_papers(PAPERS, seen_at=NOW)
        SearchIndex(store).refresh()
    state = json.loads((folder / "state.json").read_text())
    for wrong in ({"format": 0}, {"store": "another"}, {"revision": 10**6}):
        (folder / "state.json").write_text(json.dumps(state | wrong))
        with Store(path, read_only=True) as store:
            assert SearchIndex(store).refresh() == len(PAPERS)
    (folder / "meta.json").write_text("damaged")
    with Store(path, read_only=True) as store:
        assert found(SearchIndex(store), "hopfield") == ["1", "5"]


def test_an_update_that_was_cut_off_is_done_again_without_doubles(tmp_path):
    path, folder = tmp_path / "s.duckdb", tmp_path / "s.search"
    with Store(path) as store:
        store.put_papers(PAPERS, seen_at=NOW)
        SearchIndex(store).refresh()
        state = json.loads((folder / "state.json").read_text())
        (folder / "state.json").write_text(json.dumps(state | {"revision": 0}))
        index = SearchIndex(store)
        assert index.refresh() == len(PAPERS)
        assert found(index, "hopfield") == ["1", "5"]


def test_the_archive_answers_as_a_reader_expects(shared_data):
    from hotpapers.digest.importing import import_path

    with Store(":memory:") as store:
        import_path(store, shared_data / "digest" / "posts-2020.zip")
        index = SearchIndex(store)
        assert index.search("hopfield attention")[0].paper.arxiv_id == "2008.02217"
        assert index.search("differentially private accelerated")[0].paper.arxiv_id == "2008.01989"
        near = [hit.paper.title for hit in index.related("2008.02268", top=5)]
        assert sum("Radiance" in title for title in near) >= 4
