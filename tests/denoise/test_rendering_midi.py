"""MIDI: what a variation changes and keeps, and what fluidsynth makes of it."""

from __future__ import annotations

import shutil
import struct

import numpy as np
import pytest
import soundfile

from hotpapers.common.errors import UnavailableError
from hotpapers.denoise import rendering_midi
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.midi_variation import ACOUSTIC_PROGRAMS, _read, orchestrate, vary_midi
from hotpapers.denoise.recordings import path_of, recordings
from hotpapers.denoise.rendering_midi import find_soundfont, render_midi


def midi(*tracks: bytes, division=480) -> bytes:
    end = b"\x00\xff\x2f\x00"
    chunks = [b"MTrk" + struct.pack(">I", len(t) + 4) + t + end for t in tracks]
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), division) + b"".join(chunks)


TEMPO = b"\x00\xff\x51\x03\x07\xa1\x20"
# A programme change, then two notes, the second with running status, after 200 and 480 ticks.
MELODY = b"\x00\xc0\x05" + b"\x81\x48\x90\x3c\x64" + b"\x83\x60\x40\x64" + b"\x83\x60\x80\x40\x00"


def notes(content, kind=0x90):
    _, tracks = _read(content)
    return [(e[0] & 15, e[1], ticks) for track in tracks for ticks, e in track if e[0] & 0xF0 == kind]


def test_a_variation_is_another_instrument_key_and_tempo():
    content = midi(TEMPO, MELODY)
    seen, programs, tempi = set(), set(), []
    for seed in range(60):
        varied = vary_midi(content, np.random.default_rng(seed), percussion=0)
        first, second = notes(varied)
        assert second[1] - first[1] == 4  # the interval stays
        assert (first[2], second[2]) == (200, 480)
        seen.add(first[1] - 60)
        programs.add(notes(varied + b"", 0xC0)[-1][1])
        tempi.append(struct.unpack(">H", varied[12:14])[0] / 480)
    assert seen == set(range(-5, 7))
    assert len(programs) > 30
    assert max(programs) < 112
    assert 0.745 < min(tempi) < 0.85
    assert 1.2 < max(tempi) < 1.34
    assert vary_midi(content, np.random.default_rng(3)) == vary_midi(content, np.random.default_rng(3))


def test_some_tracks_become_drums():
    drums = 0
    for seed in range(200):
        found = notes(vary_midi(midi(TEMPO, MELODY), np.random.default_rng(seed)))
        if found[0][0] == 9:
            drums += 1
            assert all(35 <= note <= 81 for _, note, _ in found)
    assert 30 <= drums <= 72  # 50 expected, standard deviation 6.1


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....WAVE", midi(MELODY)[:-9], midi(MELODY, division=0x8000 | 40)]
)
def test_what_is_no_midi_is_refused(content):
    with pytest.raises(DenoiseError, match="not a standard MIDI file"):
        vary_midi(content, np.random.default_rng(0))


def test_every_song_of_the_data_set_is_varied(shared_data):
    for recording in recordings("midi"):
        content = path_of(recording).read_bytes()
        varied = vary_midi(content, np.random.default_rng(1))
        assert len(notes(varied)) == len(notes(content)) > 500


@pytest.fixture
def playable():
    if shutil.which("fluidsynth") is None:
        pytest.skip("fluidsynth is not installed")
    try:
        return find_soundfont()
    except UnavailableError as error:
        pytest.skip(str(error))


def test_a_rendered_piece_sounds_at_its_pitch_and_is_kept(playable, tmp_path):
    (tmp_path / "a.mid").write_bytes(midi(TEMPO, b"\x00\xc0\x13\x00\x90\x45\x64\x87\x40\x80\x45\x00"))
    path = render_midi(tmp_path / "a.mid", tmp_path / "cache")
    x, sr = soundfile.read(path)
    assert (sr, x.shape[1]) == (44_100, 2)
    assert np.abs(x).max() == pytest.approx(0.9, abs=0.01)
    piece = x[4410:26_460, 0]  # an organ's A4
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 18))
    frequency = np.fft.rfftfreq(1 << 18, 1 / sr)
    near = (frequency > 400) & (frequency < 480)
    assert frequency[near][spectrum[near].argmax()] == pytest.approx(440, abs=3)
    written = path.stat().st_mtime_ns
    assert render_midi(tmp_path / "a.mid", tmp_path / "cache").stat().st_mtime_ns == written
    assert render_midi(tmp_path / "a.mid", tmp_path / "cache", variation=1) != path


def test_a_silent_file_is_named(playable, tmp_path):
    (tmp_path / "empty.mid").write_bytes(midi(TEMPO))
    with pytest.raises(DenoiseError, match=r"empty\.mid is silent when rendered"):
        render_midi(tmp_path / "empty.mid", tmp_path / "cache")


def test_without_fluidsynth_or_soundfont_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("HOTPAPERS_SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(UnavailableError, match="install fluid-soundfont-gm"):
        find_soundfont()
    monkeypatch.setattr(rendering_midi.shutil, "which", lambda name: None)
    with pytest.raises(UnavailableError, match="Debian package fluidsynth"):
        render_midi(tmp_path / "a.mid", tmp_path)


def test_a_song_orchestrated_keeps_its_notes_and_loses_its_drums():
    drummed = b"\x00\xb0\x00\x08\x00\xc0\x1e\x00\x90\x45\x64\x10\x99\x24\x70\x10\x90\x47\x64"
    played = orchestrate(midi(TEMPO, drummed), np.random.default_rng(0))
    assert notes(played) == [(0, 0x45, 0), (0, 0x47, 0x20)]
    seats = notes(played, 0xC0)
    assert {channel for channel, _, _ in seats} == set(range(16)) - {9}
    assert {program for _, program, _ in seats} <= set(ACOUSTIC_PROGRAMS)
    assert notes(played, 0xB0) == []
    assert orchestrate(midi(TEMPO, drummed), np.random.default_rng(0)) == played
