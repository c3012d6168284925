"""Predictions for the rows of a file, written as a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hotpapers.common.errors import InputError
from hotpapers.common.files import atomic_path
from hotpapers.dpopt.errors import SchemaError
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.tables.fields import words
from hotpapers.dpopt.tables.rows import Block, read_rows
from hotpapers.dpopt.tables.schema import Interval

__all__ = ["WRITTEN", "predict_file"]

WRITTEN = (".csv", ".tsv", ".parquet", ".feather", ".arrow")


def predict_file(model: LinearModel, data: Path, out: Path, *, keep: str | None = None) -> None:
    """A line for each row that can be read: the kept column, the prediction, and probabilities where there are any.

    Parameters
    ----------
    model
        By its schema, whose target the file need not have.
    data
        Rows, as in training. A row that cannot be read (a wrong number of fields, an open quotation mark) is left
        out in silence, so give `keep` to know whose prediction is whose.
    out
        .csv, .tsv, .parquet, .feather or .arrow; written whole or not at all.
    keep
        Column to put before the predictions.

    Raises
    ------
    InputError
        If `out` has another ending.
    SchemaError
        If the file lacks a column.
    """
    import pyarrow as pa

    if Path(out).suffix.lower() not in WRITTEN:
        raise InputError(f"{out}: predictions are written as {', '.join(WRITTEN)}")
    if keep is not None and keep in {"prediction", *(f"p({name})" for name in model.classes)}:
        raise SchemaError(f"column {keep!r} has the name of a prediction: rename it")
    # The column to keep stands where the unit stood: it is read, and not a feature.
    schema = replace(model.schema, target=None, unit=keep, rows_per_unit=1)
    none = {name: pa.array([], pa.string()) for name in schema.used}
    blocks = [_predicted(model, block, keep) for block in (none, *read_rows(data, schema))]
    with atomic_path(Path(out)) as temporary:
        _write(pa.concat_tables(blocks), temporary, Path(out).suffix.lower())


def _predicted(model: LinearModel, block: Block, keep: str | None) -> Any:
    import pyarrow as pa

    features = model.design.features(block)
    columns: dict[str, Any] = (
        {} if keep is None else {keep: pa.array(words(block[keep])).cast(pa.large_string())}
    )
    if isinstance(model.schema.target, Interval):
        return pa.table({**columns, "prediction": model.numbers(features)})
    columns["prediction"] = pa.array(model.classes).take(pa.array(model.class_numbers(features)))
    found = model.probabilities(features)
    if found is None:
        columns[f"margin({model.outputs[0]})"] = model.margins(features)
    else:
        columns |= {f"p({name})": found[:, at] for at, name in enumerate(model.classes)}
    return pa.table(columns)


def _write(table: Any, path: Path, kind: str) -> None:
    import pyarrow.csv
    import pyarrow.feather
    import pyarrow.parquet

    if kind in {".csv", ".tsv"}:
        options = pyarrow.csv.WriteOptions(delimiter="\t" if kind == ".tsv" else ",")
        pyarrow.csv.write_csv(table, path, options)
    elif kind == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, str(path))
