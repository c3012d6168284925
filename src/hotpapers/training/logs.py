"""The log of a run: a CSV table that can be read at any time, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
import importlib.util
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotpapers.common.files import write_text
from hotpapers.training.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Log", "Means", "cut_after"]

LOG = "log.csv"


class Means:
    """Means of what the steps since the last row returned.

    Values stay on their device until a row is due, so that a GPU need not wait for the log.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[float | Tensor]] = {}

    def add(self, values: Mapping[str, float | Tensor]) -> None:
        """Note the values of one step."""
        for name, value in values.items():
            held = value if isinstance(value, int | float) else value.detach()
            self.values.setdefault(name, []).append(held)

    def take(self) -> dict[str, float]:
        """The mean of each value so far, exactly rounded; then begin anew."""
        means = {name: math.fsum(map(float, values)) / len(values) for name, values in self.values.items()}
        self.values = {}
        return means

    def state_dict(self) -> dict[str, list[float]]:
        """The values so far."""
        self.values = {name: list(map(float, values)) for name, values in self.values.items()}
        return {name: list(map(float, values)) for name, values in self.values.items()}

    def load_state_dict(self, state: Mapping[str, Sequence[float]]) -> None:
        """Go on from `state`."""
        self.values = {name: list(values) for name, values in state.items()}


class Log:
    """Rows of numbers by step, each written at once and whole.

    Parameters
    ----------
    folder
        Of the run; the table is ``log.csv``.
    step
        Rows after this step are cut: they are about to be made again. 0 begins a new table.
    tensorboard
        Write to ``tensorboard/`` as well, where it is installed.
    """

    def __init__(self, folder: Path, *, step: int, tensorboard: bool) -> None:
        self.path = folder / LOG
        old = self.path.read_text(encoding="utf-8") if step and self.path.exists() else ""
        self._columns, rows = cut_after(old, step)
        self._rewrite(rows)
        self._board: Any = None
        if tensorboard and importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Write one row; a name that is new becomes a column, empty in the rows before."""
        new = [name for name in values if name not in self._columns]
        if new:
            _, rows = cut_after(self.path.read_text(encoding="utf-8"), step)
            self._columns = [*self._columns, *new]
            self._rewrite(rows)
        cells = {"step": str(step), **{name: repr(float(value)) for name, value in values.items()}}
        with self.path.open("a", encoding="utf-8", newline="") as stream:
            stream.write(_line([cells.get(name, "") for name in self._columns]))
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, float(value), step)

    def close(self) -> None:
        """Write out what TensorBoard still holds."""
        if self._board is not None:
            self._board.close()

    def _rewrite(self, rows: Sequence[Mapping[str, str]]) -> None:
        lines = [self._columns, *([row.get(name, "") for name in self._columns] for row in rows)]
        write_text(self.path, "".join(map(_line, lines)))


def cut_after(text: str, step: int) -> tuple[list[str], list[dict[str, str]]]:
    r"""Columns and rows of a log up to `step`; a last line without its line feed was torn and is cut.

    Raises
    ------
    TrainingError
        If it is no log.

    Examples
    --------
    >>> cut_after("step,loss\n10,0.5\n20,0.4\n30,0.", 10)
    (['step', 'loss'], [{'step': '10', 'loss': '0.5'}])
    """
    whole = text[: text.rfind("\n") + 1]
    if not whole:
        return ["step"], []
    reader = csv.DictReader(io.StringIO(whole))
    columns = list(reader.fieldnames or [])
    try:
        rows = [row for row in reader if int(row["step"]) <= step]
    except (KeyError, ValueError, TypeError) as error:
        raise TrainingError("log.csv is not a log of training: its first column is no step") from error
    return columns, rows


def _line(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()
