"""What an evaluation says: a table for people and a record for programs."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.console import table
from hotpapers.common.provenance import provenance
from hotpapers.denoise.arrays import denoise
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.evaluation import Restorer, Score, Summary

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["RESTORERS", "divide_peers", "named_restorers", "record", "sheet"]

# Name -> engine and its options.
RESTORERS: dict[str, tuple[str, dict[str, Any]]] = {
    "auto": ("auto", {}),
    "hybrid": ("hybrid", {}),
    "net": ("net", {}),
    "net-blind": ("net", {"blind": True}),
    "dsp": ("dsp", {}),
}


def named_restorers(names: Sequence[str], model: str | None = None) -> dict[str, Restorer]:
    """Restorers by their names, or by ``MODULE:FUNCTION`` of samples (n, channels) and a rate.

    Parameters
    ----------
    names
        Some of `RESTORERS`: ``net-blind`` is never told of the noise.
    model
        Weights for those with a net; the ones that ship where None.

    Raises
    ------
    DenoiseError
        If one can't be found, or the weights can't be used.
    """
    return {name: _ours(name, model) if name in RESTORERS else _theirs(name) for name in names}


def divide_peers(names: str) -> tuple[list[str], str]:
    """A comma-separated list divided: ours among the peers (the classical engine is one), and the others.

    Examples
    --------
    >>> divide_peers("dsp,ffmpeg,sox")
    (['dsp'], 'ffmpeg,sox')
    """
    words = [word.strip() for word in names.split(",")]
    others = [word for word in words if word not in RESTORERS]
    return [word for word in words if word in RESTORERS], ",".join(others) or "none"


def _ours(name: str, model: str | None) -> Restorer:
    engine, options = RESTORERS[name]
    weights = {} if model is None or engine == "dsp" else {"model": model}
    made = load_engine(engine, {**options, **weights})

    def restore(samples: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        return np.asarray(denoise(samples, sr, engine=made), np.float32)

    return restore


def _theirs(name: str) -> Restorer:
    module, _, attribute = name.partition(":")
    try:
        restorer = getattr(importlib.import_module(module), attribute) if attribute else None
    except (ImportError, AttributeError, ValueError) as error:
        raise DenoiseError(f"{name!r} cannot be evaluated: {error}") from error
    if not callable(restorer):
        known = ", ".join([*RESTORERS, "MODULE:FUNCTION"])
        raise DenoiseError(f"{name!r} cannot be evaluated: give one of {known}")
    found: Restorer = restorer
    return found


def sheet(summaries: Sequence[Summary]) -> Table:
    """One row per method: gain in all and by ratio, worst, spectra, front, clean music, cost."""
    ratios = list(dict.fromkeys(ratio for each in summaries for ratio in each.by_ratio))
    headings = ["gain dB", *(f"at {ratio:g} dB" for ratio in ratios), "worst", "log spectra", "front drop dB"]
    has_clean = any(not math.isnan(each.clean) for each in summaries)
    headings += ["clean-in dB", "worst clean", "octaves <= 2k, above"] if has_clean else []
    headings += ["CPU s / s"]
    made = table("method", "profile", *headings, numbers=headings)
    for each in summaries:
        cells = [_number(each.gain), *(_number(each.by_ratio.get(ratio, math.nan)) for ratio in ratios)]
        cells += [_number(each.worst), _number(each.distance), _number(each.drop, 1)]
        if has_clean:
            octaves = ", ".join(filter(None, (_number(change, 1) for change in each.octaves)))
            cells += [_number(each.clean, 1), _number(each.clean_worst, 1), octaves]
        made.add_row(each.method, each.profile, *cells, _number(each.cpu_seconds, 3))
    return made


def _number(value: float, digits: int = 2) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def record(summaries: Sequence[Summary], scores: Sequence[Score]) -> dict[str, Any]:
    """Summaries and every score, as JSON holds them: what is not a number becomes null."""
    told: dict[str, Any] = _plain(
        {
            "made": provenance(),
            "methods": [asdict(each) for each in summaries],
            "scores": [{**asdict(score), "line": score.line.name} for score in scores],
        }
    )
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key:g}" if isinstance(key, float) else key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
