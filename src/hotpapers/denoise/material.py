"""What a net is trained on and judged by: banks of the project's recordings, or of the user's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.banks import Bank, write_bank
from hotpapers.denoise.data import ExampleSettings, NoisyExamples
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.extending import noise_to_length
from hotpapers.denoise.midi_variation import orchestrate, vary_midi
from hotpapers.denoise.noise_generator import PRESETS, synth_noise
from hotpapers.denoise.reading import read_mono
from hotpapers.denoise.recordings import Split, path_of, recordings
from hotpapers.denoise.rendering_midi import play_midi, soundfonts
from hotpapers.denoise.song_archives import Song, songs
from hotpapers.denoise.stft import SAMPLE_RATE
from hotpapers.denoise.validation import ValidationSet

__all__ = ["Material", "generated_noise", "own_material", "project_material"]

Clip = tuple[str, NDArray[np.float32]]

_SYNTHETIC_SECONDS = 8.0
_EXTENDED_SECONDS = 24.0
_SONG_SECONDS = 80.0
_TELL_EVERY = 50  # clips
_AUDIO = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".rf64"}
_MANNERS: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    "as written": lambda content, _: content,
    "varied": vary_midi,
    "orchestrated": orchestrate,
}
# Seeds of generated noise: training and validation never share one.
_SPLIT_SEEDS: dict[Split, int] = {"train": 1, "validation": 2}


@dataclass(frozen=True)
class Material:
    """Banks for training, and for judging.

    Parameters
    ----------
    music, rendered, recorded, synthetic
        Trained on: recorded music, music made from scores, recorded and generated noise.
        All but the first may be None.
    held_back_music, held_back_noise
        Of recordings that are not trained on; None where there are too few.
    """

    music: Bank
    rendered: Bank | None
    recorded: Bank | None
    synthetic: Bank | None
    held_back_music: Bank | None
    held_back_noise: Bank | None

    def examples(self, settings: ExampleSettings | None = None) -> NoisyExamples:
        """Training examples from the banks."""
        return NoisyExamples(
            self.music, self.recorded, self.synthetic, settings, rendered_music=self.rendered
        )

    def validation(self, *, excerpts: int = 12, seed: int = 0) -> ValidationSet | None:
        """Mixtures of what is held back; None where nothing is."""
        if self.held_back_music is None or self.held_back_noise is None:
            return None
        return ValidationSet(self.held_back_music, self.held_back_noise, excerpts=excerpts, seed=seed)


def project_material(
    cache: Path,
    *,
    renderings: int = 3,
    synthetic: int = 800,
    progress: Callable[[str], None] = lambda _: None,
) -> Material:
    """Banks of the project's training and validation recordings, made once and kept in a folder.

    Parameters
    ----------
    cache
        Where the banks lie (about 3 GB).
    renderings
        How many times each single MIDI song is rendered, with other instruments, key and tempo each time;
        songs of the archives are rendered once.
    synthetic
        How many generated noises of 8 s.
    progress
        Is told what is being made.

    Raises
    ------
    UnavailableError
        If a recording, the program fluidsynth or a soundfont is not on this machine.
    """

    def music(split: Split) -> Iterator[Clip]:
        for recording in recordings("music", split):
            yield recording.name, read_mono(path_of(recording))

    def noise(split: Split) -> Iterator[Clip]:
        return _extended([(each.name, path_of(each)) for each in recordings("noise", split)])

    fonts = [font.name for font in soundfonts()]
    kept = _Cache(cache, progress)
    return Material(
        music=kept.bank("music", {}, lambda: music("train")),
        rendered=kept.bank(
            "rendered music",
            {"renderings": renderings, "soundfonts": fonts},
            lambda: _rendered("train", renderings),
        ),
        recorded=kept.bank("recorded noise", {}, lambda: noise("train")),
        synthetic=kept.bank(
            "synthetic noise", {"synthetic": synthetic}, lambda: generated_noise(synthetic, "train")
        ),
        held_back_music=kept.bank(
            "held-back music",
            {"soundfonts": fonts},
            lambda: [*music("validation"), *_rendered("validation", 1, every=3, manners=("orchestrated",))],
        ),
        held_back_noise=kept.bank(
            "held-back noise",
            {"synthetic": 6},
            lambda: [*noise("validation"), *generated_noise(6, "validation")],
        ),
    )


def _rendered(
    split: Split,
    renderings: int,
    *,
    every: int = 1,
    manners: Sequence[str] = ("as written", "varied", "orchestrated"),
) -> Iterator[Clip]:
    """Single songs varied `renderings` times; of the archives' every so manieth.

    Those are by turns as written and varied, and all are orchestrated, as far as the manners are asked for.
    Soundfonts take turns; of each song 80 s at most are taken.
    """
    single = [
        Song(each.name, split, path_of(each).read_bytes(), each.source) for each in recordings("midi", split)
    ]
    many = list(songs(split))[::every]
    jobs = [(song, "varied", turn + 1) for song in single for turn in range(renderings)]
    jobs += [(song, ("as written", "varied")[turn % 2], turn % 2) for turn, song in enumerate(many)]
    jobs += [(song, "orchestrated", 2) for song in many]
    jobs = [job for place, job in enumerate(jobs) if place < len(single) * renderings or job[1] in manners]
    fonts = soundfonts()

    def play(number: int) -> Clip:
        song, manner, turn = jobs[number]
        rng = np.random.default_rng((_SPLIT_SEEDS[split], turn, number))
        content = _MANNERS[manner](song.content, rng)
        played = play_midi(content, fonts[number % len(fonts)], SAMPLE_RATE, name=song.name).mean(1)
        most = round(_SONG_SECONDS * SAMPLE_RATE)
        start = int(rng.integers(max(len(played) - most, 0) + 1))
        return f"{song.name} {manner} {turn}", played[start : start + most].copy()

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each thread waits for a program
        for first in range(0, len(jobs), 16):  # a few at a time: they wait in memory
            yield from pool.map(play, range(first, min(first + 16, len(jobs))))


def own_material(
    clean: Path,
    noise: Path | None,
    cache: Path,
    *,
    synthetic: int = 400,
    progress: Callable[[str], None] = lambda _: None,
) -> Material:
    """Banks of the user's recordings: a tenth of them, one at least, is held back.

    Parameters
    ----------
    clean, noise
        Folders of audio files, searched through; without noise only generated noise is used.
    cache
        Where the banks lie.
    synthetic
        How many generated noises of 8 s; 0 for none.
    progress
        Is told what is being made.

    Raises
    ------
    DenoiseError
        If a folder holds no audio, or there is neither noise nor generated noise.
    """
    if noise is None and synthetic == 0:
        raise DenoiseError(
            "no noise to train with: give a folder of noise, or a share of synthetic noise above 0"
        )
    music_files, held_music = _split(_audio_files(clean))
    noise_files, held_noise = ([], []) if noise is None else _split(_audio_files(noise))
    kept = _Cache(cache, progress)

    def judged_by() -> Iterator[Clip]:
        yield from _extended([(path.name, path) for path in held_noise])
        yield from generated_noise(4 if synthetic else 0, "validation")

    def read(files: Sequence[Path]) -> Callable[[], Iterator[Clip]]:
        return lambda: ((path.name, read_mono(path)) for path in files)

    can_judge = bool(held_music) and bool(held_noise or synthetic)
    return Material(
        music=kept.bank("music", _stamp(music_files), read(music_files)),
        rendered=None,
        recorded=kept.bank(
            "recorded noise", _stamp(noise_files), lambda: _extended([(p.name, p) for p in noise_files])
        )
        if noise_files
        else None,
        synthetic=kept.bank(
            "synthetic noise", {"synthetic": synthetic}, lambda: generated_noise(synthetic, "train")
        )
        if synthetic
        else None,
        held_back_music=kept.bank("held-back music", _stamp(held_music), read(held_music))
        if can_judge
        else None,
        held_back_noise=kept.bank(
            "held-back noise", {**_stamp(held_noise), "synthetic": synthetic}, judged_by
        )
        if can_judge
        else None,
    )


def generated_noise(count: int, split: Split) -> Iterator[Clip]:
    """So many noises of 8 s from the generator: every second of any kind, the others by the presets in turn."""
    presets = [preset for preset in PRESETS if preset != "any"]
    for number in range(count):
        preset = "any" if number % 2 == 0 else presets[number // 2 % len(presets)]
        rng = np.random.default_rng((_SPLIT_SEEDS[split], number))
        yield f"{preset} {number}", synth_noise(_SYNTHETIC_SECONDS, SAMPLE_RATE, preset=preset, rng=rng)


class _Cache:
    """Banks in a folder, each made anew when what it is made of has changed."""

    def __init__(self, folder: Path, progress: Callable[[str], None]) -> None:
        self.folder, self.progress = folder, progress

    def bank(self, name: str, made_of: dict[str, object], clips: Callable[[], Iterable[Clip]]) -> Bank:
        folder = self.folder / name.replace(" ", "_")
        stamp = self.folder / f"{folder.name}.json"
        wanted = json.dumps(made_of, sort_keys=True)
        if folder.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return Bank(folder)
        self.progress(f"preparing {name}")
        bank = write_bank(folder, self._told(name, clips()))
        stamp.write_text(wanted, encoding="utf-8")
        return bank

    def _told(self, name: str, clips: Iterable[Clip]) -> Iterator[Clip]:
        for count, clip in enumerate(clips, 1):
            if count % _TELL_EVERY == 0:
                self.progress(f"preparing {name}: {count} clips")
            yield clip


def _extended(files: Sequence[tuple[str, Path]]) -> Iterator[Clip]:
    """Noises, the short ones repeated without seams, so that excerpts of any speed fit in."""
    for number, (name, path) in enumerate(files):
        noise = read_mono(path)
        wanted = round(SAMPLE_RATE * _EXTENDED_SECONDS)
        if len(noise) < wanted:
            noise = noise_to_length(noise, wanted, SAMPLE_RATE, np.random.default_rng(number))
        yield name, noise


def _audio_files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _AUDIO and path.is_file())
    if not found:
        raise DenoiseError(f"{folder} holds no audio files ({', '.join(sorted(_AUDIO))})")
    return found


def _split(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Files to train on, and every tenth to judge by, from the second on; a single file is trained on."""
    return [path for place, path in enumerate(files) if place % 10 != 1], files[1::10]


def _stamp(files: Sequence[Path]) -> dict[str, object]:
    return {str(path.resolve()): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
