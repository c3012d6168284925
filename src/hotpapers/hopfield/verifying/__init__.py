"""Whether what is installed computes what it should: checks of a few seconds."""

from hotpapers.hopfield.verifying.checks import Check, verify

__all__ = ["Check", "verify"]
