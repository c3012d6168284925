"""Tokens: golden tables of eleven languages, and every option on text where it decides something."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from hotpapers.common.errors import MissingExtraError
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.patterns import stays_in_chunks
from hotpapers.wordshift.text.tokens import Tokenizer, unsegmented_share


def table_hash(counter: Counter) -> str:
    return hashlib.sha256(
        "".join(f"{word}\t{counter[word]}\n" for word in sorted(counter)).encode()
    ).hexdigest()


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        yield from stream


def test_eleven_languages_give_the_golden_tables(shared_data):
    folder = shared_data / "wordshift"
    golden = json.loads((folder / "golden_tokenise.json").read_text())
    texts = [json.loads(line) for line in lines(folder / "udhr_tokenise.jsonl.gz")]
    assert {text["lang"] for text in texts} == set(golden)
    for text in texts:
        table = Counter(Tokenizer().tokenize(text["text"]))
        expected = golden[text["lang"]]
        assert (table.total(), len(table)) == (expected["tokens"], expected["types"]), text["lang"]
        assert table_hash(table) == expected["sha256"], text["lang"]


@pytest.mark.parametrize(("name", "president"), [("lbj", "Johnson"), ("gwb", "GWBush")])
def test_state_of_the_union_gives_the_golden_tables(shared_data, name, president):
    folder = shared_data / "wordshift"
    golden = json.loads(gzip.decompress((folder / "golden.json.gz").read_bytes()))["count_tables"][name]
    table: Counter = Counter()
    for line in lines(folder / "state_union.jsonl.gz"):
        speech = json.loads(line)
        if speech["president"] == president:
            table.update(Tokenizer().tokenize(speech["text"]))
    assert (table.total(), len(table)) == (golden["tokens"], golden["types"])
    assert table_hash(table) == golden["sha256_of_tsv"]


def test_the_halves_of_moby_dick_give_the_golden_tables(shared_data):
    folder = shared_data / "wordshift"
    golden = json.loads(gzip.decompress((folder / "golden.json.gz").read_bytes()))["count_tables"]
    heading = re.compile(r"^(CHAPTER \d+\. .*|Epilogue.*)$")
    text = "".join(
        line for line in lines(folder / "moby_dick.txt.gz") if not heading.match(line.rstrip("\r\n"))
    )
    words = Tokenizer().tokenize(text)
    assert (len(words), len(set(words))) == (211_873, 17_128)
    assert table_hash(Counter(words[:105_936])) == golden["moby_first_half"]["sha256_of_tsv"]
    assert table_hash(Counter(words[105_936:])) == golden["moby_second_half"]["sha256_of_tsv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t  can't 'quoted' rock'n'roll", ["don't", "can't", "quoted", "rock'n'roll"]),
        ("मानव अधिकार", ["मानव", "अधिकार"]),  # vowel signs are combining marks
        ("x² 3.14 a_b co-op", ["x²", "3", "14", "a", "b", "co", "op"]),
        ("ΟΔΟΣ ΟΔΟΣΑ", ["οδος", "οδοσα"]),  # a sigma that ends a word looks different
        ("a\u200db", ["a", "b"]),  # a zero-width joiner is no letter
        ("— … !", []),
        ("", []),
    ],
)
def test_default_pattern(text, words):
    assert Tokenizer().tokenize(text) == words


def test_case_is_lowered_folded_or_kept():
    assert Tokenizer(case="lower").tokenize("Straße İ") == ["straße", "i̇"]
    assert Tokenizer(case="fold").tokenize("Straße") == ["strasse"]
    assert Tokenizer(case="keep").tokenize("Straße") == ["Straße"]


def test_social_posts():
    post = "RT @Bob_1: see https://x.org/a?b=1). #NLP ♥️ 👩🏽‍🚀🇩🇪 mail a@b.com"
    assert Tokenizer(urls="keep", mentions="keep", hashtags="keep", emoji=True).tokenize(post) == [
        "rt", "@bob_1", "see", "https://x.org/a?b=1", "#nlp", "♥️", "👩🏽‍🚀", "🇩🇪", "mail", "a", "b", "com",
    ]  # fmt: skip
    assert Tokenizer(urls="mark", mentions="mark", hashtags="drop").tokenize(post) == [
        "rt", "<mention>", "see", "<url>", "mail", "a", "b", "com",
    ]  # fmt: skip
    assert "bob" in Tokenizer().tokenize("@bob")


def test_other_kinds():
    assert Tokenizer(kind="chars").tokenize("नमस्ते, g̈!") == ["न", "म", "स्ते", "g̈"]
    assert Tokenizer(kind="chars", keep_punct=True).tokenize("a b!") == ["a", "b", "!"]
    assert Tokenizer(kind="whitespace").tokenize("It’s\u00a0so; so\n") == ["it's", "so;", "so"]
    assert Tokenizer(keep_punct=True).tokenize("Why?! No.") == ["why", "?", "!", "no", "."]
    assert Tokenizer(pattern=r"[a-z]+(-)?").tokenize("a-b c") == ["a-", "b", "c"]


@pytest.mark.parametrize(("kind", "text", "words"), [
    ("jieba", "我来到北京清华大学。", ["我", "来到", "北京", "清华大学"]),
    ("uniseg", "Don't stop, 3.14!", ["don't", "stop", "3.14"]),
    ("spacy", "Don't stop!", ["do", "n't", "stop"]),
])  # fmt: skip
def test_segmenters(kind, text, words):
    pytest.importorskip(kind)
    assert Tokenizer(kind=kind).tokenize(text) == words


def test_a_segmenter_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jieba", None)
    from hotpapers.wordshift.text.segmenters import segmenter

    segmenter.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install jieba"):
        Tokenizer(kind="jieba").tokenize("北京")
    segmenter.cache_clear()


def test_ngrams_stay_inside_sentences_and_lines():
    text = "One two. Three\nfour five"
    assert Tokenizer(ngrams="2").tokenize(text) == ["one two", "four five"]
    assert Tokenizer(ngrams="2", bounds="sentence").tokenize(text) == ["one two", "three four", "four five"]
    assert Tokenizer(ngrams="1-2").tokenize("a b c") == ["a", "b", "c", "a b", "b c"]
    assert Tokenizer(ngrams="2").tokenize("甲 乙。丙 丁") == ["甲 乙", "丙 丁"]


def test_the_longest_phrase_wins():
    tokenizer = Tokenizer(phrases=("New York", "New York City", "city hall"))
    assert tokenizer.tokenize("New York City Hall, New York") == ["new york city", "hall", "new york"]
    assert Tokenizer(phrases=("new york",), ngrams="2").tokenize("in New York now") == [
        "in new york",
        "new york now",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "nltk"}, "kind 'nltk': accepted are regex"),
        ({"case": "upper"}, "case 'upper'"),
        ({"ngrams": "3-1"}, "ngrams '3-1'"),
        ({"ngrams": "x"}, "a range such as 1-3"),
        ({"pattern": "["}, r"pattern '\['"),
        ({"pattern": "a", "emoji": True}, "a pattern says itself"),
        ({"pattern": "a", "kind": "chars"}, "goes with kind 'regex'"),
        ({"phrases": "new york"}, "give a list of phrases"),
        ({"bounds": "page"}, "bounds 'page'"),
    ],
)
def test_options_that_are_none(options, message):
    with pytest.raises(WordShiftError, match=message):
        Tokenizer(**options)


def test_fingerprint_tells_configurations_apart():
    configurations = [
        {},
        {"case": "keep"},
        {"ngrams": "2"},
        {"phrases": ("a b",)},
        {"emoji": True},
        {"pattern": "a"},
    ]
    assert len({Tokenizer(**one).fingerprint for one in configurations}) == len(configurations)
    assert Tokenizer().fingerprint == Tokenizer(case="lower").fingerprint


def test_share_of_letters_that_need_a_segmenter():
    assert unsegmented_share(["人人", "ab"], [1, 1]) == 0.5
    assert unsegmented_share(["ภาษา"], [3]) == 1.0
    assert unsegmented_share(["word", "слово"], [1, 1]) == 0.0
    assert unsegmented_share(["人人", "été", "ab"], [2, 1, 1]) == 4 / 9
    assert unsegmented_share(["༣"], [1]) == 0.0  # of such a script, but a digit
    assert unsegmented_share([], []) == 0.0


UNSAFE = [
    r"a.b",
    r"^a",
    r"a$",
    r"[^a]+",
    r"a b",
    r"\D+",
    r"\w+(?!\s)",
    r"(?x)a",
    r"\R",
    r"[\x00-\x7f]+",
    r"\P{L}+",
]


@pytest.mark.parametrize("pattern", UNSAFE)
def test_patterns_that_may_see_white_space_are_not_applied_to_chunks(pattern):
    assert not stays_in_chunks(pattern)


SAFE = [
    r"\w+",
    r"\S+",
    r"[^\s,]+",
    r"\b[a-z]{2,}\b",
    r"(?:\p{L}|\d)+(?=x)",
    r"(?<!a)b+",
    r"\p{L}+(?:[-'’]\p{L}+)*",
]


@given(text=st.text(), pattern=st.sampled_from(SAFE))
def test_patterns_called_safe_match_the_same_in_chunks(text, pattern):
    assert stays_in_chunks(pattern)
    compiled = regex.compile(pattern)
    chunks = re.split("[ \t\n\v\f\r]", text)
    assert [hit for chunk in chunks for hit in compiled.findall(chunk)] == compiled.findall(text)


TOKENIZERS = [
    Tokenizer(),
    Tokenizer(case="fold", keep_punct=True),
    Tokenizer(case="keep", emoji=True, urls="mark", mentions="drop", hashtags="keep"),
    Tokenizer(kind="chars"),
    Tokenizer(kind="whitespace"),
    Tokenizer(pattern=r"\S+"),
]


@given(text=st.text(), tokenizer=st.sampled_from(TOKENIZERS))
def test_chunks_alone_give_the_tokens_of_the_whole_text(text, tokenizer):
    chunks = re.split("[ \t\n\v\f\r]", text)
    flat, lengths = tokenizer.words_of(chunks)
    assert flat == tokenizer.words(text)
    assert lengths == [len(tokenizer.words(chunk)) for chunk in chunks]


@given(text=st.text(), tokenizer=st.sampled_from(TOKENIZERS))
def test_spans_point_at_the_words(text, tokenizer):
    spans = tokenizer.spans(text)
    assert [token for token, _, _ in spans] == tokenizer.words(text)
    for (_, _, end), (_, start, _) in pairwise(spans):
        assert end <= start + 1  # one letter that case makes several may end one token and begin the next
    assert Tokenizer().spans("İx, Don’t") == [("i̇x", 0, 2), ("don't", 4, 9)]
