"""One training loop for every learned paper, on Lightning Fabric: the paper brings a `Task`, the loop the rest.

Devices, precision, averaged weights, checkpoints, exact resume, logs, seeds and progress live here and nowhere
else; a paper's losses and networks know nothing of them.
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.training.checkpoints import load_weights
    from hotpapers.training.errors import DivergedError, StoppedError, TrainingError
    from hotpapers.training.loop import TrainingResult, train
    from hotpapers.training.seeds import derived_seed
    from hotpapers.training.settings import TrainingSettings
    from hotpapers.training.task import Run, Task

__all__ = [
    "DivergedError",
    "Run",
    "StoppedError",
    "Task",
    "TrainingError",
    "TrainingResult",
    "TrainingSettings",
    "derived_seed",
    "load_weights",
    "train",
]

__getattr__ = lazy_face(
    __name__,
    checkpoints=("load_weights",),
    errors=("DivergedError", "StoppedError", "TrainingError"),
    loop=("TrainingResult", "train"),
    seeds=("derived_seed",),
    settings=("TrainingSettings",),
    task=("Run", "Task"),
)
