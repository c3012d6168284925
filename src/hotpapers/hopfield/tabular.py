"""A classifier of table rows whose stored patterns are the training rows (the paper's small data sets).

The lookup layer of the paper with the training set as stored patterns and its labels as what they
recall: a row's class is the attention of its projection over all training rows, W x against W x_i. Only
the projection W is learned. While it is, a row may not retrieve itself: it would learn nothing else.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.functional import hopfield_retrieve

__all__ = ["HopfieldMemoryClassifier"]

_LEAST = 1e-6  # of a class's probability, under the logarithm
_BATCH = 512
_BLOCK = 4096


class HopfieldMemoryClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify rows by their association with all training rows.

    Parameters
    ----------
    hidden_size
        Width of the association space.
    epochs
        Times through the training rows.
    learning_rate, weight_decay
        Of AdamW; decay draws the projection towards its start, the first principal directions.
    dropout
        Share of features hidden from each query while learning.
    random_state
        Seed of order and dropout.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    stored_, recalled_ : Tensor
        Projected training rows ``[N, h]``, and their classes ``[N, C]``, one of them 1.
    projection_ : Tensor
        W, ``[h, d]``.
    loss_curve_ : list of float
        Mean loss of each epoch.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> round(HopfieldMemoryClassifier(random_state=0).fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 1)
    1.0
    """

    def __init__(
        self,
        *,
        hidden_size: int = 32,
        epochs: int = 60,
        learning_rate: float = 0.01,
        weight_decay: float = 0.1,
        dropout: float = 0.2,
        random_state: int | None = 0,
    ) -> None:
        self.hidden_size = hidden_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn the projection, and store the rows ``[N, d]`` with their labels ``[N]``.

        Raises
        ------
        HopfieldError
            If a parameter is out of range, or there is one class only.
        """
        self._check()
        X, y = validate_data(self, X, y, dtype=np.float64)  # noqa: N806
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise HopfieldError(f"one class only ({self.classes_[0]!r}): at least two are needed")
        self.mean_, spread = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        rows = self._scaled(X)
        self.recalled_ = torch.nn.functional.one_hot(torch.from_numpy(labels), len(self.classes_)).float()
        self.projection_, self.loss_curve_ = self._learned(rows, torch.from_numpy(labels))
        self.stored_ = self._scaled(X).double() @ self.projection_.double().T
        return self

    def _check(self) -> None:
        for name in ("hidden_size", "epochs"):
            if getattr(self, name) < 1:
                raise HopfieldError(f"{name} must be at least 1: got {getattr(self, name)!r}")
        if not self.learning_rate > 0:
            raise HopfieldError(f"learning_rate must be positive: got {self.learning_rate!r}")
        if not 0 <= self.dropout < 1:
            raise HopfieldError(f"dropout must lie in [0, 1): got {self.dropout!r}")

    def _scaled(self, X: Any) -> Tensor:  # noqa: N803
        return torch.from_numpy((X - self.mean_) / self.scale_).float()

    def _start(self, rows: Tensor) -> Tensor:
        """Principal directions of the rows, scaled so that associations are neither flat nor single."""
        width = min(self.hidden_size, *rows.shape)
        _, _, directions = torch.linalg.svd(rows, full_matrices=False)
        start: Tensor = directions[:width] * math.sqrt(8.0 / rows.shape[1])
        return start

    def _learned(self, rows: Tensor, labels: Tensor) -> tuple[Tensor, list[float]]:
        random = torch.Generator().manual_seed(0 if self.random_state is None else int(self.random_state))
        start = self._start(rows)
        moved = torch.zeros_like(start, requires_grad=True)  # what decays is the distance from the start
        optimizer = torch.optim.AdamW([moved], lr=self.learning_rate, weight_decay=self.weight_decay)
        curve = []
        with torch.enable_grad():
            for _ in range(self.epochs):
                total = 0.0
                order = torch.randperm(len(rows), generator=random)
                for at in torch.split(order, _BATCH):
                    w = start + moved
                    kept = torch.rand(len(at), rows.shape[1], generator=random) >= self.dropout
                    queries = (rows[at] * kept / (1 - self.dropout)) @ w.T
                    own = torch.arange(len(rows)) == at[:, None]  # True = may not be retrieved
                    p = _associated(queries, rows @ w.T, self.recalled_, own)
                    loss = -p.gather(1, labels[at, None]).clamp_min(_LEAST).log().mean()
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
                    total += float(loss.detach()) * len(at)
                curve.append(total / len(rows))
        return (start + moved).detach(), curve

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Probabilities of the classes, ``[n, C]``: the labels' share of the association."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)  # noqa: N806
        queries = self._scaled(X) @ self.projection_.T
        with torch.no_grad():
            parts = [
                _associated(block, self.stored_, self.recalled_) for block in torch.split(queries, _BLOCK)
            ]
        found = torch.cat(parts).numpy()
        return found / found.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The likeliest class of each row, ``[n]``."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _associated(queries: Tensor, stored: Tensor, recalled: Tensor, mask: Tensor | None = None) -> Tensor:
    """Labels recalled by negative squared distance: softmax(q k - |k|^2 / 2), one update with values.

    The square makes near rows win over long ones. It enters as one more coordinate of the stored patterns,
    against which every query has a 1.
    """
    lengths = -0.5 * (stored * stored).sum(-1, keepdim=True)
    keys = torch.cat([stored, lengths], dim=1)
    states = torch.cat([queries, torch.ones_like(queries[:, :1])], dim=1)
    return hopfield_retrieve(states, keys, beta=1.0, values=recalled, mask=mask, backend="matmul")
