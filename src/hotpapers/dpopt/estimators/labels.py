"""Labels as class numbers, each by itself: the classes are declared, never read from the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["class_numbers", "declared_classes"]


def declared_classes(classes: Any, targets: Any) -> NDArray[Any]:
    """The classes, sorted: as given, by the targets' *type*, or, where that is asked for, as they occur.

    Parameters
    ----------
    classes
        A list; None where the type says it all (booleans, pandas categories); ``"observed"`` to read them from the
        targets, which is private only if it is public knowledge which classes occur.
    targets
        ``(n,)``.

    Raises
    ------
    PrivacyError
        If there is no declaration, or a class stands in it twice.
    """
    if classes is None:
        categories = getattr(getattr(targets, "dtype", None), "categories", None)
        if categories is not None:
            return np.unique(np.asarray(categories))
        if np.asarray(targets).dtype == np.bool_:
            return np.array([False, True])
        raise PrivacyError(
            "classes are not declared: give classes=[...], the labels that may occur, or classes='observed' "
            "if it is public which do"
        )
    if isinstance(classes, str):
        if classes != "observed":
            raise PrivacyError(f"classes must be a list of labels or 'observed': got {classes!r}")
        from sklearn.utils.multiclass import check_classification_targets

        check_classification_targets(targets)
        return np.unique(np.asarray(targets))
    found = np.asarray(list(classes))
    if found.ndim != 1 or len(found) == 0 or len(np.unique(found)) != len(found):
        raise PrivacyError("classes must be a list of one or more different labels")
    return np.sort(found)


def class_numbers(
    targets: ArrayLike, classes: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Place of each label among the classes, ``(n,)``, and which labels are none of them.

    A row whose label is none of the classes counts as a row of zeros, silently: an error would say that there is one.

    Raises
    ------
    PrivacyError
        If labels and classes are of different kinds (words and numbers): the *type* is public.
    """
    labels = np.asarray(targets)
    if labels.dtype == object:
        labels = labels.astype(classes.dtype if classes.dtype.kind in "OU" else object)
    if _kind(labels) != _kind(classes):
        raise PrivacyError(f"labels are {_kind(labels)} and classes are {_kind(classes)}: declare them alike")
    place = np.clip(np.searchsorted(classes, labels), 0, len(classes) - 1)
    unknown = np.asarray(classes[place] != labels)
    numbers = np.where(unknown, 0, place).astype(np.float64)
    return numbers, unknown


def _kind(values: NDArray[Any]) -> str:
    return "numbers" if values.dtype.kind in "biuf" else "words"
