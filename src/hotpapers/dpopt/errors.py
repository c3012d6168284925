"""The room's errors: none of them ever says anything about the rows."""

from __future__ import annotations

from hotpapers.common.errors import FailureError, InputError

__all__ = ["BudgetError", "PrivacyError", "RowsError", "SchemaError"]


class PrivacyError(InputError, ValueError):
    """A parameter of a private computation is missing or impossible; a `ValueError` too, as scikit-learn expects."""


class BudgetError(PrivacyError):
    """The accountant has less budget left than was asked for; raised before any row is read."""


class SchemaError(PrivacyError):
    """A schema leaves something open that would otherwise have to be read from the rows."""


class RowsError(FailureError):
    """A file of rows cannot be read as a whole; the message never quotes its content."""
