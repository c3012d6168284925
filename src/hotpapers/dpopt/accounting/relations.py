"""Which data sets count as neighbours, and what their difference does to a sum of clipped terms."""

from __future__ import annotations

from typing import Literal

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["Relation", "check_relation", "sum_sensitivity"]

Relation = Literal["add_remove", "replace_one"]


def check_relation(relation: str) -> None:
    """Refuse what is not a neighbouring relation."""
    if relation not in ("add_remove", "replace_one"):
        raise PrivacyError(f"relation must be 'add_remove' or 'replace_one': got {relation!r}")


def sum_sensitivity(bound: float, relation: Relation) -> float:
    """Sensitivity of a sum of terms, each at most `bound` long, in the norm that the bound is in.

    With one row more or less the sum moves by one term, at most `bound`; with one row replaced by one term
    less and another more, at most ``2 * bound`` by the triangle inequality, which opposite terms attain.

    Raises
    ------
    PrivacyError
        If the bound is not positive and finite or the relation is unknown.
    """
    check_relation(relation)
    if not 0 < bound < float("inf"):
        raise PrivacyError(f"the bound on a term must be positive and finite: got {bound!r}")
    return bound if relation == "add_remove" else 2 * bound
