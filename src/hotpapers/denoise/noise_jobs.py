"""What the commands about noise do: options in, files and summaries out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.noise_bank import BankEntry
from hotpapers.denoise.noise_generator import TABLE, Choice, Range, synth_noise
from hotpapers.denoise.noise_generator.table import Rule, preset_named
from hotpapers.media.audio import write_audio

__all__ = ["bank_summary", "rules_of", "table_lines", "write_noise"]

_HIGHEST_PEAK = 0.99


def bank_summary(
    out: Path, mined: Mapping[Path, Sequence[BankEntry]], refused: Mapping[Path, str]
) -> dict[str, Any]:
    """What was mined, as JSON holds it."""
    entries = [entry for found in mined.values() for entry in found]
    return {
        "bank": str(out),
        "recordings": len(mined),
        "without_noise": sorted(path.name for path, found in mined.items() if not found),
        "refused": {path.name: why for path, why in refused.items()},
        "segments": len(entries),
        "seconds": round(math.fsum(entry.seconds for entry in entries), 3),
    }


def rules_of(changes: Sequence[str]) -> dict[str, Rule]:
    """Lines of the generator's table from ``NAME=VALUE`` and ``NAME=LOW..HIGH``.

    A range keeps the table's scale: logarithmic where the table's is.

    Raises
    ------
    DenoiseError
        If a change has neither form.
    """
    rules: dict[str, Rule] = {}
    for change in changes:
        name, _, value = (part.strip() for part in change.partition("="))
        low, dots, high = value.partition("..")
        before = TABLE.get(name)
        log = isinstance(before, Range) and before.log
        try:
            rules[name] = Range(float(low), float(high), log) if dots else float(value)
        except DenoiseError as error:
            raise DenoiseError(f"--set {change}: {error}") from error
        except ValueError as error:
            raise DenoiseError(f"--set {change}: give NAME=VALUE or NAME=LOW..HIGH") from error
    return rules


def table_lines(preset: str, rules: Mapping[str, Rule]) -> list[str]:
    """The table of a preset with the caller's changes, a line for each parameter."""
    lines = []
    for name, rule in {**TABLE, **preset_named(preset), **rules}.items():
        if isinstance(rule, Range):
            told = f"{rule.low:g}..{rule.high:g}{' (logarithmic)' if rule.log else ''}"
        elif isinstance(rule, Choice):
            told = " or ".join(f"{value:g}" for value in rule.values)
        else:
            told = f"{rule:g}"
        lines.append(f"{name} = {told}")
    return lines


def write_noise(
    out: Path,
    *,
    preset: str,
    seconds: float,
    sr: int,
    channels: int,
    level_db: float,
    seed: int,
    rules: Mapping[str, Rule],
    overwrite: bool,
) -> float:
    """Write noise to a file; returns by how many dB it was lowered so that no click is cut off.

    Raises
    ------
    DenoiseError
        As `synth_noise`.
    AudioError
        If the file can't be written so.
    """
    noise = synth_noise(
        seconds,
        sr,
        preset=preset,
        rng=np.random.default_rng(seed),
        parameters=rules,
        channels=channels,
        rms=10 ** (level_db / 20),
    )
    peak = float(np.abs(noise).max())
    gain = min(1.0, _HIGHEST_PEAK / peak) if peak else 1.0
    write_audio(out, noise * np.float32(gain), sr, overwrite=overwrite)
    return max(0.0, -20 * math.log10(gain))
