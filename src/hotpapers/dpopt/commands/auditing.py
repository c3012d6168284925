"""`hotpapers dpopt audit`: attack a model's claim, or a mechanism's."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotpapers.dpopt.commands.options import AsJson, say

if TYPE_CHECKING:
    from hotpapers.dpopt.audit.verdicts import AuditResult

__all__ = ["audit"]


class Mode(StrEnum):
    """What is attacked."""

    mechanism = "mechanism"
    one_run = "one-run"
    two_world = "two-world"


class Subject(StrEnum):
    """Mechanisms that can be attacked without a model."""

    laplace = "laplace"
    lattice = "lattice"
    published = "published"


def audit(
    model: Annotated[Path | None, typer.Argument(help="Folder of a model; none with --mechanism.")] = None,
    mode: Annotated[
        Mode,
        typer.Option(
            help="Its noise replayed; one training with canaries; many trainings with and without one."
        ),
    ] = Mode.mechanism,
    mechanism: Annotated[
        Subject | None,
        typer.Option(
            help="A counting query with Laplace noise: in floats, on a lattice, or as published with the paper."
        ),
    ] = None,
    epsilon: Annotated[float, typer.Option(help="Claimed by --mechanism.")] = 1.0,
    draws: Annotated[int, typer.Option(help="Releases in each world, for mode mechanism.")] = 200_000,
    canaries: Annotated[int, typer.Option(help="For mode one-run.")] = 1000,
    runs: Annotated[int, typer.Option(help="Trainings in each world, for mode two-world.")] = 400,
    confidence: Annotated[
        float, typer.Option(help="How sure: a right claim is called wrong at most 1 - this often.")
    ] = 0.95,
    seed: Annotated[int, typer.Option(help="Of the coins and of --mechanism; a model's noise has none.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Bound a claimed ε from below by attacking it; ends with code 1 where the claim is wrong."""
    from hotpapers.common.errors import InputError

    if (model is None) == (mechanism is None):
        raise InputError("give a model's folder, or --mechanism")
    if model is not None:
        result = _of_model(
            model, mode, draws=draws, canaries=canaries, runs=runs, confidence=confidence, seed=seed
        )
    else:
        result = _of_mechanism(str(mechanism), epsilon, draws, confidence, seed)
    say(
        {
            "verdict": result.verdict,
            "epsilon at least": result.eps_lower,
            "claimed": result.claim,
            "delta": result.delta,
            "confidence": result.confidence,
        },
        as_json,
    )
    if result.verdict == "violated":
        raise typer.Exit(1)


def _of_model(
    folder: Path, mode: Mode, *, draws: int, canaries: int, runs: int, confidence: float, seed: int
) -> AuditResult:
    from hotpapers.dpopt.model_audits import audit_canaries, audit_noise, audit_worlds, claim_of
    from hotpapers.dpopt.model_folder import add_audit, load_model
    from hotpapers.dpopt.table_training import TableTraining

    saved = load_model(folder)
    if mode == Mode.mechanism:
        ledger = saved.report.ledger
        claimed = claim_of(ledger, saved.report.budget.delta)
        result = audit_noise(ledger, claimed, draws=draws, confidence=confidence)
    elif mode == Mode.one_run:
        result = audit_canaries(
            TableTraining.of_saved(saved), canaries=canaries, confidence=confidence, seed=seed
        )
    else:
        result = audit_worlds(TableTraining.of_saved(saved), runs=runs, confidence=confidence)
    add_audit(folder, [result])
    return result


def _of_mechanism(name: str, epsilon: float, draws: int, confidence: float, seed: int) -> AuditResult:
    from hotpapers.dpopt.audit import audit_mechanism
    from hotpapers.dpopt.audit.subjects import below_zero, correct_laplace, lattice_laplace, published_laplace

    make = {"laplace": correct_laplace, "lattice": lattice_laplace, "published": published_laplace}[name]
    return audit_mechanism(
        make(epsilon, 0.0),
        make(epsilon, 1.0),
        below_zero,
        claim=epsilon,
        draws=draws,
        confidence=confidence,
        seed=seed,
    )
