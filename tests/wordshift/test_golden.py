"""All golden cases of the data set: every number to 1e-9, the largest contributions in exact order."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest

from hotpapers.common.datasets import data_file
from hotpapers.common.errors import UnavailableError
from hotpapers.wordshift import compat
from hotpapers.wordshift.counts import align, as_counts
from hotpapers.wordshift.data import WORDSHIFT
from hotpapers.wordshift.lexicon.lexicons import load_lexicon
from hotpapers.wordshift.measures import shift

CASES = 72
NUMBERS = {"rel": 1e-9, "abs": 1e-12}
PARTS = ("score", "p_diff", "s_diff", "p_avg", "s_ref_diff")
MEASURES = {
    "ProportionShift": "proportion",
    "EntropyShift": "entropy",
    "KLDivergenceShift": "kld",
    "JSDivergenceShift": "jsd",
    "WeightedAvgShift": "sentiment",
}
OPTIONS = {
    "stop_lens": "stop_lenses",
    "handle_missing_scores": "missing",
    "reference_value": "reference",
    "type2score_1": "lexicon",
    "type2score_2": "lexicon_2",
}


def opened(name):
    try:
        return gzip.open(data_file(WORDSHIFT, name), "rt", encoding="utf-8", newline="\n")
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def golden():
    with opened("golden.json.gz") as stream:
        return json.load(stream)["cases"]


@pytest.fixture(scope="module")
def texts():
    found = {}
    for name in ("lbj", "gwb", "moby_first_half", "moby_second_half"):
        with opened(f"counts_{name}.tsv.gz") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines]
        found[name] = as_counts({word: int(count) for word, count in rows}, name=name)
    return found


@pytest.fixture(scope="module")
def scores():
    return {}


# A lens from 4 to 6 leaves a fifth of a text.
pytestmark = pytest.mark.filterwarnings("ignore::hotpapers.wordshift.filters.CoverageWarning")


def options_of(case, scores):
    """The case's arguments as options of `shift`."""
    found = {OPTIONS.get(name, name): value for name, value in case["kwargs"].items()}
    if found.pop("restrict_text2_to_types_of_text1", False):
        found["kld_missing"] = "drop"
    if "weight_1" in found:
        found["weights"] = (found.pop("weight_1"), found.pop("weight_2"))
    for name in {"lexicon", "lexicon_2"} & set(found):
        if found[name] not in scores:
            scores[found[name]] = load_lexicon(found[name])
        found[name] = scores[found[name]]
    return found


@pytest.mark.parametrize("index", range(CASES))
def test_case(index, golden, texts, scores):
    case = golden[index]
    a, b = (texts[name] for name in case["texts"])
    found = shift(a, b, measure=MEASURES[case["cls"]], **options_of(case, scores))

    assert found.difference == pytest.approx(case["diff"], **NUMBERS)
    assert found.norm == pytest.approx(case["norm"], rel=1e-9)
    assert math.fsum(np.abs(found.score)) == pytest.approx(case["sum_abs"], rel=1e-9)
    assert math.fsum(found.score**2) == pytest.approx(case["sum_sq"], rel=1e-9)
    if found.measure != "kld":
        assert len(found.types) == case.get("n_types_in_texts", case["n_types"])
    for key, value in case.get("component_sums", {}).items():
        assert found.components[key] == pytest.approx(value, **NUMBERS), key
    if "avg_1" in case:
        assert found.reference == pytest.approx(case["reference_value"], **NUMBERS)
        assert math.fsum(found.p1 * found.s1) == pytest.approx(case["avg_1"], rel=1e-9)
        assert math.fsum(found.p2 * found.s2) == pytest.approx(case["avg_2"], rel=1e-9)
    if "n_positive" in case and found.measure in {"entropy", "proportion", "tsallis", "sentiment"}:
        assert int((found.contribution > 0).sum()) == case["n_positive"]
        assert int((found.contribution < 0).sum()) == case["n_negative"]
    check_top(found, case["top"])


def check_top(found, top):
    ours = [found.types[at] for at in found.top(len(top)).tolist()]
    assert ours == [found.types[at] for at in found.order[: len(top)].tolist()]
    sizes = [abs(row["score"]) for row in top]
    for at, row in enumerate(top):
        neighbours = [sizes[near] for near in (at - 1, at + 1) if 0 <= near < len(top)]
        if at + 1 < len(top) and all(abs(sizes[at] - size) > 1e-12 for size in neighbours):
            assert ours[at] == row["type"]
    places = {label: at for at, label in enumerate(found.types)}
    for row in top:
        at = places[row["type"]]
        for part in (part for part in PARTS if part in row):
            assert getattr(found, part)[at] == pytest.approx(row[part], **NUMBERS), (row["type"], part)
        if "raw" in row:
            assert found.contribution[at] == pytest.approx(row["raw"], rel=1e-9)


def test_the_classes_of_the_reference_give_the_same(golden, texts):
    for case in golden[:36]:
        kwargs = dict(case["kwargs"])
        if kwargs.pop("restrict_text2_to_types_of_text1", False):
            kwargs["kld_missing"] = "drop"
        a, b = (texts[name].as_dict() for name in case["texts"])
        found = getattr(compat, case["cls"])(a, b, **kwargs)
        assert found.diff == pytest.approx(case["diff"], **NUMBERS), case["id"]
        assert found.norm == pytest.approx(case["norm"], rel=1e-9), case["id"]
        details = dict(zip(PARTS[1:], found.get_shift_scores(details=True), strict=False))
        for row in case["top"][:3]:
            assert found.type2shift_score[row["type"]] == pytest.approx(row["score"], **NUMBERS)
            for part in (part for part in PARTS[1:] if part in row):
                assert details[part][row["type"]] == pytest.approx(row[part], **NUMBERS)


# --- anchors: measured once, from the paper's equations -------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"measure": "entropy"}, 0.238505241042),
        ({"measure": "jsd"}, 0.168381207499),
        ({"measure": "jsd", "weights": (0.3, 0.7)}, 0.143549468945),
        ({"measure": "jsd", "weights": "pooled"}, 0.168520662703),
        ({"measure": "jsd", "base": math.e}, 0.116712959237),
        ({"measure": "jsd", "alpha": 0.5}, 12.327794063979),
        ({"measure": "jsd", "alpha": 0.8}, 0.700006091401),
        ({"measure": "jsd", "alpha": 1.5}, 2.61975508e-3),
        ({"measure": "jsd", "alpha": 2}, 1.89219334e-4),
        ({"measure": "jsd", "alpha": 3}, 5.88055381e-6),
        ({"measure": "tsallis", "alpha": 0.5}, 3.749742360420),
        ({"measure": "tsallis", "alpha": 2, "tsallis_form": "qlog", "reference": 3}, 1.758916581649e-3),
        ({"measure": "kld", "kld_missing": "drop"}, 0.423150463913),
    ],
)  # fmt: skip
def test_speeches(texts, options, expected):
    found = shift(texts["lbj"], texts["gwb"], **options)
    assert found.difference == pytest.approx(expected, rel=2e-9)


def test_norms_of_the_speeches(texts):
    a, b = texts["lbj"], texts["gwb"]
    assert shift(a, b, measure="proportion").norm == pytest.approx(0.5906062505348914, rel=1e-12)
    assert shift(a, b, measure="entropy").norm == pytest.approx(6.194749989788, rel=1e-12)
    assert shift(a, b, measure="entropy", reference="average").norm == pytest.approx(
        1.821192241052, rel=1e-12
    )


def test_halves_of_the_novel(texts):
    a, b = texts["moby_first_half"], texts["moby_second_half"]
    assert shift(a, b).difference == pytest.approx(0.106379995146, rel=1e-11)
    assert shift(a, b, measure="entropy").difference == pytest.approx(0.005606860064, rel=1e-9)


def test_sentiment_of_the_speeches(texts):
    a, b = texts["lbj"], texts["gwb"]
    plain = shift(a, b, measure="sentiment", lexicon="labMT_English")
    assert plain.reference == 5
    assert plain.difference == pytest.approx(-0.001693079238, rel=1e-9)
    lens = shift(a, b, measure="sentiment", lexicon="labMT_English", stop_lenses=[(4, 6)], reference=5)
    assert lens.norm == pytest.approx(1.135810483162, rel=1e-11)
    assert lens.averages == pytest.approx((5.9944, 5.8804), abs=5e-5)
    decades = {"lexicon": "SocialSent-historical_1960", "lexicon_2": "SocialSent-historical_2000"}
    adopted = shift(a, b, measure="sentiment", missing="adopt", **decades)
    assert adopted.difference == pytest.approx(-0.054016927163, rel=1e-10)
    assert int(adopted.adopted.sum()) == 585  # of the 1739 words that one decade lacks, those in the texts
    excluded = shift(a, b, measure="sentiment", missing="exclude", **decades)
    assert excluded.difference == pytest.approx(-0.031481951106, rel=1e-10)
    assert excluded.coverage.dropped["one score"] == 585


def test_top_40_words_hold_a_quarter_of_the_surprise(texts):
    found = shift(texts["lbj"], texts["gwb"], measure="entropy", reference="average")
    assert np.abs(found.score[found.top(40)]).sum() == pytest.approx(0.2373, abs=5e-5)


def test_counts_from_long_and_short_lists_align_alike(texts):
    a, b = texts["moby_first_half"], texts["moby_second_half"]
    union, f1, f2 = align(a, b)
    assert list(union) == sorted({*a.types, *b.types})
    first = a.as_dict()
    assert dict(zip(union, f1, strict=True)) == {word: first.get(word, 0.0) for word in union}
    assert f2.sum() == 105_937
