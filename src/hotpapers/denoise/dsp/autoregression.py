"""Autoregressive models of many short frames at once, and the samples that such a model expects in gaps.

Gaps are filled by the least-squares interpolator of Janssen, Veldhuis and Vries (1986): the unknown samples take the
values for which the prediction errors have the least power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import solveh_banded
from scipy.signal.windows import hann

__all__ = ["Runs", "fit", "interpolate", "prediction_errors", "runs_of"]

Array = NDArray[np.float64]
Runs = tuple[NDArray[np.intp], NDArray[np.intp]]

_LONGEST_CLUSTER = 600  # samples that one solution spans
_RIDGE = 1e-9


def fit(frames: Array, order: int) -> Array:
    """Prediction-error filters by the autocorrelation method, Hann-windowed (Levinson-Durbin recursion).

    Parameters
    ----------
    frames : (m, length)
        One stretch of signal each.
    order
        Number of past samples p that predict the next.

    Returns
    -------
    array (m, order + 1)
        a with a_0 = 1: the prediction error is the sum of a_k x_{t-k}. Always minimum-phase.
    """
    length = frames.shape[1]
    size = fft.next_fast_len(length + order, real=True)
    spectra = fft.rfft(frames * hann(length, sym=False), size, axis=1)
    correlation = fft.irfft(np.square(spectra.real) + np.square(spectra.imag), size, axis=1)[:, : order + 1]
    correlation[:, 0] = correlation[:, 0] * (1 + _RIDGE) + 1e-12
    filters = np.zeros((len(frames), order + 1))
    filters[:, 0] = 1
    error = correlation[:, 0].copy()
    for i in range(1, order + 1):
        reflection = -np.einsum("mj,mj->m", filters[:, :i], correlation[:, i:0:-1]) / error
        filters[:, 1 : i + 1] += reflection[:, None] * filters[:, i - 1 :: -1][:, :i]
        error *= 1 - reflection**2
    return filters


def prediction_errors(frames: Array, filters: Array) -> tuple[Array, Array]:
    """Errors of predicting each sample from those before it, and of predicting it from those after it.

    Parameters
    ----------
    frames : (m, length)
    filters : (m, order + 1)

    Returns
    -------
    forward, backward : (m, length - 2 order)
        Both for the samples order ... length - order - 1.
    """
    order = filters.shape[1] - 1
    windows = np.lib.stride_tricks.sliding_window_view(frames, order + 1, axis=1)
    forward = np.matmul(windows, filters[:, ::-1, None])[..., 0]
    backward = np.matmul(windows, filters[:, :, None])[..., 0]
    return forward[:, : forward.shape[1] - order], backward[:, order:]


def runs_of(mask: NDArray[np.bool_]) -> Runs:
    """Starts and ends of the runs of True.

    Examples
    --------
    >>> runs_of(np.array([False, True, True, False, True]))
    (array([1, 4]), array([3, 5]))
    """
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def interpolate(samples: Array, runs: Runs, filters: Array, hop: int) -> Array:
    """Fill the runs of a signal with what its autoregressive models expect.

    Runs nearer to each other than the model's order are solved for together.

    Parameters
    ----------
    samples : (n,)
        The signal; what it holds in the runs doesn't matter.
    runs
        Starts and ends, in order, apart from each other.
    filters : (m, order + 1)
        The model in force from sample i hop to sample (i + 1) hop.
    hop
        Samples between models.

    Returns
    -------
    array (n,), a copy
    """
    order = filters.shape[1] - 1
    filled = samples.copy()
    for first, last in _clusters(runs, order):
        start, end = runs[0][first], runs[1][last]
        model = filters[min((start + end) // 2 // hop, len(filters) - 1)]
        low, high = max(start - order, 0), min(end + order, len(samples))
        unknown = np.zeros(high - low, np.bool_)
        for i in range(first, last + 1):
            unknown[runs[0][i] - low : runs[1][i] - low] = True
        filled[low:high] = _solve(filled[low:high], unknown, model)
    return filled


def _clusters(runs: Runs, order: int) -> list[tuple[int, int]]:
    """First and last index of runs that lie closer than the order, cut where they'd span too much."""
    starts, ends = runs
    found: list[tuple[int, int]] = []
    first = 0
    for i in range(1, len(starts) + 1):
        joined = i < len(starts) and starts[i] - ends[i - 1] < order
        if not joined or ends[i] - starts[first] > _LONGEST_CLUSTER:
            found.append((first, i - 1))
            first = i
    return found if len(starts) else []


def _solve(segment: Array, unknown: NDArray[np.bool_], model: Array) -> Array:
    """Least-squares samples: B_uu x_u = -B_uk x_k, where B is the filter's autocorrelation, banded Toeplitz."""
    order = len(model) - 1
    b = np.correlate(model, model, "full")[order:]
    known = np.where(unknown, 0.0, segment)
    index = np.flatnonzero(unknown)
    right = -np.convolve(known, np.concatenate([b[::-1], b[1:]]))[order : order + len(segment)][index]
    width = min(order, len(index) - 1)
    bands = np.zeros((width + 1, len(index)))
    bands[0] = b[0] * (1 + _RIDGE)
    for k in range(1, width + 1):
        apart = index[k:] - index[:-k]
        bands[k, :-k] = np.where(apart <= order, b[np.minimum(apart, order)], 0.0)
    filled = segment.copy()
    filled[index] = solveh_banded(bands, right, lower=True, overwrite_ab=True, check_finite=False)
    return filled
