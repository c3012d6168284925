"""Privacy of the last iterate of noisy gradient descent on a strongly convex loss.

If only theta_T is released, and never the iterates before it, noisy gradient descent

    theta_{t+1} = phi(theta_t) + N(0, (eta sigma)^2 I),   phi(theta) = theta - eta * gradient(theta)

is mu-GDP with

    mu = (s / (eta sigma)) sqrt( (1 - c^T)/(1 + c^T) * (1 + c)/(1 - c) )

where c < 1 is the Lipschitz constant of phi on either data set and s bounds ``|phi(theta) - phi'(theta)|``
for neighbouring data (shifted interpolation: Bok, Su, Altschuler 2024). As T grows mu converges instead of
growing like sqrt(T). It is attained by the linear recursion with slope c in one dimension whose
neighbour is shifted by s in every step: ``mu = (s/(eta sigma)) * sum c^k / sqrt(sum c^{2k})``.

Iterates that are rounded. With ``phi + r`` in place of phi, ``|r| <= e``, nothing is contractive any more, but
the proof uses phi only through ``|phi'(x') - phi(x)| <= s + c |x' - x|``, which becomes ``s + 2e + c |x' - x|``:
2e is added to s. Noise drawn on a lattice is continuous noise rounded before the next step, so its rounding
error, at most half a spacing in every coordinate, is part of e (add them).
"""

from __future__ import annotations

import math
from typing import Literal

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["contraction", "last_iterate_mu"]


def contraction(strong_convexity: float, smoothness: float, step_size: float) -> float:
    """Lipschitz constant of a gradient step: ``max(|1 - eta m|, |1 - eta M|)``.

    Raises
    ------
    PrivacyError
        If not ``0 < m <= M``, or the step is too long for a contraction (``eta >= 2/M``).
    """
    if not 0 < strong_convexity <= smoothness < math.inf:
        raise PrivacyError(
            "the last iterate needs a strongly convex and smooth loss, 0 < m <= M: "
            f"got m={strong_convexity!r}, M={smoothness!r}"
        )
    if not 0 < step_size < 2 / smoothness:
        raise PrivacyError(
            f"a step is a contraction for 0 < eta < 2/M = {2 / smoothness:g}: got {step_size!r}"
        )
    return max(abs(1 - step_size * strong_convexity), abs(1 - step_size * smoothness))


def last_iterate_mu(
    *,
    sensitivity: float,
    noise_std: float,
    strong_convexity: float,
    smoothness: float,
    step_size: float,
    steps: int,
    rounding_error: float = 0.0,
    method: str = "gd",
    clipped: bool = False,
    sampling: str = "full",
    released: Literal["last", "all"] = "last",
) -> float:
    """The mu of releasing only the last of `steps` iterates.

    Parameters
    ----------
    sensitivity
        L2 sensitivity of the gradient that is used (of the mean, if the mean is), under the relation at hand.
    noise_std
        Standard deviation of the noise on each coordinate of that gradient, the same in every step.
    strong_convexity, smoothness
        m and M of the objective for *every* admissible data set, from public bounds.
    step_size
        eta, the same in every step.
    steps
        T >= 1.
    rounding_error
        e, the greatest L2 distance by which an iterate is moved by rounding in a step.
    method, clipped, sampling, released
        What was run: anything but plain gradient descent on all rows whose gradients are those of a convex
        smooth loss, with only the last iterate released, is refused. (Clipping the derivative of a linear
        predictor's loss is such a loss again, a Huberised one: pass ``clipped=False`` and its M.)

    Raises
    ------
    PrivacyError
        Outside these conditions; a `ValueError` too.

    Examples
    --------
    >>> mu = last_iterate_mu(sensitivity=1, noise_std=1, strong_convexity=1, smoothness=1, step_size=0.1, steps=10)
    >>> round(mu, 7)
    3.0291468
    """
    if method != "gd":
        raise PrivacyError(
            f"last-iterate privacy is proved for gradient descent without momentum: got {method!r}"
        )
    if clipped:
        raise PrivacyError(
            "a step with clipped gradients is no contraction: the last iterate has no bound here"
        )
    if sampling != "full":
        raise PrivacyError(f"last-iterate privacy is for steps over all rows here: got sampling={sampling!r}")
    if released != "last":
        raise PrivacyError("earlier iterates were released too: compose all steps instead")
    if steps < 1 or not (sensitivity > 0 and noise_std > 0 and rounding_error >= 0):
        raise PrivacyError(
            "last-iterate privacy needs steps >= 1, sensitivity, noise_std > 0, rounding_error >= 0"
        )
    c = contraction(strong_convexity, smoothness, step_size)
    ratio = (step_size * sensitivity + 2 * rounding_error) / (step_size * noise_std)
    gain = -math.expm1(steps * math.log(c)) if c > 0 else 1.0
    return ratio * math.sqrt(gain / (2 - gain) * (1 + c) / (1 - c))
