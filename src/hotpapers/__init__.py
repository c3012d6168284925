"""hotpapers: the daily digest whose papers run."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("hotpapers")
