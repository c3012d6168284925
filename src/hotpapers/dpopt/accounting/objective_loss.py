"""The privacy loss of objective perturbation with a Gaussian linear term: a law that bounds it.

Notation: ``mu = sensitivity / sigma`` with the sensitivity of the gradient sum under the event's relation,
``c`` the determinant term, ``L_m ~ N(m^2/2, m^2)`` the privacy loss of a Gaussian mechanism. The loss of the
released minimiser is at most ``c + max(0, max_v L_v)`` over the vertices v of the box in which the two rows'
derivatives lie (docs/papers/dpopt-privacy.md, "Objective perturbation", derives it):

=================== ================================ ==========================================
relation            sign of the derivative known     sign unknown
=================== ================================ ==========================================
add_remove          one vertex, ``m = mu``           two: ``max = mu^2/2 + mu |Z|``
replace_one         ``m = mu, mu/2, mu/2``           four, ``m_1^2 + m_2^2 <= mu^2``, two of each
=================== ================================ ==========================================

The union bound turns each into tails and hockey-stick divergences in closed form. No independence between
the vertices' losses is used.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.gaussian_dp import gaussian_delta

__all__ = ["objective_delta", "objective_loss_tail"]


def objective_delta(event: Event, epsilon: float) -> float:
    """Delta at which one release of `event` is (epsilon, delta)-DP, at most 1."""
    left = epsilon - event.determinant
    if left < 0:
        return 1.0
    mu = event.sensitivity / event.scale
    monotone = event.mechanism == "objective_gaussian_monotone"
    if event.relation == "add_remove":
        if monotone:
            return gaussian_delta(mu, left)
        if (
            left <= mu * mu / 2
        ):  # the loss always exceeds epsilon: integrate 1 - e^{epsilon - loss} over all z
            return 1 - 2 * math.exp(left) * float(ndtr(-mu))
        return min(1.0, 2 * gaussian_delta(mu, left))
    if monotone:
        return min(1.0, gaussian_delta(mu, left) + 2 * gaussian_delta(mu / 2, left))
    # As a function of v = m^2, delta is 0 at 0 and convex up to v = 2 (sqrt(1 + eps^2) - 1), hence
    # superadditive there: delta(m_1) + delta(m_2) <= delta(mu). Beyond, each is at most delta(mu).
    convex = mu * mu <= 2 * (math.hypot(1.0, left) - 1)
    return min(1.0, (2 if convex else 4) * gaussian_delta(mu, left))


def objective_loss_tail(event: Event, loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """An upper bound of P(privacy loss > loss) for one release, at most 1; for composition with others."""
    left = loss - event.determinant
    mu = event.sensitivity / event.scale
    monotone = event.mechanism == "objective_gaussian_monotone"

    def tail(m: float) -> NDArray[np.float64]:
        return np.asarray(ndtr(m / 2 - left / m))

    if event.relation == "add_remove":
        total = tail(mu) if monotone else 2 * tail(mu)
    else:
        total = tail(mu) + 2 * tail(mu / 2) if monotone else 4 * tail(mu)
    return np.where(left < 0, 1.0, np.minimum(total, 1.0))
