"""The doors of the room: its face, its demo's card, its claims, its weights."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

import soundfile

from hotpapers import denoise as face
from hotpapers.common.claims import check_claims
from hotpapers.common.errors import UnavailableError
from hotpapers.common.papers import find_paper, load
from hotpapers.denoise import weights as weights_module
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.example_music import prelude
from hotpapers.denoise.weights import find_weights, load_net, read_card


@pytest.fixture
def shipped(monkeypatch, weights):
    """The weights that ship; where they are not in this checkout, random ones in their place."""
    try:
        return find_weights("small")
    except DenoiseError:
        from denoise.worn import save_random_net

        folder = weights_module.Path(weights).parent
        save_random_net(folder / "small.safetensors")
        monkeypatch.setattr(weights_module, "_SHIPPED", folder)
        return find_weights("small")


def test_every_name_of_the_face_is_there():
    assert [name for name in face.__all__ if not getattr(face, name).__doc__] == []
    with pytest.raises(AttributeError, match="no attribute 'clean'"):
        _ = face.clean


def test_the_face_loads_nothing_heavy():
    doors = ", ".join(f"hotpapers.denoise.{door}" for door in ("cli", "paper", "claims", "demo"))
    code = f"import sys, {doors}\n"
    code += "print([name for name in ('torch', 'numpy', 'scipy', 'soundfile') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_the_weights_that_ship_are_small_and_have_a_card():
    try:
        path = find_weights("small")
    except DenoiseError:
        pytest.skip("this checkout holds no trained weights")
    assert path.stat().st_size <= 5_000_000
    card = read_card(path)
    assert {"data", "seed", "steps", "validation"} <= set(card)
    assert card["validation"]["gain"] >= 6.8
    assert load_net(path).settings == card["settings"]


@pytest.mark.usefixtures("shipped")
def test_the_demo_leaves_sound_page_and_picture(tmp_path):
    card = load(find_paper("denoise").demo)(tmp_path)
    assert card.picture.read_bytes()[:4] == b"\x89PNG"
    assert "A worn 78, restored" in card.page.read_text(encoding="utf-8")
    sound, sr = soundfile.read(card.sound)
    assert (len(sound), sr) == (20 * 44_100, 44_100)
    assert set(card.facts) == {"music over noise and distortion", "noise before the music"}
    assert card.facts["music over noise and distortion"].startswith("6.0 →")


def test_the_prelude_is_in_tune_and_the_same_each_time():
    import numpy as np

    x = prelude(3.0)
    assert np.array_equal(x, prelude(3.0))
    assert not np.array_equal(x, prelude(3.0, seed=1))
    assert np.abs(x).max() == pytest.approx(0.5)
    spectrum = np.abs(np.fft.rfft(x[:44_100]))  # bins of 1 Hz; the first bar: C E G C E
    loud = {262, 330, 392, 523, 659}
    found = {tone for tone in loud if spectrum[tone - 3 : tone + 4].max() > 20 * np.median(spectrum[200:800])}
    assert found == loud


def test_claims_that_nothing_can_check_say_so():
    claims = {claim.id: claim for claim in load(find_paper("denoise").claims)}
    assert list(claims) == ["D1", "D2", "D3", "D4", "D5", "D6"]
    assert [name for name, claim in claims.items() if claim.tier == "full"] == ["D4", "D5", "D6"]
    with pytest.raises(UnavailableError, match="needs listeners"):
        claims["D5"].check()


@pytest.mark.slow
def test_claims_are_measured_or_were_not_checked():
    verdicts = {result.id: result.verdict for result in check_claims(find_paper("denoise"))}
    assert {verdicts[name] for name in ("D4", "D5", "D6")} == {"not checked"}
    assert verdicts["D1"] == "holds"
