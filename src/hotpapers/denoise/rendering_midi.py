"""MIDI made into music by the user's own fluidsynth and soundfont, kept in a cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from hotpapers.common.errors import FailureError, UnavailableError
from hotpapers.common.files import atomic_path
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.midi_variation import vary_midi

__all__ = ["SOUNDFONT_VARIABLE", "can_render", "find_soundfont", "play_midi", "render_midi", "soundfonts"]

SOUNDFONT_VARIABLE = "HOTPAPERS_SOUNDFONT"
_USUAL_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
)
_USUAL_NAMES = (
    "FluidR3_GM.sf2",
    "default.sf2",
    "default-GM.sf2",
    "TimGM6mb.sf2",
    "GeneralUser-GS.sf2",
    "MuseScore_General_Full.sf3",
)


def find_soundfont() -> Path:
    """The soundfont named in the environment, or the first of the usual ones.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    return soundfonts()[0]


def soundfonts() -> list[Path]:
    """The soundfont named in the environment, or all of the usual ones, each file once.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    named = os.environ.get(SOUNDFONT_VARIABLE)
    usual = [Path(folder) / name for name in _USUAL_NAMES for folder in _USUAL_FOLDERS]
    found: dict[Path, Path] = {}
    for path in [Path(named)] if named else usual:
        if path.is_file():
            found.setdefault(path.resolve(), path)
    if not found:
        raise UnavailableError(
            "there is no soundfont to render MIDI with: install fluid-soundfont-gm, "
            f"or name one in {SOUNDFONT_VARIABLE}"
        )
    return list(found.values())


def can_render() -> bool:
    """Whether fluidsynth and a soundfont are here."""
    try:
        find_soundfont()
    except UnavailableError:
        return False
    return shutil.which("fluidsynth") is not None


def render_midi(
    midi: Path, cache: Path, *, variation: int | None = None, soundfont: Path | None = None, sr: int = 44_100
) -> Path:
    """A MIDI file as stereo audio, rendered on first use: path of a FLAC file in the cache.

    Parameters
    ----------
    midi
        A standard MIDI file.
    cache
        Folder for what is rendered.
    variation
        Seed of a variation by `vary_midi`; the piece as written where left out.
    soundfont
        What to play it with; `find_soundfont` where left out.
    sr
        Rate, in Hz.

    Raises
    ------
    UnavailableError
        If fluidsynth or a soundfont is missing.
    DenoiseError
        If the file is not MIDI, or nothing sounds in it.
    FailureError
        If fluidsynth fails.
    """
    _fluidsynth()
    soundfont = soundfont or find_soundfont()
    try:
        content = midi.read_bytes()
    except OSError as error:
        raise DenoiseError(f"cannot read {midi}: {error.strerror}") from error
    try:
        varied = content if variation is None else vary_midi(content, np.random.default_rng(variation))
    except DenoiseError as error:
        raise DenoiseError(f"{midi}: {error}") from error
    key = hashlib.sha256(varied + f"{soundfont.name} {soundfont.stat().st_size} {sr}".encode()).hexdigest()
    out = cache / f"{midi.stem}-{key[:16]}.flac"
    if not out.is_file():
        samples = play_midi(varied, soundfont, sr, name=str(midi))
        with atomic_path(out) as temporary:
            soundfile.write(temporary, samples, sr, subtype="PCM_24", format="FLAC")
    return out


def play_midi(
    content: bytes, soundfont: Path, sr: int = 44_100, *, name: str = "MIDI"
) -> NDArray[np.float32]:
    """A standard MIDI file as sound, (n, 2), at a peak of 0.9.

    Raises
    ------
    UnavailableError
        If fluidsynth is missing.
    DenoiseError
        If the content is not MIDI, or nothing sounds in it.
    FailureError
        If fluidsynth fails.
    """
    program = _fluidsynth()
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        score.write_bytes(content)
        options = ["-n", "-i", "-q", "-g", "0.5", "-r", str(sr), "-O", "float", "-F", str(sound)]
        done = subprocess.run(
            [program, *options, str(soundfont), str(score)], capture_output=True, text=True, check=False
        )
        if done.returncode or not sound.is_file():
            said = " ".join(done.stderr.split())[-200:]
            raise FailureError(f"fluidsynth could not render {name}: {said}")
        samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    peak = float(np.abs(samples).max(initial=0))
    if peak < 1e-4:
        raise DenoiseError(f"{name} is silent when rendered: it is not MIDI, or has no notes")
    return np.asarray(samples * np.float32(0.9 / peak), np.float32)


def _fluidsynth() -> str:
    program = shutil.which("fluidsynth")
    if program is None:
        raise UnavailableError("MIDI needs fluidsynth, which is not installed (Debian package fluidsynth)")
    return program
