"""What the commands about heads do: from a model's folder and a text to a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from hotpapers.common.console import progress
from hotpapers.common.errors import FailureError
from hotpapers.common.files import write_text
from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.analysing import analyze_heads
from hotpapers.hopfield.heads.losses import ReplacementCosts, replacement_costs
from hotpapers.hopfield.heads.models import load_model, mask_id_of, read_batches
from hotpapers.hopfield.heads.reports import HeadReport

__all__ = ["analyze", "as_lines", "costs_as_dict", "replace", "report_as_dict"]


def _text(path: Path | None) -> str:
    """The text of a file, or the one that is everywhere."""
    if path is None:
        from hotpapers.hopfield.heads.character_model import corpus

        return corpus()[1]
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HopfieldError(f"{path} is no text in UTF-8: byte {error.start} can't be read") from error
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror}") from error


def analyze(
    model: Path,
    text: Path | None,
    out: Path | None,
    *,
    length: int | None = None,
    sequences: int = 16,
    device: str = "cpu",
) -> HeadReport:
    """Read the heads of a model on a text; writes heads.csv, heads.json and heads.svg into `out`."""
    where = check_device(device)
    loaded = load_model(model).to(where)
    batches = read_batches(model, loaded, _text(text), length=length, sequences=sequences)
    report = analyze_heads(loaded, progress(batches, "reading", len(batches)))
    if out is not None:
        report.to_csv(out / "heads.csv")
        write_text(out / "heads.json", json.dumps(report_as_dict(report), indent=1) + "\n")
        report.plot(
            out / "heads.svg", f"Heads of {model.name}: share of tokens that hold 90 % of the attention"
        )
    return report


def report_as_dict(report: HeadReport) -> dict[str, Any]:
    """The report as plain values."""
    from dataclasses import asdict

    return {
        "classes by": "k/n" if report.by_share else "k",
        "layers": report.class_counts(),
        "heads": [asdict(head) for head in report.heads()],
    }


def replace(
    model: Path,
    text: Path | None,
    *,
    kind: Literal["uniform", "gaussian"] = "uniform",
    budget: float = 0.01,
    length: int | None = None,
    sequences: int = 16,
    device: str = "cpu",
) -> ReplacementCosts:
    """What replacing heads by averaging costs on a text; bells are fitted on every other batch of it."""
    where = check_device(device)
    loaded = load_model(model).to(where)
    batches = read_batches(model, loaded, _text(text), length=length, sequences=sequences)
    fit_on: Sequence[Any] = batches
    if kind == "gaussian":
        if len(batches) < 2:
            raise HopfieldError(
                "bells are fitted on one half of the text and measured on the other: give a longer one"
            )
        batches, fit_on = batches[::2], batches[1::2]
    return replacement_costs(
        loaded,
        batches,
        kind,
        budget,
        fit_on=list(fit_on),
        mask_id=mask_id_of(model),
        progress=lambda heads: progress(heads, "replacing", len(heads)),
    )


def costs_as_dict(costs: ReplacementCosts) -> dict[str, Any]:
    """The costs as plain values."""
    return {
        "kind": costs.kind,
        "loss": costs.base,
        "heads": [
            {"layer": at[0], "head": at[1], "rise": costs.rise(loss)} for at, loss in costs.heads.items()
        ],
        "layers": [{"layer": at, "rise": costs.rise(loss)} for at, loss in costs.layers.items()],
        "budget": costs.budget,
        "replaceable": [list(head) for head in costs.chosen],
        "rise together": costs.rise(costs.together),
    }


def as_lines(costs: ReplacementCosts) -> str:
    """The costs for the terminal."""
    lines = [f"loss {costs.base:.4f} nats a token; heads replaced by {costs.kind} averaging raise it by"]
    for layer, loss in costs.layers.items():
        alone = [costs.rise(one) for (at, _), one in costs.heads.items() if at == layer]
        lines.append(
            f"layer {layer}: {min(alone):+.2%} to {max(alone):+.2%} one at a time, {costs.rise(loss):+.2%} all together"
        )
    named = ", ".join(f"{layer}.{head}" for layer, head in costs.chosen) or "none"
    lines.append(
        f"within {costs.budget:.1%}: {len(costs.chosen)} of {len(costs.heads)} heads "
        f"({costs.rise(costs.together):+.2%}): {named}"
    )
    return "\n".join(lines)
