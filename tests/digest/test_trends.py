"""Rising words: planted ones are found, noise is not, and windows are what they say."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest import Attention, Paper, Store, compare_windows, rising_words

UNTIL = date(2020, 8, 30)


def filled(abstract_of, per_day: int = 10) -> Store:
    """Eight weeks of papers; `abstract_of(chance, later)` writes each one's abstract."""
    chance, store = random.Random(1), Store(":memory:")
    papers, readings = [], []
    for back in range(56):
        day = UNTIL - timedelta(days=back)
        for at in range(per_day):
            name = f"{day:%y%m}.{day.day * 100 + at:05d}"
            papers.append(
                Paper(arxiv_id=name, title="A title", authors=(), abstract=abstract_of(chance, back < 28))
            )
            readings.append(
                Attention(
                    arxiv_id=name,
                    source="x",
                    day=day,
                    read_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
                    counts={"n": 1},
                )
            )
    store.put_papers(papers, seen_at=datetime(2020, 9, 1, tzinfo=UTC))
    store.put_readings(readings)
    return store


def words(chance, count: int = 30) -> list[str]:
    return [f"word{chance.randint(1, 400)}" for _ in range(count)]


def test_a_planted_word_rises_to_the_top_and_its_shares_are_right():
    def abstract(chance, later):
        planted = ["transformers"] if chance.random() < (0.4 if later else 0.1) else []
        return " ".join([*words(chance), "the", *planted])

    with filled(abstract) as store:
        trends = rising_words(store)
        assert (trends.since, trends.until) == (date(2020, 8, 3), UNTIL)
        assert (trends.before_since, trends.before_until) == (date(2020, 7, 6), date(2020, 8, 2))
        assert (trends.papers, trends.papers_before) == (280, 280)
        top = trends.words[0]
        assert top.word == "transformers"
        assert top.score > 3
        used = store.rows(
            "SELECT count(*) AS n FROM paper WHERE abstract LIKE '%transformers%' "
            "AND arxiv_id IN (SELECT arxiv_id FROM reading WHERE day >= '2020-08-03')"
        )
        assert top.papers == used[0]["n"]
        assert top.now == pytest.approx(top.papers / 280)
        assert 0.05 < top.before < 0.15
        assert "the" not in [word.word for word in trends.words]
        assert top.q < 1e-6
        assert "transformers" in trends.clear
        assert len(trends.clear) <= 2


def test_a_falling_word_is_clear_but_not_listed_as_rising():
    def abstract(chance, later):
        return " ".join([*words(chance), *["kernels"] * (chance.random() < (0.1 if later else 0.4))])

    with filled(abstract) as store:
        trends = rising_words(store, top=1000)
        assert "kernels" in trends.clear
        assert len(trends.clear) <= 2
        assert "kernels" not in [word.word for word in trends.words]


def test_without_a_trend_few_words_pass_for_one():
    """400 words of equal share: about 0.1 % of them may exceed z = 3, each window being a sample."""
    with filled(lambda chance, later: " ".join(words(chance))) as store:
        trends = rising_words(store, top=1000)
        scores = [word.score for word in trends.words]
        assert len(trends.clear) <= 1
        assert sum(score > 3 for score in scores) <= 3
        assert sum(score > 1.64 for score in scores) <= 0.1 * 400


def test_a_word_counts_once_a_paper_however_often_it_is_said():
    def abstract(chance, later):
        return " ".join(words(chance)) + (" echo" * 50 if later and chance.random() < 0.02 else "")

    with filled(abstract) as store:
        found = {word.word: word for word in rising_words(store, top=1000).words}
        assert found["echo"].papers < 20
        assert found["echo"].score < 3


WORDS = {
    r"GPT-3 and COVID-19 in 3D": "gpt-3 and covid-19 in 3d",
    r"Don’t über-train x² networks' α-layers, v": "don't über-train x² networks α-layers",
    r"9 \text{mm}, $\mathcal12$ \alpha-stable \'etale \beta2d \\\\ne": "mm stable etale",
}


@pytest.mark.parametrize(("text", "expected"), WORDS.items())
def test_words_keep_hyphens_numbers_and_apostrophes_and_commands_are_none(text, expected):
    with filled(lambda chance, later: text if later else "nothing", per_day=1) as store:
        trends = rising_words(store, top=1000)
        found = compare_windows(store, trends)
    assert {word.word for word in trends.words} == set(expected.split())
    assert {word for word in found.shift.types if len(word) > 1} == {*expected.split(), "title", "nothing"}


def test_papers_that_are_not_known_yet_are_not_counted():
    with filled(lambda chance, later: "one two") as store:
        unknown = Attention(
            arxiv_id="2008.99999",
            source="x",
            day=UNTIL,
            read_at=datetime(2020, 8, 30, tzinfo=UTC),
            counts={"n": 1},
        )
        store.put_readings([unknown])
        assert rising_words(store).papers == 280


def test_bad_windows_are_refused(store):
    with pytest.raises(InputError, match="--weeks takes a number >= 1"):
        rising_words(store, weeks=0)
    with pytest.raises(InputError, match="no paper in the window"):
        rising_words(store, weeks=4)
    with pytest.raises(InputError, match="is no date"):
        rising_words(store, weeks=10**6)
    with Store(":memory:") as empty, pytest.raises(InputError, match="the store is empty"):
        rising_words(empty)
