"""A saved model's score on test rows, charged to the model's own record and to an account of the test rows."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.errors import InputError
from hotpapers.dpopt.accounting import DurableLedger, Event
from hotpapers.dpopt.errors import SchemaError
from hotpapers.dpopt.evaluation import Score, exact_score, private_score
from hotpapers.dpopt.model_folder import EVALUATIONS, load_model, refresh_report
from hotpapers.dpopt.noise.scales import laplace_scale
from hotpapers.dpopt.releases import noise_event
from hotpapers.dpopt.training_folder import open_account

__all__ = ["evaluate_folder"]


def evaluate_folder(
    folder: Path,
    data: Path,
    *,
    epsilon: float | None = None,
    public: bool = False,
    target: str | None = None,
    rows: int | None = None,
    account: Path | None = None,
) -> Score:
    """The score of the model in `folder`.

    Parameters
    ----------
    folder, data
        Model and test rows.
    epsilon
        What it may cost; or
    public
        the rows are public and the score is exact.
    target
        If given, must be the schema's.
    rows
        The public number of test rows, for replace_one.
    account
        File of an account of the test rows.

    Raises
    ------
    InputError
        Unless exactly one of `epsilon` and `public` is given.
    BudgetError
        If the account does not cover it. No row was read.
    """
    if public == (epsilon is not None):
        raise InputError("say --epsilon-eval (a score with noise, charged) or --public-data (an exact one)")
    saved = load_model(folder)
    declared = saved.model.schema.target
    if target is not None and (declared is None or declared.column != target):
        raise SchemaError(f"the model's target is not column {target!r}")
    if epsilon is None:
        return exact_score(saved.model, data)
    relation, unit = saved.report.ledger.relation, saved.report.ledger.unit
    shared = None if account is None else open_account(account)
    try:
        with DurableLedger(Path(folder) / EVALUATIONS, relation, unit=unit) as own:
            if shared is not None and epsilon > 0:
                most = float(saved.model.schema.rows_per_unit)
                shared.require(
                    [
                        noise_event(
                            "laplace", most, laplace_scale(most, epsilon), relation, "score on test rows"
                        )
                    ]
                )

            def spend(event: Event) -> None:
                if shared is not None:
                    shared.spend(event)
                own.spend(event)

            score = private_score(saved.model, data, epsilon, relation, spend=spend, rows=rows)
    finally:
        if shared is not None:
            shared.close()
    refresh_report(folder)
    return score
