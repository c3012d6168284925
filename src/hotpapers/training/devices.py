"""The hardware of a run: Fabric's processes, precision and device, and torch's switches put back afterwards."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from hotpapers.training.errors import TrainingError
from hotpapers.training.settings import Precision, TrainingSettings

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["launch", "launch_one", "torch_switches", "where"]


def where(devices: str | int, gpus: int) -> tuple[str, int]:
    """Kind and number of devices.

    Parameters
    ----------
    devices
        See `TrainingSettings`.
    gpus
        How many GPUs there are.

    Returns
    -------
    tuple of str and int
        ``"cpu"`` or ``"cuda"``, and the number of processes.

    Raises
    ------
    TrainingError
        If more GPUs are asked for than there are.

    Examples
    --------
    >>> where("auto", gpus=0), where(2, gpus=0), where("cpu:2", gpus=8), where("auto", gpus=8)
    (('cpu', 1), ('cpu', 2), ('cpu', 2), ('cuda', 1))
    """
    if devices == "auto":
        return ("cuda", 1) if gpus else ("cpu", 1)
    if isinstance(devices, int):
        kind, count = "gpu" if gpus else "cpu", devices
    else:
        kind, _, number = devices.partition(":")
        count = int(number or 1)
    if kind == "gpu" and count > gpus:
        raise TrainingError(f"devices={devices!r}, but torch finds {gpus} GPUs here")
    return ("cuda" if kind == "gpu" else "cpu"), count


def launch(settings: TrainingSettings, precision: Precision) -> Fabric:
    """A Fabric with its processes running; each process is a copy of the command that runs now."""
    return _fabric(*where(settings.devices, torch.cuda.device_count()), precision)


def launch_one(precision: Precision) -> Fabric:
    """A Fabric of this process alone, on the CPU."""
    return _fabric("cpu", 1, precision)


def _fabric(kind: str, count: int, precision: Precision) -> Fabric:
    from lightning_fabric import Fabric

    fabric = Fabric(
        accelerator=kind,
        devices=count,
        strategy="ddp" if count > 1 else "auto",
        precision="32" if precision == "auto" else precision,
    )
    fabric.launch()
    return fabric


@contextmanager
def torch_switches(settings: TrainingSettings) -> Iterator[None]:
    """Set torch's threads and determinism as a run needs them; restore them, and the CPU's generator, at the end.

    What third parties say about their own affairs is kept off the terminal meanwhile.
    """
    import lightning_fabric  # its import sets the level of its log

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fabric_log = logging.getLogger(lightning_fabric.__name__)
    level = fabric_log.level
    with torch.random.fork_rng([]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(lightning_fabric|tensorboard|google)\b")
        fabric_log.setLevel(logging.WARNING)
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        if settings.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
            torch.use_deterministic_algorithms(mode=True)
        try:
            yield
        finally:
            fabric_log.setLevel(level)
            torch.use_deterministic_algorithms(deterministic)
            torch.set_num_threads(threads)
