"""Lexicons: the published formats, case, duplicates, and what is refused."""

from __future__ import annotations

import gzip
import json

import pytest

from hotpapers.common.errors import UnavailableError
from hotpapers.wordshift.lexicon.lexicons import (
    Lexicon,
    LexiconWarning,
    as_lexicon,
    lexicons,
    load_lexicon,
    save_lexicon,
)
from hotpapers.wordshift.shifts import WordShiftError

LABMT = (
    "rank\tword\thappiness_rank\thappiness_average\thappiness_standard_deviation\ttwitter_rank\n"
    "1\tlaughter\t1\t8.50\t0.9313\t3600\n2\tterrorist\t10222\t1.30\t0.9091\t--\n"
)
VAD = "Word\tValence\tArousal\tDominance\naaaaaaah\t0.479\t0.606\t0.291\nabandon\t0.052\t0.519\t0.245\n"
EMOTIONS = "English (en)\tPositive\tNegative\tAnger\nabacus\t0\t0\t0\nabandon\t0\t1\t0\n"
LONG = "abacus\tanger\t0\nabacus\tjoy\t1\nabandon\tanger\t0\nabandon\tjoy\t0\n"


def write(tmp_path, text, name="lexicon.tsv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "options", "scores", "centre"),
    [
        ("good\t3\nbad\t-3\n", {}, {"good": 3, "bad": -3}, None),  # AFINN
        ("\ufeffword,score\r\ngood,3\r\n\r\nbad,-3.5\r\n", {}, {"good": 3, "bad": -3.5}, None),
        ("word;score\ngood;3\n", {}, {"good": 3}, None),
        ('word,score\n"a,b",3\n', {}, {"a,b": 3}, None),
        ('"\t1.5\t0.8\t[1, 2]\n:)\t2\t1\t[2, 2]\n', {}, {'"': 1.5, ":)": 2}, 0.0),  # VADER
        (LABMT, {}, {"laughter": 8.5, "terrorist": 1.3}, 5.0),
        (LABMT, {"column": "happiness_rank", "centre": 7}, {"laughter": 1, "terrorist": 10222}, 7),
        (VAD, {"column": "Valence"}, {"aaaaaaah": 0.479, "abandon": 0.052}, 0.5),
        (VAD, {"column": "dominance"}, {"aaaaaaah": 0.291, "abandon": 0.245}, 0.5),
        (EMOTIONS, {"column": "Negative"}, {"abacus": 0, "abandon": 1}, 0.5),
        (LONG, {"column": "joy"}, {"abacus": 1, "abandon": 0}, 0.5),
        ("word\tdecade\tscore\na\t1850\t1\na\t1860\t-2\n", {"decade": 1860}, {"a": -2}, 0.0),
        ("occupation\tincome\nbaker\t31000\n", {}, {"baker": 31000}, None),
        ('{"good": 3, "bad": -3}', {}, {"good": 3, "bad": -3}, None),
        ("good\t3\nbad\tNA\n", {"missing_values": "drop"}, {"good": 3}, None),
        ("Good\t3\nDAY\t1\n", {"case": "keep"}, {"Good": 3, "DAY": 1}, None),
        ("Straße\t3\n", {"case": "fold"}, {"strasse": 3}, None),
    ],
)
def test_formats(tmp_path, text, options, scores, centre):
    found = load_lexicon(write(tmp_path, text), **options)
    assert found.scores == scores
    assert found.centre == centre
    assert found.name == "lexicon"


def test_compressed_files_and_spreads(tmp_path):
    found = load_lexicon(write(tmp_path, LABMT, "hedonometer.tsv.gz"))
    assert found.sd == {"laughter": 0.9313, "terrorist": 0.9091}
    assert (found.name, len(found)) == ("hedonometer", 2)
    assert load_lexicon(write(tmp_path, "a\t1\t0.5\nb\t2\t\n")).sd == {"a": 0.5}


def test_words_that_fall_together_get_their_mean(tmp_path):
    path = write(tmp_path, "Good\t4\t1.0\ngood\t2\t0.5\nbad\t1\t1\nbad\t1\t1\n")
    with pytest.warns(LexiconWarning, match="1 words have several scores, their mean is used \\('good'\\)"):
        found = load_lexicon(path)
    assert found.scores == {"good": 3, "bad": 1}
    assert found.sd == {"good": 0.75, "bad": 1}
    assert load_lexicon(path, case="keep").scores == {"Good": 4, "good": 2, "bad": 1}


def test_any_mapping_is_a_lexicon():
    assert as_lexicon({"Good": 3}, case="lower").scores == {"good": 3}
    given = Lexicon(scores={"a": 1}, case="lower")
    assert as_lexicon(given, case="lower") is given
    assert given.cased("fold").case == "fold"
    assert as_lexicon({(1, 2): 3}, case="fold").scores == {(1, 2): 3}


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".json"])
def test_saved_lexicons_come_back(tmp_path, suffix):
    given = Lexicon(
        scores={"déjà, vu": 0.1 + 0.2, "b": 1 / 3}, sd={"b": 2 / 3}, name="mine", centre=0.5, case="lower"
    )
    path = save_lexicon(given, tmp_path / f"mine{suffix}")
    found = load_lexicon(path)
    assert (found.scores, found.sd, found.name) == (given.scores, given.sd, "mine")
    assert found.centre == (0.5 if suffix == ".json" else None)
    assert (
        save_lexicon(found, tmp_path / f"again{suffix}").read_bytes() == path.read_bytes()
        or suffix == ".json"
    )


def test_tabs_in_words_are_not_written(tmp_path):
    given = Lexicon(scores={"a\tb": 1})
    with pytest.raises(WordShiftError, match="holds a tab"):
        save_lexicon(given, tmp_path / "mine.tsv")
    assert not (tmp_path / "mine.tsv").exists()
    assert load_lexicon(save_lexicon(given, tmp_path / "mine.json")).scores == {"a\tb": 1}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "lexicon.tsv is empty"),
        ("good\nbad\n", {}, "has one column"),
        ("good\t3\nbad\tx\n", {}, "the score of 'bad' is 'x': a number is needed"),
        ("good\t3\nbad\tnan\n", {}, "the score of 'bad' is nan: scores are finite"),
        ("good\t3\nbad\n", {}, "the line 'bad' lacks a score"),
        ("good\tNA\n", {"missing_values": "drop"}, "has one column|no words with scores|has several"),
        (VAD, {}, "has several: choose a column: it has valence, arousal, dominance"),
        (VAD, {"column": "joy"}, "has no column 'joy': it has valence"),
        (LONG, {}, "choose a column: it has anger, joy"),
        ("word\tdecade\tscore\na\t1850\t1\n", {"decade": 1900}, "has no decade '1900': it has 1850"),
        ("word\tdecade\tscore\na\t1850\t1\n", {}, "choose a decade"),
        ("{", {}, "is no JSON"),
        ('{"a": "3"}', {}, "the score of 'a' is '3'"),
        ("a\t1\n", {"case": "upper"}, "case 'upper': accepted are keep, lower, fold"),
        ("a\t1\n", {"missing_values": "keep"}, "missing_values 'keep'"),
    ],
)
def test_files_that_are_no_lexicons(tmp_path, text, options, message):
    with pytest.raises(WordShiftError, match=message) as caught:
        load_lexicon(write(tmp_path, text), **options)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_bytes(b"caf\xe9\t1\n")
    with pytest.raises(WordShiftError, match="not UTF-8: byte 3 is wrong"):
        load_lexicon(path)
    path.write_bytes(b"\x1f\x8b broken")
    with pytest.raises(WordShiftError, match=r"cannot read lexicon\.tsv"):
        load_lexicon(path)


def test_unknown_names_get_the_nearest():
    with pytest.raises(WordShiftError, match="no lexicon 'labmt_english_': nearest names labMT_English"):
        load_lexicon("labmt_english_")
    with pytest.raises(WordShiftError, match=r"no lexicon 'qqq': here are .*VADER"):
        load_lexicon("qqq")


@pytest.mark.parametrize("wrong", [5, ["a"], {"a": "1"}, {"a": None}, {"a": float("inf")}])
def test_what_is_no_lexicon_is_refused(wrong):
    with pytest.raises(WordShiftError):
        as_lexicon(wrong)


def test_vader_ships():
    found = load_lexicon("vader")
    assert (found.name, found.centre) == ("VADER", 0.0)
    assert found.scores["love"] == 3.2
    assert found.sd["love"] == 0.4
    assert len(load_lexicon("VADER", case="keep")) == 7506
    info = {item.name: item for item in lexicons()}["VADER"]
    assert info.shipped
    assert "MIT" in info.licence


def test_without_a_data_folder_only_what_ships_is_listed(tmp_path, monkeypatch):
    monkeypatch.setattr("hotpapers.wordshift.lexicon.shelf.data_folders", lambda: iter([tmp_path]))
    monkeypatch.setattr("hotpapers.common.datasets.data_folders", lambda: iter([tmp_path]))
    assert [item.name for item in lexicons()] == ["VADER"]
    with pytest.raises(UnavailableError, match=r"labMT_English\.tsv\.gz of data set 'wordshift' is not here"):
        load_lexicon("labMT_English")


def test_lexicons_of_the_data_folder(shared_data):
    names = [item.name for item in lexicons()]
    assert {"VADER", "labMT_English", "SocialSent-historical_1850"} <= set(names)
    assert names == sorted(names)
    labmt = load_lexicon("labMT_English")
    assert (len(labmt), labmt.centre, labmt.scores["laughter"]) == (10222, 5.0, 8.5)
    decade = load_lexicon("SocialSent-historical_2000")
    assert (len(decade), decade.centre) == (4924, 0.0)


def test_json_without_scores_of_numbers(tmp_path):
    path = write(tmp_path, json.dumps({"scores": {"a": 1, "b": None}, "name": "x", "centre": 2}), "x.json")
    with pytest.raises(WordShiftError, match="the score of 'b' is nan"):
        load_lexicon(path)
    found = load_lexicon(path, missing_values="drop")
    assert (found.scores, found.name, found.centre) == ({"a": 1}, "x", 2)
