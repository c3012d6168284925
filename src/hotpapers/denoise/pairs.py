"""Sets of mixtures whose clean music is known: made from recordings, written with a manifest, read again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from hotpapers.common.files import atomic_folder
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.extending import noise_to_length
from hotpapers.denoise.mixing import mix, rms_of
from hotpapers.denoise.reading import MODEL_RATE, read_mono

__all__ = ["Mixture", "MusicSource", "NoiseSource", "Plan", "read_manifest", "read_mixture", "write_mixtures"]

Signal = NDArray[np.float32]
MANIFEST = "manifest.json"
_FADE = 0.02  # seconds: music cut out of its middle would begin with a click
_HIGHEST_PEAK = 0.95


@dataclass(frozen=True)
class MusicSource:
    """Clean music to take excerpts from.

    Parameters
    ----------
    name
        What to call it.
    find
        Gives the path of its audio; called when it is needed.
    """

    name: str
    find: Callable[[], Path]


@dataclass(frozen=True)
class NoiseSource:
    """Noise that can be made as long as needed.

    Parameters
    ----------
    name
        What to call it.
    kind
        ``"recorded"`` or ``"generated"``.
    make
        Gives `n` samples from a number of samples, a rate and a generator.
    """

    name: str
    kind: str
    make: Callable[[int, int, np.random.Generator], Signal]

    @classmethod
    def of_file(cls, path: Path) -> NoiseSource:
        """Recorded noise, extended where it is too short."""

        def make(n: int, sr: int, rng: np.random.Generator) -> Signal:
            return noise_to_length(read_mono(path, sr), n, sr, rng)

        return cls(path.stem, "recorded", make)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the mixtures of a set have in common.

    Parameters
    ----------
    count
        Mixtures of music and noise.
    clean_count
        Excerpts without noise, to see what is done to clean music.
    snrs
        Ratios in dB, taken in turn.
    seconds, lead_in
        Length of the music, and of the noise alone before it.
    level
        Lowest and highest rms of a mixture in dB of full scale.
    sr
        Rate, in Hz.
    seed
        Of everything drawn.

    Raises
    ------
    DenoiseError
        If a number can't be used.
    """

    count: int = 24
    clean_count: int = 0
    snrs: tuple[float, ...] = (0.0, 6.0, 12.0)
    seconds: float = 6.0
    lead_in: float = 1.0
    level: tuple[float, float] = (-30.0, -14.0)
    sr: int = MODEL_RATE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.count < 0 or self.clean_count < 0 or self.count + self.clean_count < 1:
            raise DenoiseError(
                f"a set needs one mixture or more, not {self.count} and {self.clean_count} clean"
            )
        if not self.snrs or not all(math.isfinite(snr) for snr in self.snrs):
            raise DenoiseError(f"the ratios must be numbers of dB, not {self.snrs}")
        if not (self.seconds >= 0.1 and self.lead_in >= 0):
            raise DenoiseError(
                "mixtures need 0.1 s of music or more and a front of 0 s or more, "
                f"not {self.seconds} and {self.lead_in}"
            )


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """One line of a manifest.

    Parameters
    ----------
    name
        Of its files: ``mixture/NAME.flac`` and ``clean/NAME.flac``.
    music, start
        Where the music is from, and where in it the excerpt begins, in seconds.
    noise, noise_kind
        Where the noise is from; "" for clean music.
    snr_db
        Ratio over the music; None for clean music.
    lead_in
        Samples of noise alone in front.
    seed
        The two numbers that seed everything drawn for it.
    """

    name: str
    music: str
    start: float
    noise: str
    noise_kind: str
    snr_db: float | None
    lead_in: int
    seed: tuple[int, int]


def write_mixtures(
    out: Path, music: Sequence[MusicSource], noise: Sequence[NoiseSource], plan: Plan
) -> Iterator[Mixture]:
    """Make a set of mixtures; yields each as it is made.

    Noises and ratios are crossed (every noise at every ratio before the next noise) and the music
    goes round, so that ``len(noise) * len(snrs)`` mixtures hold each of the pairs once. The same plan
    and sources give the same samples. The folder takes its place when the iterator ends.

    Raises
    ------
    DenoiseError
        If there is no music or noise, `out` holds something other than a set of mixtures, or an
        excerpt is silent.
    """
    if not music or (plan.count and not noise):
        raise DenoiseError("mixtures need music and noise: one of them is empty")
    if out.exists() and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DenoiseError(f"{out} holds something that is no set of mixtures: give another folder")
    made: list[Mixture] = []
    with atomic_folder(out) as folder:
        for part in ("mixture", "clean"):
            (folder / part).mkdir()
        for i in range(plan.count + plan.clean_count):
            line, mixture, target = _make(i, music, noise, plan)
            for part, samples in (("mixture", mixture), ("clean", target)):
                soundfile.write(folder / part / f"{line.name}.flac", samples, plan.sr, subtype="PCM_24")
            made.append(line)
            yield line
        manifest = {"sr": plan.sr, "mixtures": [asdict(line) for line in made]}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _make(
    i: int, music: Sequence[MusicSource], noise: Sequence[NoiseSource], plan: Plan
) -> tuple[Mixture, Signal, Signal]:
    rng = np.random.default_rng((plan.seed, i))
    clean_in = i >= plan.count
    ratio = i % len(plan.snrs)
    turn = i // len(plan.snrs)
    # The next ratio takes music a third of the way on, so that each ratio hears all of it.
    chosen = music[(i - plan.count if clean_in else turn + ratio * max(1, len(music) // 3)) % len(music)]
    start, excerpt = _excerpt(chosen, plan, rng)
    front = 0 if clean_in else round(plan.lead_in * plan.sr)
    clean = np.concatenate((np.zeros(front, np.float32), excerpt))
    level = float(rng.uniform(*plan.level))
    if clean_in:
        mixture, target, _ = mix(clean, np.zeros_like(clean), math.inf, level_db=level)
    else:
        source = noise[turn % len(noise)]
        hiss = source.make(len(clean), plan.sr, rng)
        # The ratio is that of the music and the noise under it; the front does not count.
        _, _, info = mix(excerpt, hiss[front:], plan.snrs[ratio])
        mixture, target = clean + np.float32(info.noise_gain) * hiss, clean
        gain = np.float32(10 ** (level / 20) / rms_of(mixture))
        mixture, target = mixture * gain, target * gain
    # No sample is clipped: a mixture with strong clicks is made quieter.
    peak = max(float(np.abs(mixture).max()), float(np.abs(target).max()))
    if peak > _HIGHEST_PEAK:
        mixture, target = (
            mixture * np.float32(_HIGHEST_PEAK / peak),
            target * np.float32(_HIGHEST_PEAK / peak),
        )
    label = "clean-in" if clean_in else f"{source.name}-{plan.snrs[ratio]:g}dB"
    line = Mixture(
        name=f"{i:03d}-{chosen.name}-{label}",
        music=chosen.name,
        start=round(start, 3),
        noise="" if clean_in else source.name,
        noise_kind="" if clean_in else source.kind,
        snr_db=None if clean_in else plan.snrs[ratio],
        lead_in=front,
        seed=(plan.seed, i),
    )
    return line, mixture, target


def _excerpt(source: MusicSource, plan: Plan, rng: np.random.Generator) -> tuple[float, Signal]:
    """Where an excerpt begins and its samples: neither silent nor mostly so; a short clip is repeated."""
    whole = read_mono(source.find(), plan.sr)
    n = round(plan.seconds * plan.sr)
    typical = rms_of(whole)
    if typical == 0:
        raise DenoiseError(f"the music {source.name} is silent")
    if len(whole) <= n:
        start, excerpt = 0, np.resize(whole, n)
    else:
        for _ in range(50):
            start = int(rng.integers(len(whole) - n))
            excerpt = whole[start : start + n].copy()
            halves = [rms_of(half) for half in np.array_split(excerpt, 2)]
            if min(halves) > 0.3 * typical:
                break
        else:
            raise DenoiseError(f"no {plan.seconds:g} s of the music {source.name} hold music throughout")
    fade = min(round(_FADE * plan.sr), n // 2)
    excerpt[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    return start / plan.sr, np.asarray(excerpt, np.float32)


def read_manifest(folder: Path) -> tuple[int, list[Mixture]]:
    """Rate in Hz and lines of a set of mixtures.

    Raises
    ------
    DenoiseError
        If the folder is no such set.
    """
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        lines = [Mixture(**{**line, "seed": tuple(line["seed"])}) for line in told["mixtures"]]
        return int(told["sr"]), lines
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DenoiseError(f"{folder} is no set of mixtures: {error} (mix makes one)") from error


def read_mixture(folder: Path, line: Mixture, sr: int) -> tuple[Signal, Signal]:
    """Mixture and clean music of one line: arrays (n,).

    Raises
    ------
    DenoiseError
        If they differ in length.
    """
    mixture, target = (read_mono(folder / part / f"{line.name}.flac", sr) for part in ("mixture", "clean"))
    if len(mixture) != len(target):
        raise DenoiseError(f"{folder}: mixture and clean music of {line.name} differ in length")
    return mixture, target
