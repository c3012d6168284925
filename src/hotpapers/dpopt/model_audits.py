"""Audits of a saved model: its noise replayed, or its training run again on rows that nobody has.

No private row is read. The training that is attacked is the model's own (settings, budget, schema's bounds) on
invented rows: unit vectors, one for each canary. Below the claim nothing is proved; above it the claim is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting import Event, Ledger
from hotpapers.dpopt.accounting.gaussian_dp import gaussian_epsilon
from hotpapers.dpopt.audit import audit_one_run, audit_two_worlds, event_epsilon, scores_mu
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.releases import LatticeNoise, Noise, NoiseKind
from hotpapers.dpopt.table_training import TableTraining
from hotpapers.dpopt.training import train

__all__ = ["Claimed", "audit_canaries", "audit_noise", "audit_worlds", "claim_of"]

_DELTA = 1e-5
_WIDTH = 4

NoiseOf = Callable[[Event], Noise]


@dataclass(frozen=True)
class Claimed:
    """The pair that is attacked."""

    epsilon: float
    delta: float


def claim_of(ledger: Ledger, delta: float | None) -> Claimed:
    """Epsilon at the budget's delta; pure where there is one; else at 1e-5."""
    if not delta and math.isfinite(ledger.epsilon(0.0)):
        return Claimed(ledger.epsilon(0.0), 0.0)
    return Claimed(ledger.epsilon(delta or _DELTA), delta or _DELTA)


def audit_noise(
    ledger: Ledger,
    claimed: Claimed,
    *,
    draws: int = 200_000,
    confidence: float = 0.95,
    noise_of: NoiseOf | None = None,
) -> AuditResult:
    """Draw the noise of every release again, with and without a change as large as its sensitivity.

    The score of a run is the sum of its releases' log-likelihood ratios, the best test there is.

    Parameters
    ----------
    ledger
        Of Gaussian and Laplace noise on sums over all rows, or in the linear term of objective perturbation.
    claimed
        What is attacked.
    draws
        Runs in each world; half of them choose the threshold.
    confidence
        Of the bound.
    noise_of
        Noise of an event; by default that of the trainings, exact on a lattice.

    Raises
    ------
    PrivacyError
        If the ledger holds another mechanism.
    """
    if draws < 4:
        raise PrivacyError(f"draws must be at least 4: got {draws}")
    null, other = np.zeros(draws), np.zeros(draws)
    gaussian = True
    for event in ledger:
        kind = _kind(event)
        gaussian &= kind == "gaussian"
        noise = LatticeNoise(kind) if noise_of is None else noise_of(event)
        for _ in range(event.count):
            null += _ratio(kind, event, _released(noise, event, draws, moved=False))
            other += _ratio(kind, event, _released(noise, event, draws, moved=True))
    if gaussian and claimed.delta > 0:
        mu = scores_mu(null, other, confidence=confidence)
        lower = gaussian_epsilon(mu, claimed.delta) if mu > 0 else 0.0
        return AuditResult(lower, confidence, claimed.epsilon, claimed.delta, mu_lower=mu)
    lower = _event_bound(null, other, claimed.delta, confidence)
    return AuditResult(lower, confidence, claimed.epsilon, claimed.delta)


def audit_canaries(
    training: TableTraining,
    *,
    canaries: int = 1000,
    guesses: int | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> AuditResult:
    """One training with canaries put in by coin flips, guessed from the released coefficients.

    Parameters
    ----------
    training
        The model's own; its relation must be add_remove.
    canaries, guesses
        m, and r: by default a tenth.
    confidence
        Of the bound.
    seed
        Of the coins; the training's noise is the operating system's.
    """
    if training.budget.relation != "add_remove":
        raise PrivacyError("an audit by canaries is for relation add_remove: use mode mechanism or two-world")
    chosen = max(2, canaries // 20 * 2) if guesses is None else guesses
    claimed = _row_claim(training)

    def score(included: NDArray[np.bool_], _seed: int) -> NDArray[np.float64]:
        return _scores(training, np.eye(canaries, dtype=np.float32)[included])

    return audit_one_run(
        score,
        canaries=canaries,
        guesses=chosen,
        claim=claimed.epsilon,
        delta=claimed.delta,
        confidence=confidence,
        seed=seed,
    )


def audit_worlds(training: TableTraining, *, runs: int = 400, confidence: float = 0.95) -> AuditResult:
    """Many trainings with and without one canary, told apart by its coefficient.

    Parameters
    ----------
    training
        The model's own.
    runs
        Trainings in each world, at least 4.
    confidence
        Of the bound.
    """
    if runs < 4:
        raise PrivacyError(f"runs must be at least 4: got {runs}")
    claimed = _row_claim(training)
    unit = np.eye(1, _WIDTH, dtype=np.float32)
    added = training.budget.relation == "add_remove"
    without, with_canary = (unit[:0], unit) if added else (-unit, unit)

    def fit(rows: NDArray[np.float32], _seed: int) -> float:
        return float(_scores(training, rows)[0])

    if claimed.delta == 0:  # no Gaussian noise, so no mu
        worlds = [np.array([fit(rows, 0) for _ in range(runs)]) for rows in (without, with_canary)]
        lower = _event_bound(worlds[0], worlds[1], 0.0, confidence)
        return AuditResult(lower, confidence, claimed.epsilon, 0.0)
    return audit_two_worlds(
        fit,
        without,
        with_canary,
        lambda released: released,
        runs=runs,
        claim=claimed.epsilon,
        delta=claimed.delta,
        confidence=confidence,
    )


def _row_claim(training: TableTraining) -> Claimed:
    """What the training claims for one row: its budget, met to a thousandth."""
    budget = training.request.budget
    if budget.kind == "pure":
        return Claimed(budget.pure_epsilon(), 0.0)
    delta = training.budget.delta or _DELTA
    if budget.epsilon is not None and budget.delta:
        return Claimed(budget.epsilon, budget.delta)
    return Claimed(gaussian_epsilon(budget.gaussian_mu(training.options.iterations), delta), delta)


def _scores(training: TableTraining, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Coefficients towards the second class (or the largest number) after training on unit vectors."""
    request = training.request
    raw = (
        np.ones(len(rows))
        if request.loss.outputs == 1
        else np.full(len(rows), float(request.loss.outputs - 1))
    )
    theta = train(rows, request.loss.encode(raw), request, randomness=Randomness()).theta
    return np.asarray(theta if theta.ndim == 1 else theta[:, -1] - theta[:, :-1].mean(axis=1))


def _kind(event: Event) -> NoiseKind:
    kind = event.mechanism.removeprefix("objective_").removesuffix("_monotone")
    if kind not in {"gaussian", "laplace"} or event.sampling.kind != "full":
        raise PrivacyError(
            f"noise of {event.mechanism} with {event.sampling.kind} sampling is not replayed: use mode one-run or "
            "two-world"
        )
    return cast(NoiseKind, kind)


def _released(noise: Noise, event: Event, draws: int, *, moved: bool) -> NDArray[np.float64]:
    """So many releases of a sum that is 0, or moved by the sensitivity."""
    spacing = math.ldexp(1.0, math.floor(math.log2(event.scale)) - 30)
    shift = round(event.sensitivity / spacing) if moved else 0
    return noise.added(np.full(draws, shift, dtype=np.int64), event.scale, spacing)


def _ratio(kind: str, event: Event, released: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the likelihood of each release where the sum moved, over that where it did not."""
    sensitivity, scale = event.sensitivity, event.scale
    if kind == "gaussian":
        return np.asarray((released - sensitivity / 2) * sensitivity / scale**2)
    return np.asarray((np.abs(released) - np.abs(released - sensitivity)) / scale)


def _event_bound(
    null: NDArray[np.float64], other: NDArray[np.float64], delta: float, confidence: float
) -> float:
    """The event "score at least c", c chosen on one half of the runs and counted on the other."""
    half = len(null) // 2

    def bound(at: float, part: slice) -> float:
        hits = [int(np.count_nonzero(scores[part] >= at)) for scores in (other, null)]
        return event_epsilon(hits[0], hits[1], len(null[part]), delta=delta, confidence=confidence)

    candidates = np.unique(
        np.quantile(np.concatenate([null[:half], other[:half]]), np.linspace(0.02, 0.98, 33))
    )
    best = max(candidates, key=lambda at: bound(float(at), slice(half)))
    return bound(float(best), slice(half, None))
