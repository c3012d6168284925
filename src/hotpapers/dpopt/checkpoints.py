"""A fit that survives being killed: a write-ahead ledger, and the state after each iteration.

The folder holds `ledger.jsonl`, in which every spend stands before its noise exists, and `state.json`, written
whole after each iteration: public settings, what was bought, noisy iterates. No row, nothing derived from rows
but through noise. At whatever instant the process dies the ledger knows of every noisy value that was drawn; a
state that is one iteration behind costs one iteration's budget, never privacy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from hotpapers.common.files import write_text
from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.durable import DurableLedger
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.descent import DescentState, History
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Iterate

__all__ = ["Checkpoint"]

_FORMAT = "hotpapers-dpopt-checkpoint"


class Checkpoint:
    """One fit's folder, new or left by a process that was killed.

    Parameters
    ----------
    folder
        Made where it is missing.
    budget
        Of this fit; no spend beyond it is written.
    terms
        Public settings, plain numbers and words; a folder of a fit with other settings is refused. The rows
        themselves are not compared, as a fingerprint of them would say something about them.

    Raises
    ------
    PrivacyError
        If the folder belongs to another fit, is damaged, or is in use.
    """

    def __init__(self, folder: str | Path, budget: Budget, terms: Mapping[str, Any]) -> None:
        self._folder = Path(folder)
        self._terms = json.loads(json.dumps(dict(terms)))
        self._state: dict[str, Any] = {}
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ledger = DurableLedger(
            self._folder / "ledger.jsonl", budget.relation, unit=budget.unit, budget=budget
        )
        try:
            self._read()
        except BaseException:
            self._ledger.close()
            raise

    @property
    def ledger(self) -> Ledger:
        """What was spent by all processes so far."""
        return self._ledger.ledger

    @property
    def bought(self) -> dict[str, float] | None:
        """Public numbers that were paid for; None where none were saved."""
        found = self._state.get("bought")
        return None if found is None else {name: float(value) for name, value in found.items()}

    @property
    def state(self) -> DescentState | None:
        """Where the descent stood."""
        found = self._state.get("descent")
        if found is None:
            return None
        current, previous = (np.array(found[name], dtype=np.float64) for name in ("current", "previous"))
        return DescentState(
            int(found["iteration"]),
            Iterate(current, previous),
            float(found["step_factor"]),
            History(**found["history"]),
        )

    def spend(self, event: Event) -> None:
        """Put an event on disk; as of `DurableLedger.spend`."""
        self._ledger.spend(event)

    def save_bought(self, bought: Mapping[str, float], state: DescentState) -> None:
        """Keep what was paid for, and the start."""
        self._state["bought"] = dict(bought)
        self.save(state)

    def save(self, state: DescentState) -> None:
        """Keep the state after an iteration."""
        self._state["descent"] = {
            "iteration": state.iteration,
            "current": state.iterate.current.tolist(),
            "previous": state.iterate.previous.tolist(),
            "step_factor": state.step_factor,
            "history": asdict(state.history),
        }
        self._write()

    def close(self) -> None:
        """Let go of the folder."""
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        record = {"format": _FORMAT, "version": 1, "terms": self._terms, **self._state}
        write_text(self._folder / "state.json", json.dumps(record, allow_nan=False) + "\n")

    def _read(self) -> None:
        path = self._folder / "state.json"
        if not path.exists():
            self._write()  # spends that are there already count, whoever made them
            return
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PrivacyError(f"{path} is not a readable checkpoint") from error
        if not isinstance(record, dict) or record.get("format") != _FORMAT or record.get("version") != 1:
            raise PrivacyError(f"{path} is not a checkpoint of version 1")
        if record.get("terms") != self._terms:
            raise PrivacyError(f"{self._folder} belongs to a fit with other settings: give another folder")
        self._state = {name: record[name] for name in ("bought", "descent") if name in record}
