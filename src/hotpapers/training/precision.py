"""Half precision: which one to take, and how a module's forward pass computes in it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from hotpapers.training.errors import TrainingError
from hotpapers.training.settings import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["check_precision", "faster_precision", "gpu_precision", "mixed_forward"]

_TIMED_STEPS = 3
_MARGIN = 0.9  # bf16 costs digits: it is taken only where it saves a tenth of the time


def check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse what the device cannot do.

    Raises
    ------
    TrainingError
        For fp16 on a CPU.
    """
    if precision == "16-mixed" and device.type == "cpu":
        raise TrainingError("precision 16-mixed needs a GPU: on a CPU take 32, bf16-mixed or auto")


def gpu_precision() -> Precision:
    """bf16 where the GPU has units for it, else fp16."""
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def faster_precision(
    trial: Callable[[Precision], Callable[[], Any]], clock: Callable[[], float] = time.perf_counter
) -> Precision:
    """Time a few steps of float32 and of bf16 and keep the faster.

    Parameters
    ----------
    trial
        Makes, for a precision, a function that takes one step of a run that is thrown away.
    clock
        In seconds.

    Returns
    -------
    Precision
        ``"bf16-mixed"`` where its fastest step takes less than 0.9 of float32's and torch has all operations
        in bf16; else ``"32"``.
    """
    full = _fastest(trial("32"), clock)
    try:
        half = _fastest(trial("bf16-mixed"), clock)
    except (RuntimeError, NotImplementedError):  # an operation that this CPU's torch lacks in bf16
        return "32"
    return "bf16-mixed" if half < _MARGIN * full else "32"


def _fastest(step: Callable[[], Any], clock: Callable[[], float]) -> float:
    step()  # the first one allocates and chooses kernels
    times = []
    for _ in range(_TIMED_STEPS):
        start = clock()
        step()
        times.append(clock() - start)
    return min(times)


@contextmanager
def mixed_forward(modules: Mapping[str, nn.Module], fabric: Fabric) -> Iterator[None]:
    """Within, calls of `modules` compute under autocast and return float32.

    Fabric's own wrapper would also round the *inputs* to half precision: 8 bits for a waveform's sample or a
    ray's coordinate, before the module can take care. So only the computation is cast.
    """
    precision = fabric.strategy.precision
    if getattr(precision, "precision", "32-true") == "32-true":
        yield
        return

    def wrapped(forward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(forward)
        def cast(*args: Any, **kwargs: Any) -> Any:
            with precision.forward_context():
                output = forward(*args, **kwargs)
            return precision.convert_output(output)

        return cast

    for module in modules.values():
        module.forward = wrapped(module.forward)
    try:
        yield
    finally:
        for module in modules.values():
            del module.forward
