"""The room's error: what a caller gave cannot be used."""

from __future__ import annotations

from hotpapers.common.errors import InputError

__all__ = ["HopfieldError"]


class HopfieldError(InputError, ValueError):
    """A parameter, mask or input of the wrong kind; a `ValueError` too, as torch's users expect."""
