"""A room's public face whose names are imported when they are first used.

The front door imports ``hotpapers.ROOM.paper`` of every room, and with it ``hotpapers/ROOM/__init__.py``:
a face that imported its methods outright would bring their heavy libraries into ``hotpapers --help``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["lazy_face"]


def lazy_face(package: str, **modules: tuple[str, ...]) -> Callable[[str], Any]:
    """A ``__getattr__`` for `package` that finds each name in one of its modules.

    Parameters
    ----------
    package
        The room's ``__name__``.
    modules
        Module of the room -> the names that it lends to the face: ``energy=("Energy",)``; one in a
        sub-package goes by its path, ``**{"text.tokens": ("Tokenizer",)}``.

    Examples
    --------
    >>> find = lazy_face("hotpapers.common", arxiv_ids=("normalise_arxiv_id",))
    >>> find("normalise_arxiv_id")("arXiv:2008.02217v3")
    '2008.02217'
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return find
