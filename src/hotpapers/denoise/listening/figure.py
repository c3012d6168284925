"""The same comparison as a picture for print: three spectrograms on one scale, and the noise floor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.common.errors import InputError
from hotpapers.common.figures import PALETTE
from hotpapers.common.files import atomic_path
from hotpapers.denoise.listening.spectrograms import LogSpectrogram, log_spectrogram

__all__ = ["noise_floor", "save_figure"]

Samples = npt.NDArray[np.float32]

_FORMATS = (".png", ".svg", ".pdf")
_SPAN_DB = 90.0


def noise_floor(spectrogram: LogSpectrogram, share: float = 0.1) -> npt.NDArray[np.float64]:
    """Level in each band, dB ``[bands]``, that is not passed in the quietest `share` of the time."""
    return np.quantile(spectrogram.levels.astype(np.float64), share, axis=1)


def save_figure(path: Path, before: Samples, after: Samples, sr: int, *, title: str = "") -> Path:
    """Draw before, after and removed, and the floor of before and after, to a PNG, SVG or PDF file.

    Parameters
    ----------
    path
        Where to; its ending chooses the format.
    before, after
        ``[n]`` or ``[n, channels]``, aligned.
    sr
        Samples a second.
    title
        Heading.

    Raises
    ------
    InputError
        If the ending is another one.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise InputError(f"{path}: pictures are written as {', '.join(_FORMATS)}")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = {
        name: log_spectrogram(sound, sr)
        for name, sound in (("Before", before), ("After", after), ("Removed", before - after))
    }
    figure = Figure(figsize=(9, 8.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, 1, height_ratios=(1, 1, 1, 0.9))
    top = max(float(made["Before"].levels.max()), -80.0)
    for axis, (name, spectrogram) in zip(axes, made.items(), strict=False):
        image = _draw(axis, spectrogram, top)
        axis.set_title(name, loc="left", fontsize=10)
    axes[2].set_xlabel("time (s)")
    figure.colorbar(image, ax=list(axes[:3]), label="level (dB, full-scale sine = 0)", pad=0.01)
    _floor(axes[3], made)
    if title:
        figure.suptitle(title, fontsize=12)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    return path


def _draw(axis: Any, spectrogram: LogSpectrogram, top: float) -> Any:
    low, high = spectrogram.frequencies[0], spectrogram.frequencies[-1]
    times = np.linspace(0, spectrogram.seconds, spectrogram.levels.shape[1] + 1)
    edges = np.geomspace(low, high, len(spectrogram.frequencies) + 1)
    image = axis.pcolormesh(
        times, edges, spectrogram.levels, cmap="magma", vmin=top - _SPAN_DB, vmax=top, rasterized=True
    )
    axis.set_yscale("log")
    _label_frequencies(axis.yaxis, low, high)
    axis.set_ylabel("frequency (Hz)")
    return image


def _floor(axis: Any, made: dict[str, LogSpectrogram]) -> None:
    for name, colour, above in (("Before", PALETTE["vermilion"][0], 6), ("After", PALETTE["blue"][0], -6)):
        spectrogram = made[name]
        levels = np.maximum(noise_floor(spectrogram), -140)
        axis.plot(spectrogram.frequencies, levels, color=colour, linewidth=1.5)
        axis.annotate(
            name, (spectrogram.frequencies[-1], levels[-1]), xytext=(4, above), textcoords="offset points",
            color=colour, va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axis.set_xscale("log")
    low, high = made["Before"].frequencies[0], made["Before"].frequencies[-1]
    axis.set_xlim(low, high)
    _label_frequencies(axis.xaxis, low, high)
    axis.set_xlabel("frequency (Hz)")
    axis.set_ylabel("quietest tenth (dB)")
    axis.grid(visible=True, alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _label_frequencies(axis: Any, low: float, high: float) -> None:
    ticks = [tick for tick in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000) if low < tick < high]
    axis.set_ticks(ticks, labels=[str(t) if t < 1000 else f"{t // 1000}k" for t in ticks])
    axis.set_ticks([], minor=True)
