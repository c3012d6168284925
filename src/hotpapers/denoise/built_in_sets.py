"""The project's own training, validation and test material as sources for sets of mixtures."""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.files import atomic_path
from hotpapers.denoise.midi_variation import orchestrate
from hotpapers.denoise.noise_bank import audio_files, read_bank
from hotpapers.denoise.noise_generator import PRESETS, synth_noise
from hotpapers.denoise.pairs import MusicSource, NoiseSource
from hotpapers.denoise.recordings import Split, path_of, recordings
from hotpapers.denoise.rendering_midi import can_render, render_midi
from hotpapers.denoise.song_archives import Song, songs

__all__ = ["built_in_music", "built_in_noise", "generated_noise", "given_music", "given_noise"]

# Generated noise of one split shares no seed with that of another.
_SEEDS = {"train": 11, "validation": 12, "test": 13}
_SET_PRESETS = ("78-worn", "78-acoustic", "lp-dusty", "cylinder", "cassette")


def built_in_music(split: Split, cache: Path) -> list[MusicSource]:
    """The split's recordings and, where fluidsynth and a soundfont are here, its rendered songs.

    The recordings are spread evenly among the songs.

    Raises
    ------
    UnavailableError
        If the data set is not on this machine.
    """
    sources = [MusicSource(each.name, partial(Path, path_of(each))) for each in recordings("music", split)]
    if not can_render():
        return sources
    midi = recordings("midi", split)
    rendered = [MusicSource(each.name, partial(render_midi, path_of(each), cache)) for each in midi]
    rendered += [
        MusicSource(song.name.replace("/", "_"), partial(_render_song, song, cache)) for song in songs(split)
    ]
    for turn, source in enumerate(sources):
        rendered.insert(round(turn * (len(rendered) + len(sources) - turn) / len(sources)), source)
    return rendered


def _render_song(song: Song, cache: Path) -> Path:
    """Path of the song as sound, played by the instruments of old records."""
    score = cache / "songs" / f"{song.name.replace('/', '_')}.mid"
    score.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(score) as temporary:
        temporary.write_bytes(orchestrate(song.content, np.random.default_rng(zlib.crc32(song.content))))
    return render_midi(score, cache)


def built_in_noise(split: Split) -> list[NoiseSource]:
    """The split's recorded noise, and generated noise of five carriers with seeds of the split."""
    recorded = [NoiseSource.of_file(path_of(each)) for each in recordings("noise", split)]
    return recorded + generated_noise(_SET_PRESETS, _SEEDS[split])


def generated_noise(presets: tuple[str, ...] = tuple(PRESETS), seed: int = 0) -> list[NoiseSource]:
    """One source of generated noise for each preset."""

    def make(n: int, sr: int, rng: np.random.Generator, *, preset: str) -> NDArray[np.float32]:
        own = np.random.default_rng((seed, int(rng.integers(2**31))))
        return synth_noise(n / sr, sr, preset=preset, rng=own)

    return [NoiseSource(preset, "generated", partial(make, preset=preset)) for preset in presets]


def given_music(folder: Path) -> list[MusicSource]:
    """The audio files of a user's folder as music."""
    return [MusicSource(path.stem, partial(Path, path)) for path in audio_files(folder)]


def given_noise(folder: Path, split: Split | None = None) -> list[NoiseSource]:
    """The audio files of a user's folder as noise; of a noise bank, those of one split."""
    if (folder / "index.csv").is_file():
        return [NoiseSource.of_file(folder / entry.file) for entry in read_bank(folder, split)]
    return [NoiseSource.of_file(path) for path in audio_files(folder)]
