"""Pages and pictures of a restoration, the index of a folder, and the comparison of two files."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")

from denoise.worn import worn

from hotpapers.cli import main
from hotpapers.denoise import DenoiseError, denoise_file
from hotpapers.denoise.batch_index import IndexRow, write_index
from hotpapers.denoise.comparing import compare
from hotpapers.denoise.removed_energy import EnergyBySecond
from hotpapers.denoise.report import excerpt_start

SR = 44_100


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "old 78.flac"
    soundfile.write(path, worn(4.0), SR)
    return path


def sounds_of(page) -> dict[str, np.ndarray]:
    """The three sounds of a listening page."""
    text = page.read_text(encoding="utf-8")
    data = json.loads(
        re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL).group(1)
    )
    return {
        name: soundfile.read(io.BytesIO(base64.b64decode(sound)), dtype="float32")[0]
        for name, sound in data["sounds"].items()
    }


def call(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["denoise", *map(str, words)])
    printed = capsys.readouterr()
    return ended.value.code or 0, printed.out, printed.err


def test_the_page_holds_what_was_heard_and_what_was_measured(tmp_path, recording):
    page, picture = tmp_path / "r.html", tmp_path / "r.png"
    denoise_file(recording, tmp_path / "c.flac", engine="dsp", report=page, picture=picture)
    sounds = sounds_of(page)
    before, after = (soundfile.read(path, dtype="float32")[0] for path in (recording, tmp_path / "c.flac"))
    np.testing.assert_allclose(sounds["before"], before, atol=1e-4)
    np.testing.assert_allclose(sounds["after"], after, atol=1e-4)
    np.testing.assert_allclose(sounds["removed"], before - after, atol=1e-4)
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.read_text(encoding="utf-8")))
    assert facts["length"] == "0:04.000"
    noise_db = 20 * np.log10(0.012)
    assert float(facts["noise"].split()[0]) == pytest.approx(noise_db, abs=1)
    low, high = re.findall(r"-[\d.]+", facts["quietest tenth, 1 to 8 kHz"])
    assert float(low) - float(high) > 10
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_part_of_a_recording_is_shown_from_where_it_is(tmp_path, recording):
    page = tmp_path / "r.html"
    denoise_file(recording, tmp_path / "c.wav", engine="dsp", report=page, start=1.5, end=3.0)
    sounds = sounds_of(page)
    before = soundfile.read(recording, start=66_150, frames=66_150, dtype="float32")[0]
    np.testing.assert_allclose(sounds["before"], before, atol=1e-4)
    assert "from 1.5 s on" in page.read_text(encoding="utf-8")


def test_the_excerpt_is_where_most_was_removed():
    removed = np.ones(200)
    removed[[90, 120]] = 50
    start = excerpt_start(removed)
    assert start <= 90
    assert start + 60 > 120
    assert excerpt_start([3.0] * 60) == 0
    energy = EnergyBySecond(100)
    block = np.random.default_rng(0).normal(size=(1050, 2))
    for at in (0, 30, 500, 1049):
        energy.add(block[at : {0: 30, 30: 500, 500: 1049, 1049: 1050}[at]])
    expected = [np.sum(block[at : at + 100] ** 2) for at in range(0, 1050, 100)]
    np.testing.assert_allclose(energy.seconds, expected)


def test_a_folder_gets_pages_and_an_index(tmp_path, capsys):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    quiet, loud = worn(2.0), worn(2.0, lead_in=1.0)
    soundfile.write(tmp_path / "in" / "a & b.wav", 0.1 * np.sign(quiet) * np.minimum(np.abs(quiet), 0.02), SR)
    soundfile.write(tmp_path / "in" / "sub" / "x.wav", loud, SR)
    words = [
        "restore",
        tmp_path / "in",
        "-o",
        tmp_path / "out",
        "--engine",
        "dsp",
        "--report",
        tmp_path / "r",
    ]
    assert call(capsys, *words)[0] == 0
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page)
    assert {name for _, name in links} == {"a &amp; b.wav", "sub/x.wav"}
    assert (tmp_path / "r" / "sub" / "x.wav.html").is_file()
    # A page that is gone is made again, and the index keeps all.
    (tmp_path / "r" / "sub" / "x.wav.html").unlink()
    code, out, _ = call(capsys, *words, "--resume")
    assert code == 0
    assert "1 restored, 1 were done before" in out
    assert (tmp_path / "r" / "sub" / "x.wav.html").is_file()
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', (tmp_path / "r" / "index.html").read_text()) == links


def test_the_index_begins_with_the_noisiest(tmp_path):
    rows = [
        IndexRow(name="little", page="a b.html", removed_db=-30.0),
        IndexRow(name="nothing", page="n.html", removed_db=None),
        IndexRow(name="much <b>", page="m.html", removed_db=-3.0, notes=["loud"]),
    ]
    page = write_index(tmp_path, rows).read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', page) == [
        ("m.html", "much &lt;b&gt;"),
        ("a%20b.html", "little"),
        ("n.html", "nothing"),
    ]


def test_compare_says_how_far_two_files_are_apart(tmp_path, recording, capsys):
    x = soundfile.read(recording)[0]
    other = tmp_path / "other.flac"
    soundfile.write(other, 0.9 * x, SR, subtype="PCM_24")
    told = compare(recording, other)
    assert told["difference_db"] - told["before_db"] == pytest.approx(-20, abs=0.05)
    assert told["octaves"]["1000"] == pytest.approx(20 * np.log10(0.9), abs=0.01)
    page = tmp_path / "c.html"
    code, out, _ = call(capsys, "compare", recording, other, "--html", page)
    assert (code, str(page) in out) == (0, True)
    np.testing.assert_allclose(sounds_of(page)["removed"], 0.1 * x, atol=1e-4)
    assert call(capsys, "compare", recording, other, "--html", page)[0] == 2


def test_what_is_not_alike_is_not_compared(tmp_path, recording):
    short, stereo = tmp_path / "short.wav", tmp_path / "stereo.wav"
    soundfile.write(short, worn(2.0), SR)
    soundfile.write(stereo, np.zeros((SR * 4, 2)), SR)
    with pytest.raises(DenoiseError, match="not equally long"):
        compare(recording, short)
    with pytest.raises(DenoiseError, match="1 channels at 44100 Hz"):
        compare(recording, stereo)


def test_a_report_never_replaces_the_recording(tmp_path, recording, capsys):
    before = recording.read_bytes()
    code, _, said = call(
        capsys, "restore", recording, "-o", tmp_path / "c.flac", "--engine", "dsp",
        "--report", recording, "--overwrite",
    )  # fmt: skip
    assert (code, "never changed" in said) == (2, True)
    assert recording.read_bytes() == before


def test_resuming_with_weights_that_were_trained_on_starts_over(tmp_path, recording, capsys):
    from denoise.worn import save_random_net

    model = tmp_path / "mine.safetensors"
    save_random_net(model)
    (tmp_path / "in").mkdir()
    recording.rename(tmp_path / "in" / "a.flac")
    words = ["restore", tmp_path / "in", "-o", tmp_path / "out", "--model", model, "--engine", "net"]
    assert "1 restored, 0 were done" in call(capsys, *words)[1]
    assert "0 restored, 1 were done" in call(capsys, *words, "--resume")[1]
    save_random_net(model, seed=6)
    assert "1 restored, 0 were done" in call(capsys, *words, "--resume")[1]
