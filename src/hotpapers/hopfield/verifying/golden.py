"""The reference's values: 40 layers with results and gradients, and three settings of the theory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hotpapers.common.errors import InputError
from hotpapers.hopfield.convergence import update
from hotpapers.hopfield.fixed_sets import HopfieldLayer, HopfieldPooling
from hotpapers.hopfield.layers import Hopfield
from hotpapers.hopfield.retrieval import largest_norm, retrieval_bound, separation
from hotpapers.hopfield.transformer import HopfieldDecoderLayer, HopfieldEncoderLayer

__all__ = ["golden_file", "golden_layers", "golden_theory"]

_OUT, _CONVERGED, _GRADIENT, _THEORY = 2e-5, 1e-4, 2e-4, 1e-9
_LAYERS: dict[str, Any] = {cls.__name__: cls for cls in (Hopfield, HopfieldPooling, HopfieldLayer)}


def golden_file(folder: Path, name: str) -> Path:
    """The file of that name.

    Raises
    ------
    InputError
        If it is not there.
    """
    path = folder / name
    if not path.is_file():
        raise InputError(f"{folder} has no {name}, which holds the reference's values")
    return path


def golden_layers(path: Path, device: str = "cpu") -> tuple[str, bool]:
    """How many cases agree in results and gradients, and the worst case's excess."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    meta = json.loads(bytes(arrays["meta.json"]))
    wrong = []
    for case, about in meta.items():
        of = {name.removeprefix(f"{case}/"): a for name, a in arrays.items() if name.startswith(f"{case}/")}
        if not _case_agrees(about, of, device):
            wrong.append(case)
    said = f"{len(meta) - len(wrong)} of {len(meta)} cases agree in results and gradients"
    return said + (f", not {', '.join(wrong[:5])}" if wrong else ""), not wrong


def _case_agrees(about: Mapping[str, Any], of: Mapping[str, Any], device: str) -> bool:
    layer = _layer(about["cls"], about["kwargs"]).eval()
    state = {k.removeprefix("state/"): torch.from_numpy(v) for k, v in of.items() if k.startswith("state/")}
    layer.load_state_dict(state, strict=True)
    layer.to(device)
    inputs = [torch.from_numpy(of[f"in/{name}"]).to(device).requires_grad_() for name in about["inputs"]]
    masks = {name: torch.from_numpy(of[f"mask/{name}"]).to(device) for name in about["masks"]}
    given: Any = inputs
    if about["cls"] in _LAYERS:
        given = (inputs[0] if len(inputs) == 1 else tuple(inputs),)
    out = layer(*given, **masks)
    tolerance = _CONVERGED if about["kwargs"].get("update_steps_max", 0) is None else _OUT
    if not _near(out, of["out"], tolerance, tolerance):
        return False
    (out * torch.from_numpy(of["loss_weight"]).to(device)).sum().backward()
    gradients = {f"grad/{name}": parameter.grad for name, parameter in layer.named_parameters()}
    gradients |= {f"gradin/{name}": x.grad for name, x in zip(about["inputs"], inputs, strict=True)}
    for name, gradient in gradients.items():
        expected = of.get(name)
        if (
            expected is None or not expected.size or gradient is None
        ):  # a gradient that one of both has not is 0
            largest = 0.0 if gradient is None else float(gradient.abs().max())
            missing = float(np.abs(expected).max()) if expected is not None and expected.size else 0.0
            if max(largest, missing) > _GRADIENT:
                return False
        elif not _near(gradient, expected, _GRADIENT, _GRADIENT * max(1.0, float(np.abs(expected).max()))):
            return False
    return True


def _layer(cls: str, given: Mapping[str, Any]) -> nn.Module:
    kwargs: dict[str, Any] = {
        key: torch.tensor(value) if isinstance(value, list) else value for key, value in given.items()
    }
    if cls in _LAYERS:
        made: nn.Module = _LAYERS[cls](**kwargs)
        return made
    own = {key: kwargs.pop(key) for key in ("dim_feedforward", "dropout")}
    if cls == "HopfieldEncoderLayer":
        return HopfieldEncoderLayer(Hopfield(**kwargs), **own)
    return HopfieldDecoderLayer(Hopfield(**kwargs), Hopfield(**kwargs), **own)


def _near(found: Tensor, expected: Any, relative: float, absolute: float) -> bool:
    other = torch.as_tensor(expected)
    mine = found.detach().cpu()
    return mine.shape == other.shape and torch.allclose(mine, other, rtol=relative, atol=absolute)


def golden_theory(path: Path) -> tuple[str, bool]:
    """Separations, errors of one update and bounds, and whether an error exceeds its bound."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    columns = arrays["columns"].tolist()
    worst, broken, patterns = 0.0, 0, 0
    for setting in ("a", "b", "c"):
        x, beta = torch.from_numpy(arrays[f"{setting}/X"]), float(arrays[f"{setting}/params"][3])
        worst = max(worst, _apart(separation(x).tolist(), arrays[f"{setting}/Delta"].tolist()))
        worst = max(worst, _apart([largest_norm(x)], [float(arrays[f"{setting}/params"][4])]))
        for at, row in enumerate(arrays[f"{setting}/table"]):
            expected = dict(zip(columns, row, strict=True))
            state = torch.from_numpy(arrays[f"{setting}/xi"][at])
            error = float(torch.dist(update(state, x, beta), x[at]))
            bound = retrieval_bound(x, at, state, beta).error
            wanted = [expected["one_update_error"], expected["thm5_bound"]]
            worst = max(worst, _apart([error, bound], wanted))
            broken += error > bound
            patterns += 1
    said = f"{patterns} patterns, largest difference {worst:.0%} of what is allowed, {broken} bounds broken"
    return said, worst <= 1 and not broken


def _apart(found: list[float], expected: list[float]) -> float:
    """The largest difference, in units of what is allowed: 1e-9; 1e-6 of values below 1e-7, which cancel; 1e-12."""
    return max(
        abs(one - other) / max(abs(other) * (_THEORY if abs(other) >= 1e-7 else 1e-6), 1e-12)
        for one, other in zip(found, expected, strict=True)
    )
