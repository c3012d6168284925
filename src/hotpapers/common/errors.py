"""The one family of exceptions that the command line turns into a single clear line."""

from __future__ import annotations

__all__ = ["FailureError", "HotPapersError", "InputError", "MissingExtraError", "UnavailableError"]


class HotPapersError(Exception):
    """Root of every error that hotpapers raises on purpose.

    The message is one line for a person: what was wrong with what, what is accepted, what to do.
    The command line prints it to stderr and ends with `exit_code`; a traceback appears only with
    ``--debug``.
    """

    exit_code = 2


class InputError(HotPapersError):
    """What the user gave cannot be used: a file, an option, a date (exit code 2)."""


class MissingExtraError(HotPapersError):
    """A paper was asked for whose optional dependencies are not installed (exit code 2)."""


class FailureError(HotPapersError):
    """The input was fine but the work could not be done: disk full, network down (exit code 1)."""

    exit_code = 1


class UnavailableError(HotPapersError):
    """Something optional is not here (a data set, a browser): whoever asked may skip (exit code 1)."""

    exit_code = 1
