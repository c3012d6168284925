"""The motif of sequences of most attention, against values worked out by hand and a network that knows its motif."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from typer.testing import CliRunner  # noqa: E402

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier  # noqa: E402
from hotpapers.hopfield.repertoire.figures import draw_logo  # noqa: E402
from hotpapers.hopfield.repertoire.motifs import aligned, letter_effects, motif_of, windows_of  # noqa: E402
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS, repertoire_of  # noqa: E402
from hotpapers.hopfield.repertoire.synthetic import write_implanted  # noqa: E402


def knowing(motif: str = "SFEN") -> DeepRCClassifier:
    """A classifier whose one kernel is the motif: a sequence's score is the letters that it has of it."""
    model = DeepRCClassifier(kernels=1, attention=(), fraction=1.0, random_state=0)
    model.classes_, model.n_epochs_ = np.array(["negative", "positive"]), 0
    network = model._new_network(1.0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for place, letter in enumerate(motif):
            network.letters[4 + place, AMINO_ACIDS.index(letter), 0] = 1.0
        network.bias.fill_(0.5 - len(motif))  # above 0 for the whole motif only
        network.attention[0].weight.fill_(30.0)
        network.out.weight.fill_(4.0)
    model.network_ = network
    return model


def test_information_of_a_place_is_entropy_less_chance() -> None:
    motif = motif_of(["SA", "SA", "SC", "S-"], np.ones(4))
    correction = 19 / (2 * math.log(2) * 4)
    assert motif.information[0] == pytest.approx(math.log2(20) - correction)
    thirds = 2 / 3 * math.log2(3 / 2) + 1 / 3 * math.log2(3)
    expected = max(math.log2(20) - thirds - 19 / (2 * math.log(2) * 3), 0) * 3 / 4
    assert motif.information[1] == pytest.approx(expected)
    assert motif.frequencies[1, AMINO_ACIDS.index("A")] == pytest.approx(2 / 3)
    assert (motif.sequences, motif.effective) == (4, 4.0)


def test_weights_count_and_few_effective_sequences_tell_less() -> None:
    even, uneven = (
        motif_of(["S"] * 8 + ["A"] * 8, np.array(w)) for w in (np.ones(16), [9.0] * 8 + [1.0] * 8)
    )
    assert uneven.frequencies[0, AMINO_ACIDS.index("S")] == pytest.approx(0.9)
    assert uneven.effective == pytest.approx(80**2 / (8 * 81 + 8))
    assert even.effective == 16
    assert motif_of(["S", "S"], np.ones(2)).information[0] == 0.0  # two sequences tell nothing


def test_the_consensus_names_what_has_a_bit() -> None:
    rng = np.random.default_rng(0)
    windows = [
        "".join(rng.choice(list(AMINO_ACIDS), 2)) + "SF" + rng.choice(list(AMINO_ACIDS)) for _ in range(200)
    ]
    assert motif_of(windows, np.ones(200)).consensus == "SF"


def test_a_letters_effect_is_what_the_score_loses() -> None:
    network = knowing().network_
    bag = repertoire_of(["CASFENGGF", "CAAAF"])
    whole = network.scores(network.embed(_block(bag)))
    effects = letter_effects(network, bag)
    assert [len(effect) for effect in effects] == [9, 5]
    assert (effects[0][2:6] > 0).all()  # S F E N
    assert effects[0][[0, 1, 6, 7]] == pytest.approx(np.zeros(4))
    hidden = repertoire_of(["CAXFENGGF", "CAAAF"])
    lost = whole - network.scores(network.embed(_block(hidden)))
    assert effects[0][2] == pytest.approx(float(lost[0].detach()))


def _block(bag):
    from hotpapers.hopfield.repertoire.network import block_of

    return block_of(bag)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_windows_are_laid_on_each_other(noise) -> None:
    rng = np.random.default_rng(1)
    sequences, effects, places = [], [], []
    for _ in range(60):
        length = int(rng.integers(10, 20))
        place = int(rng.integers(0, length - 4))
        letters = rng.choice(list(AMINO_ACIDS), length)
        letters[place : place + 4] = list("SFEN")
        effect = noise * rng.random(length)
        effect[place : place + 4] += rng.random(4)  # which of the four counts most differs
        sequences.append("".join(letters))
        effects.append(effect)
        places.append(place)
    starts = aligned(sequences, effects, np.ones(60), 6)
    offsets = np.array(places) - starts
    assert (offsets == np.median(offsets)).mean() > 0.95
    assert motif_of(windows_of(sequences, starts, 6), np.ones(60)).consensus == "SFEN"


@pytest.fixture
def cohort(tmp_path):
    return write_implanted(tmp_path / "made", 12, 60, share=0.1, seed=3)


def explain(*words: object) -> str:
    found = CliRunner().invoke(app, ["repertoire", "explain", *map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.stdout


def test_the_motif_of_a_cohort_and_its_logo(cohort, tmp_path) -> None:
    knowing().save(tmp_path / "model")
    said = json.loads(explain(tmp_path / "model", cohort, "--top", 6, "--json", "-o", tmp_path / "logo.svg"))
    assert said["consensus"] == "SFEN"
    assert said["sequences"] == 36  # 6 of each of 6 positive repertoires
    bits = [place["bits"] for place in said["places"]]
    assert len(bits) == 8
    assert sum(value > 3 for value in bits) == 4
    root = ET.parse(tmp_path / "logo.svg").getroot()
    words = " ".join("".join(root.itertext()).split())
    for word in (
        "information in bits",
        "place in the motif",
        "36 sequences of most attention",
        "hydrophobic",
    ):
        assert word in words
    drawn = [group.get("id") for group in root.iter() if (group.get("id") or "").startswith("letter-")]
    assert {"letter-S", "letter-F", "letter-E", "letter-N"} <= set(drawn)
    lines = explain(tmp_path / "model", cohort, "--top", 6).splitlines()
    assert lines[0] == "SFEN, from 36 sequences"
    assert len(lines) == 9


def test_letters_are_as_high_as_their_share_of_the_information(tmp_path, monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(
        "hotpapers.hopfield.repertoire.figures._letter", lambda panel, *what: drawn.append(what)
    )
    motif = motif_of(["S"] * 75 + ["A"] * 25, np.ones(100))
    draw_logo(motif, tmp_path / "logo.png", "title")
    bits = float(motif.information[0])
    assert [(letter, place) for letter, place, *_ in drawn] == [("A", 1), ("S", 1)]  # the commonest on top
    assert [base for _, _, base, _ in drawn] == pytest.approx([0.0, bits / 4])
    assert [height for *_, height in drawn] == pytest.approx([bits / 4, 3 * bits / 4])


def test_what_cannot_be_explained_is_refused(cohort, tmp_path) -> None:
    knowing("WWWW").save(tmp_path / "blind")
    with pytest.raises(HopfieldError, match="no repertoire is judged to be positive"):
        explain(tmp_path / "blind", cohort)
    knowing().save(tmp_path / "model")
    with pytest.raises(HopfieldError, match="width must be 1 to 30 letters: got 0"):
        explain(tmp_path / "model", cohort, "--width", 0)
    with pytest.raises(HopfieldError, match="--top must be at least 1"):
        explain(tmp_path / "model", cohort, "--top", 0)
    with pytest.raises(InputError, match=r"\.svg, \.png or \.pdf"):
        explain(tmp_path / "model", cohort, "-o", tmp_path / "logo.txt")
