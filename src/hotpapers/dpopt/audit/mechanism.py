"""Audit of one noisy release: how differently one event falls in two neighbouring worlds.

If a mechanism is (epsilon, delta)-DP then ``P_0(E) <= e^epsilon P_1(E) + delta`` for every event E, so

    epsilon >= ln( (P_0(E) - delta) / P_1(E) ).

With Clopper-Pearson bounds on both probabilities, each at half the error, the right side is a lower bound at
the stated confidence: it exceeds the true epsilon of a correct mechanism at most that rarely.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.audit.verdicts import AuditResult, check_claim, rate_bounds

__all__ = ["audit_mechanism", "event_epsilon"]

World = Callable[[int, np.random.Generator], NDArray[Any]]


def audit_mechanism(
    likely_world: World,
    unlikely_world: World,
    event: Callable[[NDArray[Any]], NDArray[np.bool_]],
    *,
    claim: float,
    delta: float = 0.0,
    draws: int = 100_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> AuditResult:
    """Lower bound on epsilon from `draws` releases in each of two neighbouring worlds.

    Parameters
    ----------
    likely_world, unlikely_world
        Each gives ``[draws, ...]`` independent releases on its data set when called with a number and a
        generator. A mechanism with its own entropy may ignore the generator.
    event
        Which releases count, ``[draws]`` of booleans; chosen beforehand, more likely in the first world. (A
        threshold picked on the same draws would need a correction.)
    claim, delta
        The privacy that is claimed.
    draws
        In each world.
    confidence
        Of the bound.
    seed
        Of the generator.
    """
    check_claim(claim, delta, confidence)
    generator = np.random.default_rng(seed)
    hits = [int(np.count_nonzero(event(world(draws, generator)))) for world in (likely_world, unlikely_world)]
    lower = event_epsilon(hits[0], hits[1], draws, delta=delta, confidence=confidence)
    return AuditResult(eps_lower=lower, confidence=confidence, claim=claim, delta=delta)


def event_epsilon(
    hits_likely: int, hits_unlikely: int, draws: int, *, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """``max(0, ln((lower bound of P_0 - delta) / upper bound of P_1))`` from the counts of an event."""
    error = (1 - confidence) / 2
    low, _ = rate_bounds(hits_likely, draws, error)
    _, high = rate_bounds(hits_unlikely, draws, error)
    return max(0.0, math.log((low - delta) / high)) if low > delta else 0.0
