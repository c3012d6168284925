"""The classifier of repertoires, as scikit-learn has classifiers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

import hotpapers
from hotpapers.common.files import atomic_folder
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.encoding import feature_deviation
from hotpapers.hopfield.repertoire.network import DeepRC, block_of
from hotpapers.hopfield.repertoire.sequences import Repertoire, repertoire_of
from hotpapers.hopfield.repertoire.training import Recipe, logits_of, train

__all__ = ["DeepRCClassifier", "as_repertoires"]

FORMAT, VERSION = "hotpapers-hopfield-repertoire", 1


def as_repertoires(given: Any) -> list[Repertoire]:
    """Repertoires from a list of `Repertoire`, of lists of strings, or of pairs (strings, counts)."""
    made = []
    for index, one in enumerate(given):
        if isinstance(one, Repertoire):
            made.append(one)
        elif isinstance(one, tuple) and len(one) == 2 and not isinstance(one[0], str):
            made.append(repertoire_of(one[0], one[1], name=str(index)))
        elif isinstance(one, str):
            raise HopfieldError("a repertoire is a list of sequences: got one sequence in its place")
        else:
            made.append(repertoire_of(one, name=str(index)))
    if not made:
        raise HopfieldError("there is no repertoire")
    return made


class DeepRCClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify immune repertoires: DeepRC (Widrich et al. 2020).

    Parameters
    ----------
    kernels, kernel_size
        Of the convolution over each sequence.
    attention
        Widths of the layers before the attention score.
    fraction
        Part of a bag, the best by score, that it is pooled from.
    warm_up
        Epochs in which all sequences count; 0 chooses from the first on, as DeepRC does.
    sampled
        Sequences of a bag that an update draws from, at most; judging sees all.
    learning_rate, weight_decay, batch_size, max_epochs, patience
        Of training; `patience` epochs without a better loss on held-out bags end it.
    validation_fraction
        Part of the bags held out for that.
    count_scaling
        Multiply letters by ``log(1 + count)``.
    random_state
        Seed of weights, order, subsamples and the split.
    device
        Where torch computes.

    Attributes
    ----------
    classes_ : ndarray ``[2]``
    n_epochs_ : int
    network_
        What was learned.
    """

    def __init__(
        self,
        *,
        kernels: int = 32,
        kernel_size: int = 9,
        attention: Sequence[int] = (32, 32),
        fraction: float = 0.1,
        warm_up: int = 15,
        sampled: int = 10_000,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        batch_size: int = 8,
        max_epochs: int = 40,
        patience: int = 5,
        validation_fraction: float = 0.2,
        count_scaling: bool = False,
        random_state: Any = None,
        device: str = "cpu",
    ) -> None:
        self.kernels = kernels
        self.kernel_size = kernel_size
        self.attention = attention
        self.fraction = fraction
        self.warm_up = warm_up
        self.sampled = sampled
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.count_scaling = count_scaling
        self.random_state = random_state
        self.device = device

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    @property
    def _recipe(self) -> Recipe:
        return Recipe(
            fraction=self.fraction,
            warm_up=self.warm_up,
            sampled=self.sampled,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            scaling=self.count_scaling,
        )

    def _new_network(self, deviation: float, generator: torch.Generator | None = None) -> DeepRC:
        return DeepRC(
            kernels=self.kernels,
            kernel_size=self.kernel_size,
            attention=tuple(self.attention),
            deviation=deviation,
            generator=generator,
        ).to(self.device)

    def fit(self, repertoires: Any, y: Any) -> DeepRCClassifier:
        """Learn from repertoires and their labels of two classes.

        Raises
        ------
        HopfieldError
            If a repertoire or the labels can't be used; a `ValueError` too.
        """
        bags, recipe = as_repertoires(repertoires), self._recipe
        labels = np.asarray(y)
        if labels.shape != (len(bags),):
            raise HopfieldError(
                f"y must be one label for each of {len(bags)} repertoires: got {list(labels.shape)}"
            )
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2:
            raise HopfieldError(f"labels must be of two classes: there are {len(self.classes_)}")
        positive = (labels == self.classes_[1]).astype(np.float32)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        held_out = self._held_out(positive, seed)
        learned = [bags[index] for index in np.setdiff1d(np.arange(len(bags)), held_out)]
        deviation = feature_deviation(learned, scaling=self.count_scaling)
        self.network_ = self._new_network(deviation, torch.Generator().manual_seed(seed))
        self.n_epochs_ = train(self.network_, bags, positive, held_out, recipe, seed)
        return self

    def _held_out(self, positive: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.int64]:
        """A part of the bags of each class; none of a class that has fewer than 5."""
        if not 0 <= self.validation_fraction <= 0.5:
            raise HopfieldError(f"validation_fraction must lie in [0, 0.5]: got {self.validation_fraction!r}")
        rng = np.random.default_rng(seed)
        parts = [rng.permutation(np.flatnonzero(positive == value)) for value in (0, 1)]
        if min(map(len, parts)) < 5 or not self.validation_fraction:
            return np.zeros(0, np.int64)
        return np.sort(
            np.concatenate([part[: round(self.validation_fraction * len(part))] for part in parts])
        )

    def predict_proba(self, repertoires: Any) -> npt.NDArray[np.float64]:
        """Probabilities of both classes, ``[B, 2]``."""
        check_is_fitted(self, "network_")
        p = 1 / (1 + np.exp(-logits_of(self.network_, as_repertoires(repertoires), self._recipe)))
        return np.stack([1 - p, p], axis=1)

    def predict(self, repertoires: Any) -> npt.NDArray[Any]:
        """The more probable class of each repertoire, ``[B]``."""
        chosen: npt.NDArray[Any] = self.classes_[(self.predict_proba(repertoires)[:, 1] > 0.5).astype(int)]
        return chosen

    def top_sequences(self, repertoires: Any, top: int = 20) -> pd.DataFrame:
        """The sequences of most attention: ``repertoire``, ``row`` (from 0, as given), ``sequence``, ``weight``."""
        check_is_fitted(self, "network_")
        tables = []
        for bag in as_repertoires(repertoires):
            rows = self.network_.best(bag, self.fraction, scaling=self.count_scaling)
            with torch.no_grad():
                block = block_of(bag, rows, scaling=self.count_scaling)
                weights = torch.softmax(self.network_.scores(self.network_.embed(block)), 0)
            values, order = weights.topk(min(top, len(rows)))
            chosen = rows[order.cpu().numpy()]
            tables.append(
                pd.DataFrame(
                    {
                        "repertoire": bag.name,
                        "row": bag.kept[chosen],
                        "sequence": [bag.sequence(int(index)) for index in chosen],
                        "weight": values.double().cpu().numpy(),
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json`` to a folder, whole or not at all."""
        parameters = self.get_params()
        del parameters["random_state"], parameters["device"]
        record = {
            "format": FORMAT,
            "format_version": VERSION,
            "hotpapers": hotpapers.__version__,
            "parameters": parameters,
            "classes": self.classes_.tolist(),
            "n_epochs": self.n_epochs_,
        }
        with atomic_folder(Path(folder)) as temporary:
            state = {name: value.cpu() for name, value in self.network_.state_dict().items()}
            save_file(state, temporary / "model.safetensors")
            (temporary / "model.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")

    @staticmethod
    def load(folder: str | Path, device: str = "cpu") -> DeepRCClassifier:
        """Read what `save` wrote; raises `HopfieldError` for anything else, or another version."""
        folder = Path(folder)
        try:
            record = json.loads((folder / "model.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise HopfieldError(f"{folder} is no model: model.json can't be read") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise HopfieldError(f"{folder} is no model of a classifier of repertoires")
        if record.get("format_version") != VERSION:
            raise HopfieldError(
                f"{folder} is a model of format version {record.get('format_version')}: this reads {VERSION}; "
                "train it again"
            )
        try:
            model = DeepRCClassifier(**record["parameters"], device=device)
            model.classes_, model.n_epochs_ = np.array(record["classes"]), record["n_epochs"]
            model.network_ = model._new_network(1.0)
            model.network_.load_state_dict(load_file(folder / "model.safetensors", device=device))
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise HopfieldError(f"{folder}: the model is damaged ({error}): train it again") from error
        return model
