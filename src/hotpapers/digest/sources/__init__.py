"""Where mentions come from: networks, archives and files, all behind one small interface."""

from hotpapers.digest.sources.base import Page, Source
from hotpapers.digest.sources.registry import available_sources, open_source

__all__ = ["Page", "Source", "available_sources", "open_source"]
