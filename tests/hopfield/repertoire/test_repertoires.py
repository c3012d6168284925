"""Repertoires from strings and files, the classifier, and its commands."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pandas")
from typer.testing import CliRunner  # noqa: E402

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier  # noqa: E402
from hotpapers.hopfield.repertoire.reading import read_cohort, read_repertoire  # noqa: E402
from hotpapers.hopfield.repertoire.sequences import repertoire_of  # noqa: E402
from hotpapers.hopfield.repertoire.synthetic import implanted  # noqa: E402

QUICK = {"max_epochs": 2, "warm_up": 1, "random_state": 0}


def test_letters_outside_the_twenty() -> None:
    made = repertoire_of(["cassf", "CAXBF", "CA*F", "", None, " CAF ", "CA_F", "CA-F", "ÄCA", "CZUOJF"])
    assert made.kept.tolist() == [0, 1, 5, 9]
    assert [made.sequence(i) for i in range(4)] == ["CASSF", "CAXXF", "CAF", "CXXXXF"]
    assert (len(made), made.given) == (4, 10)
    assert made.offsets.tolist() == [0, 5, 10, 13, 19]


def test_counts_are_checked() -> None:
    made = repertoire_of(["CAF", "CSF", "CTF"], [2, np.nan, 0])
    assert made.counts.tolist() == [2, 1]  # missing is one, none is none
    with pytest.raises(HopfieldError, match="count -1 in row 2"):
        repertoire_of(["CAF", "CSF"], [1, -1])
    with pytest.raises(HopfieldError, match="2 sequences and 1 counts"):
        repertoire_of(["CAF", "CSF"], [1])
    with pytest.raises(HopfieldError, match="'me' has no usable sequence among 2"):
        repertoire_of(["*", ""], name="me")


def test_both_formats_are_read(tmp_path) -> None:
    (tmp_path / "a.tsv").write_text("amino_acid\ttemplates\tv\nCASSF\t3\tx\nNA\t1\tx\n\t1\tx\nC*F\t1\tx\n")
    found = read_repertoire(tmp_path / "a.tsv")
    assert (found.name, found.counts.tolist(), found.given) == ("a", [3.0], 4)
    with gzip.open(tmp_path / "b.tsv.gz", "wt") as stream:
        stream.write(
            "sequence_id\tjunction_aa\tduplicate_count\tproductive\n1\tCAF\t2\tT\n2\tCSF\t\tT\n3\tCTF\t1\tF\n"
        )
    found = read_repertoire(tmp_path / "b.tsv.gz")
    assert (found.name, found.counts.tolist(), found.sequence(1)) == ("b", [2.0, 1.0], "CSF")
    (tmp_path / "c.tsv").write_text("junction_aa\nCAF\n")
    assert read_repertoire(tmp_path / "c.tsv").counts.tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cdr3\nCAF\n", "neither a column 'amino_acid' nor 'junction_aa': it has 'cdr3'"),
        ("amino_acid\ttemplates\nCAF\tmany\n", "column 'templates': 'many' is no number"),
        ("amino_acid\n*\n", "no usable sequence"),
        ("", "no table with tabs"),
    ],
)
def test_files_that_can_not_be_used_are_refused_in_one_line(tmp_path, text, message) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_repertoire(path)
    assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="cannot read"):
        read_repertoire(tmp_path / "none.tsv")


def test_a_cohort_is_complete_or_says_what_is_missing(tmp_path) -> None:
    table = tmp_path / "metadata.tsv"
    table.write_text("ID\tlabel\nann\tyes\nbob\tno\n")
    (tmp_path / "repertoires").mkdir()
    (tmp_path / "repertoires" / "ann.tsv").write_text("amino_acid\nCAF\n")
    with pytest.raises(InputError, match=r"no file for repertoire 'bob': looked for bob\.tsv"):
        read_cohort(table)
    (tmp_path / "bob").write_text("amino_acid\nCSF\nCTF\n")
    found = read_cohort(table)
    assert [len(one) for one in found.repertoires] == [1, 2]
    assert found.labels.tolist() == ["yes", "no"]
    with pytest.raises(InputError, match="no column 'cmv'"):
        read_cohort(table, label="cmv")
    table.write_text("ID\tlabel\nann\tyes\nann\tno\n")
    with pytest.raises(InputError, match="'ann' stands there twice"):
        read_cohort(table)
    table.write_text("ID\tlabel\nann\t\n")
    with pytest.raises(InputError, match="column 'label' is empty in row 1"):
        read_cohort(table)


def test_implanted_bags_hold_the_motif_where_they_should() -> None:
    bags, labels = implanted(6, 300, share=0.02, seed=1)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    for bag, label in zip(bags, labels, strict=True):
        texts = [bag.sequence(i) for i in range(len(bag))]
        assert all(text[0] == "C" and text[-1] == "F" and 10 <= len(text) <= 20 for text in texts)
        hits = sum("SFEN" in text for text in texts)
        assert hits == 6 if label else hits <= 1
    again, _ = implanted(6, 300, share=0.02, seed=1)
    assert all((a.codes == b.codes).all() for a, b in zip(bags, again, strict=True))


def test_the_classifier_is_seeded_saved_and_loaded(tmp_path) -> None:
    bags, labels = implanted(12, 30)
    y = np.where(labels, "sick", "well")
    model = DeepRCClassifier(**QUICK).fit(bags, y)
    wanted = model.predict_proba(bags)
    assert (DeepRCClassifier(**QUICK).fit(bags, y).predict_proba(bags) == wanted).all()
    assert model.classes_.tolist() == ["sick", "well"]
    model.save(tmp_path / "model")
    found = DeepRCClassifier.load(tmp_path / "model")
    assert (found.predict_proba(bags) == wanted).all()
    assert found.predict(bags).tolist() == model.predict(bags).tolist()
    record = json.loads((tmp_path / "model" / "model.json").read_text())
    (tmp_path / "model" / "model.json").write_text(json.dumps({**record, "format_version": 9}))
    with pytest.raises(HopfieldError, match="format version 9"):
        DeepRCClassifier.load(tmp_path / "model")


def test_strings_are_as_good_as_repertoires_and_order_does_not_matter() -> None:
    bags, labels = implanted(12, 30)
    texts = [[bag.sequence(i) for i in range(len(bag))] for bag in bags]
    model = DeepRCClassifier(**QUICK).fit(texts, labels)
    wanted = model.predict_proba(bags)
    assert (model.predict_proba([(one, np.ones(30)) for one in texts]) == wanted).all()
    assert model.predict_proba([one[::-1] for one in texts]) == pytest.approx(wanted, abs=1e-6)
    top = model.top_sequences(bags[:2], 3)
    assert top["sequence"].tolist() == [
        texts[int(b[3:])][r] for b, r in zip(top["repertoire"], top["row"], strict=True)
    ]


def test_what_is_no_cohort_is_refused() -> None:
    bags, labels = implanted(4, 10)
    with pytest.raises(HopfieldError, match="two classes"):
        DeepRCClassifier().fit(bags, 0 * labels)
    with pytest.raises(HopfieldError, match="one label for each of 4"):
        DeepRCClassifier().fit(bags, labels[:3])
    with pytest.raises(HopfieldError, match="a list of sequences"):
        DeepRCClassifier().fit(["CAF", "CSF"], [0, 1])
    with pytest.raises(HopfieldError, match="fraction must lie"):
        DeepRCClassifier(fraction=0).fit(bags, labels)


def call(*words: object) -> str:
    found = CliRunner().invoke(app, ["repertoire", *map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_from_made_up_files_to_predictions(tmp_path) -> None:
    call("synthetic", tmp_path / "data", "--bags", 12, "--sequences", 20)
    table = tmp_path / "data" / "metadata.tsv"
    said = json.loads(call("fit", table, "-o", tmp_path / "m", "--epochs", 1, "--hold-out", 0.34, "--json"))
    assert (said["repertoires"], said["sequences"], said["classes"]) == (7, 140, "negative, positive")
    assert "(5 repertoires)" in said["auc_of_held_out"]
    top = tmp_path / "top.csv"
    found = json.loads(call("predict", tmp_path / "m", table, "--attention", top, "--top", 2, "--json"))
    assert [one["repertoire"] for one in found] == [f"bag{i:04d}" for i in range(12)]
    assert len(top.read_text().splitlines()) == 1 + 12 * 2


@pytest.mark.slow
def test_a_motif_in_one_percent_of_sequences_is_found() -> None:
    """Held-out bags: area at least .95, and the motif in the sequences of most attention."""
    from sklearn.metrics import roc_auc_score

    bags, labels = implanted(200, 2000, seed=3)
    order = np.random.default_rng(0).permutation(200)
    learned, tested = order[:140], order[140:]
    model = DeepRCClassifier(random_state=0).fit([bags[i] for i in learned], labels[learned])
    judged = [bags[i] for i in tested]
    assert roc_auc_score(labels[tested], model.predict_proba(judged)[:, 1]) >= 0.95
    top = model.top_sequences([bag for bag, label in zip(judged, labels[tested], strict=True) if label], 5)
    assert top["sequence"].str.contains("SFEN").mean() > 0.8
