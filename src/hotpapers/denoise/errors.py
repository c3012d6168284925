"""The room's error: what a caller gave cannot be used."""

from __future__ import annotations

from hotpapers.common.errors import InputError

__all__ = ["DenoiseError"]


class DenoiseError(InputError, ValueError):
    """A recording, option or array of the wrong kind; a `ValueError` too."""
