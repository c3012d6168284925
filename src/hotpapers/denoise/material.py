"""What a net is trained on and judged by: banks of the project's recordings, or of the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.banks import Bank, write_bank
from hotpapers.denoise.data import ExampleSettings, NoisyExamples
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.extending import noise_to_length
from hotpapers.denoise.noise_generator import PRESETS, synth_noise
from hotpapers.denoise.reading import read_mono
from hotpapers.denoise.recordings import path_of, recordings
from hotpapers.denoise.rendering_midi import render_midi
from hotpapers.denoise.stft import SAMPLE_RATE
from hotpapers.denoise.validation import ValidationSet

__all__ = ["Material", "generated_noise", "own_material", "project_material"]

Clip = tuple[str, NDArray[np.float32]]

_SYNTHETIC_SECONDS = 8.0
_EXTENDED_SECONDS = 24.0
_AUDIO = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".rf64"}
# Seeds of generated noise: training and validation never share one.
_SPLIT_SEEDS = {"train": 1, "validation": 2}


@dataclass(frozen=True)
class Material:
    """Banks for training, and for judging.

    Parameters
    ----------
    music, recorded, synthetic
        Trained on; either bank of noise may be None.
    held_back_music, held_back_noise
        Of recordings that are not trained on; None where there are too few.
    """

    music: Bank
    recorded: Bank | None
    synthetic: Bank | None
    held_back_music: Bank | None
    held_back_noise: Bank | None

    def examples(self, settings: ExampleSettings | None = None) -> NoisyExamples:
        """Training examples from the banks."""
        return NoisyExamples(self.music, self.recorded, self.synthetic, settings)

    def validation(self, *, excerpts: int = 6, seed: int = 0) -> ValidationSet | None:
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
        Where the banks lie (about 1.5 GB).
    renderings
        How many times each MIDI song is rendered, with other instruments, key and tempo each time.
    synthetic
        How many generated noises of 8 s.
    progress
        Is told what is being made.

    Raises
    ------
    UnavailableError
        If a recording, the program fluidsynth or a soundfont is not on this machine.
    """

    def music(split: str, times: int) -> Iterator[Clip]:
        for recording in recordings("music", split):  # type: ignore[arg-type]
            yield recording.name, read_mono(path_of(recording))
        for recording in recordings("midi", split):  # type: ignore[arg-type]
            for turn in range(times):
                variation = _SPLIT_SEEDS[split] * 10_000 + turn
                rendered = render_midi(path_of(recording), cache / "rendered", variation=variation)
                yield f"{recording.name} {turn}", read_mono(rendered)

    def noise(split: str) -> Iterator[Clip]:
        return _extended([(each.name, path_of(each)) for each in recordings("noise", split)])  # type: ignore[arg-type]

    kept = _Cache(cache, progress)
    held_back_noise = kept.bank(
        "held-back noise", {"synthetic": 6}, lambda: [*noise("validation"), *generated_noise(6, "validation")]
    )
    return Material(
        kept.bank("music", {"renderings": renderings}, lambda: music("train", renderings)),
        kept.bank("recorded noise", {}, lambda: noise("train")),
        kept.bank("synthetic noise", {"synthetic": synthetic}, lambda: generated_noise(synthetic, "train")),
        kept.bank("held-back music", {"renderings": 1}, lambda: music("validation", 1)),
        held_back_noise,
    )


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
        kept.bank("music", _stamp(music_files), read(music_files)),
        kept.bank(
            "recorded noise", _stamp(noise_files), lambda: _extended([(p.name, p) for p in noise_files])
        )
        if noise_files
        else None,
        kept.bank("synthetic noise", {"synthetic": synthetic}, lambda: generated_noise(synthetic, "train"))
        if synthetic
        else None,
        kept.bank("held-back music", _stamp(held_music), read(held_music)) if can_judge else None,
        kept.bank("held-back noise", {**_stamp(held_noise), "synthetic": synthetic}, judged_by)
        if can_judge
        else None,
    )


def generated_noise(count: int, split: str) -> Iterator[Clip]:
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
        bank = write_bank(folder, clips())
        stamp.write_text(wanted, encoding="utf-8")
        return bank


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
