"""A training that becomes a folder: nothing of it is half written, and what it spent is on disk before it shows.

While it runs, ``.NAME.training`` beside the folder to be holds its write-ahead ledger (and its state, where it can go
on). When the model is whole it takes its name, and only then the other is removed. A training that was killed
leaves the ledger there: the same command refuses to start anew, which would forget what was spent.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hotpapers.common.errors import InputError
from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting import Budget, DurableLedger, Event, read_account, read_durable
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.errors import BudgetError, PrivacyError
from hotpapers.dpopt.model_folder import SavedModel, save_model
from hotpapers.dpopt.table_training import TableTraining

__all__ = ["open_account", "train_to_folder", "unfinished"]


@dataclass(frozen=True)
class _Both:
    """The shared account and the training's own ledger: the shared one is told first."""

    shared: Accountant | None
    own: Accountant

    durable = True

    def require(self, events: Iterable[Event]) -> None:
        planned = list(events)
        for account in self._told():
            account.require(planned)

    def spend(self, event: Event) -> None:
        for account in self._told():
            account.spend(event)

    def _told(self) -> list[Accountant]:
        return [self.own] if self.shared is None else [self.shared, self.own]


def unfinished(folder: Path) -> Path:
    """Where the training of `folder` keeps its ledger while it runs."""
    return folder.parent / f".{folder.name}.training"


def open_account(path: Path) -> Accountant:
    """The account in a file that several trainings share.

    Raises
    ------
    PrivacyError
        If it is no account, or another process has it open.
    """
    return Accountant(read_account(path), path)


def train_to_folder(
    training: TableTraining, data: Path, folder: Path, *, account: Path | None = None, resume: bool = False
) -> SavedModel:
    """Train and write `folder`.

    Parameters
    ----------
    training
        What to do.
    data
        Rows.
    folder
        Of the model; must not be there.
    account
        File of an account that several trainings share.
    resume
        Go on with a training that was killed.

    Raises
    ------
    InputError
        If the folder is there, or a killed training of it is and `resume` is not given.
    BudgetError
        If the account, or what a killed training left, does not cover the training. No row was read.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} is there already: give another name, or remove it")
    working = unfinished(folder)
    if not resume:
        _forget_if_unspent(working)
    if working.exists() and not resume:
        raise InputError(
            f"a training of {folder} did not end, and what it spent stands in {working}: "
            "go on with --resume, or train under another name and count both"
        )
    if resume and not working.exists():
        raise InputError(f"there is no training of {folder} to go on with")
    shared = None if account is None else open_account(account)
    try:
        training.require(shared)
        working.mkdir(parents=True, exist_ok=True)
        try:
            saved = _trained(training, data, working, shared)
            save_model(saved, folder)
        except Exception:
            _forget_if_unspent(working)
            raise
    finally:
        if shared is not None:
            shared.close()
    shutil.rmtree(working, ignore_errors=True)
    return saved


def _forget_if_unspent(working: Path) -> None:
    """Remove what a training left that ended before it spent anything; one that is running is left alone."""
    path = working / "ledger.jsonl"
    if path.exists():
        spent = read_durable(path)
        if len(spent):
            return
        try:
            with DurableLedger(path, spent.relation, unit=spent.unit):
                pass
        except PrivacyError:
            return
    shutil.rmtree(working, ignore_errors=True)


def _trained(training: TableTraining, data: Path, working: Path, shared: Accountant | None) -> SavedModel:
    budget: Budget = training.request.budget
    if training.resumable:
        with Checkpoint(working, budget, {**training.terms(), "data": data.name}) as checkpoint:
            return training.run(data, account=shared, checkpoint=checkpoint)
    own = Accountant(training.budget, working / "ledger.jsonl")
    try:
        if len(own.ledger):
            raise BudgetError(
                f"the unfinished training in {working} spent its budget at once and released nothing: "
                "train under another name with a new budget, and count both"
            )
        both = cast(Accountant, _Both(shared, own))
        return training.run(data, account=both)
    finally:
        own.close()
