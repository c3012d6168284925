"""The room's error: what a caller gave cannot be used."""

from __future__ import annotations

from hotpapers.common.errors import InputError

__all__ = ["DenoiseError"]


class DenoiseError(InputError, ValueError):
    """A recording, an array or a setting that cannot be used; a `ValueError` too, as numpy's users expect."""
