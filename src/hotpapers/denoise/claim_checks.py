"""How each claim is measured; on recordings that neither training nor its choices have seen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.claims import Measurement
from hotpapers.common.errors import UnavailableError
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.evaluation import Score, Summary
from hotpapers.denoise.weights import find_weights

__all__ = [
    "beats_others",
    "complex_masks_matter",
    "keeps_clean_music",
    "listeners_are_needed",
    "recorded_noise_matters",
    "works_on_old_recordings",
]

Sound = NDArray[np.float32]

_SR = 44_100
_MIXTURES, _CLEAN_SECONDS = 24, 8.0
_BY_CHANCE = 0.05
# What clean music has to come back with: SI-SDR, change of any octave band, correlation of music and what is taken.
_KEPT_DB, _OCTAVE_DB, _CORRELATION = 30.0, 0.5, 0.1
_DROP_DB, _CHANGE_DB = 15.0, 1.0


@cache
def _scores() -> tuple[tuple[Score, ...], tuple[Summary, ...]]:
    """Ours and what is installed beside it on mixtures of the test recordings: all scores, and one line for each."""
    from hotpapers.denoise.built_in_sets import built_in_music, built_in_noise
    from hotpapers.denoise.evaluation import evaluate, summarise
    from hotpapers.denoise.evaluation_report import named_restorers
    from hotpapers.denoise.mixing_jobs import midi_cache
    from hotpapers.denoise.pairs import Plan, write_mixtures
    from hotpapers.denoise.peers import available_peers

    _need_weights()
    music, noise = built_in_music("test", midi_cache()), built_in_noise("test")
    peers = available_peers("all")
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs"
        for _ in write_mixtures(pairs, music, noise, Plan(count=_MIXTURES, seed=20)):
            pass
        scores = tuple(evaluate(pairs, named_restorers(["auto", "dsp"]), peers))
    return scores, tuple(summarise(scores, peers))


def _need_weights() -> None:
    try:
        find_weights("small")
    except DenoiseError as error:
        raise UnavailableError(str(error)) from error


def beats_others() -> Measurement:
    """D1: gain in SI-SDR in three groups by input ratio, and against the best of the others on the same mixtures."""
    from scipy.stats import wilcoxon

    scores, summaries = _scores()
    found = {each.method: each for each in summaries if each.method != "mixture"}
    ours = found.pop("auto")
    groups = "/".join(f"{gain:.1f}" for gain in ours.by_ratio.values())
    rest = ", ".join(f"{name} {each.gain:.1f}" for name, each in found.items())
    best = max(found.values(), key=lambda each: each.gain).method
    ahead = [_gains(scores, "auto")[name] - gain for name, gain in _gains(scores, best).items()]
    chance = float(wilcoxon(ahead, alternative="greater").pvalue)
    return Measurement(
        measured=(
            f"gain {ours.gain:.1f} dB on {len(ahead)} mixtures (at 0/6/12 dB: {groups}; worst {ours.worst:.1f}); "
            f"beside it: {rest}; {np.mean(ahead):.1f} dB ahead of {best}, the best of them "
            f"(signed-rank test, p = {chance:.2g})"
        ),
        holds=min(ours.by_ratio.values()) > 0 and chance < _BY_CHANCE,
    )


def _gains(scores: tuple[Score, ...], method: str) -> dict[str, float]:
    return {score.line.name: score.gain for score in scores if score.method == method}


def keeps_clean_music() -> Measurement:
    """D2: what becomes of clean music by default, and by the net alone: both have to keep it."""
    from hotpapers.denoise.arrays import denoise

    _need_weights()
    told, kept = [], []
    for engine, name in (("auto", "by default"), ("net", "by the net alone")):
        found = [_harm(denoise(music, _SR, engine=engine), music) for music in _clean_music()]
        ratios, octaves, correlations = np.array(found).T
        kept.append(
            ratios.min() >= _KEPT_DB and octaves.max() <= _OCTAVE_DB and correlations.max() <= _CORRELATION
        )
        told.append(
            f"{name} {len(found)} clean excerpts are kept at {ratios.min():.0f} dB or more "
            f"({ratios.mean():.0f} on the mean, 100 at most), octaves change by up to {octaves.max():.1f} dB, "
            f"what is taken correlates with the music by up to {correlations.max():.2f}"
        )
    return Measurement(measured="; ".join(told), holds=bool(all(kept)))


def _clean_music() -> Iterator[Sound]:
    from hotpapers.denoise.built_in_sets import built_in_music
    from hotpapers.denoise.mixing_jobs import midi_cache
    from hotpapers.denoise.reading import read_mono

    for source in built_in_music("test", midi_cache()):
        music = read_mono(source.find(), seconds=_CLEAN_SECONDS)
        if music.any():  # some songs begin with silence
            yield music


def _harm(made: Sound, music: Sound) -> tuple[float, float, float]:
    """SI-SDR in dB, 100 at most; largest change of an octave band in dB; correlation of music and what is taken."""
    from hotpapers.denoise.metrics import octave_changes, si_sdr

    taken = music - made
    size = float(np.linalg.norm(taken) * np.linalg.norm(music))
    return (
        min(si_sdr(made, music), 100.0),
        max(map(abs, octave_changes(made, music).values()), default=0.0),
        abs(float(taken @ music)) / size if size else 0.0,
    )


def works_on_old_recordings() -> Measurement:
    """D3, without raters: noise falls where only noise is heard, and the rest stays."""
    from hotpapers.denoise.arrays import denoise
    from hotpapers.denoise.reading import read_clip
    from hotpapers.denoise.recordings import path_of, recordings
    from hotpapers.denoise.survey import survey

    _need_weights()
    drops, changes = [], []
    for recording in recordings("old"):
        sound = read_clip(path_of(recording))
        profile = survey([sound], sr=_SR, channels=sound.shape[1]).profile
        if profile is None or not profile.stretches:
            raise UnavailableError(f"no stretch of noise alone was found in {recording.name}")
        alone = np.zeros(len(sound), np.bool_)
        for start, end in profile.stretches:
            alone[round(start * _SR) : round(end * _SR)] = True
        restored = denoise(sound, _SR)
        drops.append(_level(sound[alone]) - _level(restored[alone]))
        changes.append(abs(_level(sound[~alone]) - _level(restored[~alone])))
    return Measurement(
        measured=(
            f"raters were not asked (the listening page has a blind test); of {len(drops)} old recording the stretch "
            f"that holds noise alone falls by {min(drops):.1f} dB, the rest changes by {max(changes):.2f} dB"
        ),
        holds=min(drops) >= _DROP_DB and max(changes) <= _CHANGE_DB,
    )


def _level(sound: Sound) -> float:
    return 10 * float(np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def complex_masks_matter() -> Measurement:
    """D4: the same net trained on complex spectra, and on magnitudes with the phase left as it is."""
    from hotpapers.denoise.ablations import STEPS, complex_against_magnitudes

    over_complex, over_magnitudes = complex_against_magnitudes()
    ahead = over_complex["gain_0"] - over_magnitudes["gain_0"]
    return Measurement(
        measured=(
            f"after {STEPS} steps of each from one seed, at 0 dB: {over_complex['gain_0']:.1f} dB over complex "
            f"spectra, {over_magnitudes['gain_0']:.1f} dB over magnitudes "
            f"(in all {over_complex['gain']:.1f} and {over_magnitudes['gain']:.1f})"
        ),
        holds=ahead >= 0.5,
    )


def listeners_are_needed() -> Measurement:
    """D5: the paper's generator with and without its critics, and ears."""
    raise UnavailableError(
        "needs listeners, and the paper's generator trained twice on a GPU: "
        "`hotpapers denoise train --model paper`, then `hotpapers denoise compare`"
    )


def recorded_noise_matters() -> Measurement:
    """D6: the same net trained with generated noise alone, and with recorded noise too; judged on recorded noise."""
    from hotpapers.denoise.ablations import STEPS, with_and_without_recorded_noise

    both, generated = with_and_without_recorded_noise()
    return Measurement(
        measured=(
            f"after {STEPS} steps of each from one seed, on held-back recorded noise: {generated['gain']:.1f} dB with "
            f"generated noise alone, {both['gain']:.1f} dB with recorded noise too"
        ),
        holds=both["gain"] > generated["gain"],
    )
