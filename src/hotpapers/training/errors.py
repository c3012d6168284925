"""How training ends when it does not end well."""

from __future__ import annotations

from hotpapers.common.errors import FailureError, HotPapersError, InputError

__all__ = ["DivergedError", "StoppedError", "TrainingError"]


class TrainingError(InputError, ValueError):
    """A setting, task or checkpoint that training cannot use (exit code 2)."""


class DivergedError(FailureError):
    """Gradients stopped being numbers, step after step; a checkpoint was written (exit code 1)."""


class StoppedError(HotPapersError):
    """Somebody asked training to stop; a checkpoint was written (exit code 130, as shells expect)."""

    exit_code = 130
