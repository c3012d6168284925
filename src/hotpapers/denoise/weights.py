"""Trained weights: half-precision safetensors, and a card beside them that says what they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from hotpapers.common.files import write_bytes, write_text
from hotpapers.denoise.errors import DenoiseError

__all__ = ["find_weights", "load_net", "read_card", "save_net"]

_SHIPPED = Path(__file__).with_name("weights")


def save_net(path: Path, net: nn.Module, *, model: str, card: Mapping[str, Any]) -> None:
    """Write weights as 16-bit floats, and the card ``PATH.json`` with their SHA-256.

    Parameters
    ----------
    path
        Ends in ``.safetensors``.
    net
        A net with an attribute `settings`: the arguments that build it again.
    model
        Its name in `networks.MODELS`.
    card
        What else there is to say: data with licences, command, seed, steps, scores.

    Raises
    ------
    DenoiseError
        If the name has another ending, or a weight is not finite in 16 bits.
    """
    if path.suffix != ".safetensors":
        raise DenoiseError(f"{path} must end in .safetensors")
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in net.state_dict().items()}
    for name, value in tensors.items():
        if not torch.isfinite(value).all():
            raise DenoiseError(f"weight {name} is not finite in 16 bits")
    content = save(tensors)
    write_bytes(path, content)
    told = {"model": model, "settings": net.settings, "sha256": hashlib.sha256(content).hexdigest(), **card}
    write_text(path.with_suffix(".json"), json.dumps(told, indent=2) + "\n")


def find_weights(model: str | Path) -> Path:
    """The file of weights that ship, by name, or of others, by path.

    Raises
    ------
    DenoiseError
        If there is no such file.
    """
    shipped = _SHIPPED / f"{model}.safetensors"
    if shipped.is_file():
        return shipped
    path = Path(model)
    if path.suffix == ".safetensors" and path.is_file():
        return path
    names = ", ".join(sorted(found.stem for found in _SHIPPED.glob("*.safetensors"))) or "none"
    raise DenoiseError(
        f"no weights {str(model)!r}: give the name of weights that ship ({names}), or a *.safetensors file that "
        "`hotpapers denoise train` wrote"
    )


def read_card(path: Path) -> dict[str, Any]:
    """The card of weights.

    Raises
    ------
    DenoiseError
        If it is missing or incomplete.
    """
    card_path = path.with_suffix(".json")
    try:
        card: dict[str, Any] = json.loads(card_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DenoiseError(f"the card of the weights, {card_path}, cannot be read: {error}") from error
    if missing := {"model", "settings", "sha256"} - set(card):
        raise DenoiseError(f"{card_path} does not say {', '.join(sorted(missing))}")
    return card


def load_net(path: Path) -> nn.Module:
    """The net of a weights file, in evaluation mode.

    Raises
    ------
    DenoiseError
        If the file or its card is missing, its bytes are not the card's, or they do not fit the net.
    """
    from hotpapers.denoise.networks import build_net

    card = read_card(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DenoiseError(f"the weights {path} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != card["sha256"]:
        raise DenoiseError(
            f"{path} is not what its card describes: its SHA-256 is {found[:12]}..., expected {card['sha256'][:12]}..."
        )
    net = build_net(card["model"], card["settings"])
    try:
        net.load_state_dict({name: value.float() for name, value in load(content).items()})
    except (RuntimeError, SafetensorError) as error:
        raise DenoiseError(f"{path} does not hold weights of the model {card['model']!r}") from error
    return net.eval()
