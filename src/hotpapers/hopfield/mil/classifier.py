"""The classifier of bags, as scikit-learn has classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.data import Bags, as_bags, bag_labels, classes_of
from hotpapers.hopfield.mil.network import BagNetworks, Pooling, Shape
from hotpapers.hopfield.mil.resuming import EpochFile, training_key
from hotpapers.hopfield.mil.scaling import Scaling
from hotpapers.hopfield.mil.stopping import parts_held_out, train_all_epochs, train_to_the_best
from hotpapers.hopfield.mil.training import (
    Recipe,
    Training,
    TrainingSet,
    class_weights,
    logits_of,
    weights_of,
)

__all__ = ["HopfieldMILClassifier"]


class HopfieldMILClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify bags of rows by networks that pool each bag with a modern Hopfield network.

    Every bag is a set of rows with one label of two classes. Rows are scaled by the training bags, embedded by
    dense layers and pooled by a learned state, whose associations say which rows decided.

    Parameters
    ----------
    embedding
        Widths of the dense layers.
    heads, hidden_size
        Heads H of the pooling association, and width h of each.
    beta
        Inverse temperature of the pooling: the larger, the fewer rows decide.
    update_steps
        Extra updates of the pooling state.
    pooling
        ``"hopfield"``, or ``"gated"``: attention of Ilse et al. (2018), one head.
    bag_dropout, feature_dropout
        Chances that training leaves out a row's association, and an embedded feature.
    learning_rate, weight_decay, batch_size
        Of AdamW; `batch_size` bags a step.
    max_epochs
        Times that training goes through the bags, at most.
    early_stopping
        Hold out a part of the bags, another one for each network, and keep each network as it was when
        its loss there was least. Needs 5 bags of each class; with fewer all epochs are made.
    validation_fraction, patience
        The part held out, and how many epochs without a better loss end training.
    n_ensembles
        Networks whose probabilities are averaged; they train at once.
    limit
        Scaled features are cut off at plus and minus this; None: never.
    pos_weight
        How much a bag of the second class counts against one of the first; ``"balanced"``: as much in all.
    bag
        Column of a table that says which bag a row belongs to.
    random_state
        Seed of initial weights, order and dropout.
    device
        Where torch computes.

    Attributes
    ----------
    classes_ : ndarray ``[2]``
        The labels, sorted; probabilities of the second are what the networks learn.
    n_features_in_ : int
    feature_names_in_ : ndarray
        Only where a table was given.
    n_epochs_ : int
        Epochs made.
    resumed_after_ : int
        The epoch after which training went on from a file; 0: it started anew.
    networks_, scaling_
        What was learned.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> bags = [rng.normal(size=(4, 3)) + np.array([[3 * label], [0], [0], [0]]) for label in y]
    >>> model = HopfieldMILClassifier(max_epochs=20, random_state=0).fit(bags, y)
    >>> float(np.mean(model.predict(bags) == y)) > 0.9
    True
    """

    def __init__(
        self,
        *,
        embedding: Sequence[int] = (64, 64),
        heads: int = 8,
        hidden_size: int = 16,
        beta: float = 1.0,
        update_steps: int = 0,
        pooling: Pooling = "hopfield",
        bag_dropout: float = 0.5,
        feature_dropout: float = 0.0,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int = 32,
        max_epochs: int = 40,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        patience: int = 10,
        n_ensembles: int = 5,
        limit: float | None = 5.0,
        pos_weight: float | Literal["balanced"] = "balanced",
        bag: str | None = None,
        random_state: Any = None,
        device: str = "cpu",
    ) -> None:
        self.embedding = embedding
        self.heads = heads
        self.hidden_size = hidden_size
        self.beta = beta
        self.update_steps = update_steps
        self.pooling = pooling
        self.bag_dropout = bag_dropout
        self.feature_dropout = feature_dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.n_ensembles = n_ensembles
        self.limit = limit
        self.pos_weight = pos_weight
        self.bag = bag
        self.random_state = random_state
        self.device = device

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.non_deterministic = self.random_state is None
        return tags

    # ---- learning

    def fit(
        self,
        bags: Any,
        y: Any,
        groups: Any = None,
        sample_weight: Any = None,
        *,
        epoch_file: str | Path | None = None,
        resume: bool = False,
    ) -> HopfieldMILClassifier:
        """Learn from bags.

        Parameters
        ----------
        bags
            A list of arrays ``[n_i, d]``, a pair of rows ``[T, d]`` and offsets ``[B + 1]``, or a table
            with the column `bag`.
        y
            Labels of two classes, one for each bag, or for each row; of a table, also the name of a column.
        groups
            One for each bag: bags of one group are held out together.
        sample_weight
            What each bag counts, ``[B]``, not negative.
        epoch_file
            Where the state after each epoch is kept while training lasts.
        resume
            Go on from that file, if it is there. The result is the same, bit by bit, as of a training that
            was never interrupted.

        Raises
        ------
        HopfieldError
            If bags, labels or parameters can't be used; a `ValueError` too.
        """
        self._check_numbers()
        column = y if isinstance(y, str) else None
        leave_out = [] if column is None else [column]
        found = as_bags(bags, bag=self.bag, leave_out=leave_out)
        if column is not None:
            if not hasattr(bags, "columns"):
                raise HopfieldError(f"y is the name {column!r}: only the columns of a table have names")
            y = bags[column].to_numpy()
        labels = bag_labels(found, y, "y" if column is None else f"column {column!r}")
        self.classes_, positive = classes_of(labels)
        self.label_column_ = column
        self.scaling_ = Scaling.of(found, self.limit)
        self.n_features_in_ = found.rows.shape[1]
        self.__dict__.pop("feature_names_in_", None)
        if found.features:
            self.feature_names_in_ = np.array(found.features, dtype=object)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        generator = torch.Generator(self.device).manual_seed(seed)
        self.networks_ = self._new_networks(generator)
        data = self._data(found, positive, sample_weight)
        file = None
        if epoch_file is not None:
            if self.random_state is None:
                raise HopfieldError("a training that can go on later needs a number as random_state")
            asked = {name: value for name, value in self.get_params().items() if name != "device"}
            key = training_key(asked, data, None if groups is None else np.asarray(groups).tolist())
            file = EpochFile(Path(epoch_file), key, resume=resume)
        self._train(data, groups, seed, generator, file)
        self.resumed_after_ = 0
        if file is not None:
            self.resumed_after_ = file.resumed_after
            file.remove()
        self.networks_.eval()
        return self

    def _check_numbers(self) -> None:
        if self.n_ensembles < 1 or self.max_epochs < 1 or self.patience < 1:
            raise HopfieldError("n_ensembles, max_epochs and patience must be at least 1")
        if not self.beta > 0:
            raise HopfieldError(f"beta must be positive: got {self.beta!r}")
        for name in ("bag_dropout", "feature_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise HopfieldError(f"{name} must lie in [0, 1): got {getattr(self, name)!r}")
        if not 0 < self.validation_fraction <= 0.5:
            raise HopfieldError(f"validation_fraction must lie in (0, 0.5]: got {self.validation_fraction!r}")

    def _new_networks(self, generator: torch.Generator | None = None) -> BagNetworks:
        shape = Shape(
            features=self.n_features_in_,
            embedding=tuple(self.embedding),
            heads=self.heads,
            hidden_size=self.hidden_size,
            update_steps=self.update_steps,
            pooling=self.pooling,
        )
        networks = BagNetworks(
            shape,
            self.n_ensembles,
            beta=self.beta,
            bag_dropout=self.bag_dropout,
            feature_dropout=self.feature_dropout,
        ).to(self.device)
        networks.reset_parameters(generator)
        return networks

    def _data(self, bags: Bags, positive: npt.NDArray[np.float32] | None, weight: Any = None) -> TrainingSet:
        """One version of the scaled rows, read by all networks."""
        labels = torch.zeros(len(bags)) if positive is None else torch.from_numpy(positive)
        weights = torch.ones(len(bags)) if positive is None else class_weights(labels, self.pos_weight)
        if weight is not None:
            given = np.asarray(weight, dtype=np.float64)
            if given.shape != (len(bags),) or not (
                np.isfinite(given).all() and given.min() >= 0 < given.max()
            ):
                raise HopfieldError(f"sample_weight must be {len(bags)} numbers, none negative, not all 0")
            weights = weights * torch.from_numpy((given / given.mean()).astype(np.float32))
        tensors = (torch.from_numpy(self.scaling_.apply(bags.rows))[None], torch.from_numpy(bags.offsets))
        rows, offsets = (tensor.to(self.device) for tensor in tensors)
        return TrainingSet(
            rows=rows,
            offsets=offsets,
            labels=labels.to(self.device),
            weights=weights[None].to(self.device),
            version=torch.zeros(self.n_ensembles, dtype=torch.int64, device=self.device),
            bags=[torch.arange(len(bags), device=self.device)] * self.n_ensembles,
        )

    def _train(
        self, data: TrainingSet, groups: Any, seed: int, generator: torch.Generator, file: EpochFile | None
    ) -> None:
        recipe = Recipe(
            learning_rate=self.learning_rate, weight_decay=self.weight_decay, batch_size=self.batch_size
        )
        parts = None
        if self.early_stopping:
            parts = parts_held_out(
                data.labels.cpu().numpy(), self.n_ensembles, self.validation_fraction, groups, seed
            )
        if parts is None:
            training = Training(self.networks_, data, recipe, generator)
            self.n_epochs_ = train_all_epochs(training, self.max_epochs, file)
        else:
            self.n_epochs_ = train_to_the_best(
                self.networks_,
                data,
                parts,
                recipe,
                generator,
                max_epochs=self.max_epochs,
                patience=self.patience,
                file=file,
            )

    # ---- judging

    def check_bags(self, bags: Any) -> Bags:
        """`bags` with the features that were learned from, in their order.

        Raises
        ------
        HopfieldError
            If features are missing, or some are new, or the width is another.
        """
        check_is_fitted(self, "networks_")
        names = getattr(self, "feature_names_in_", None)
        if names is not None and hasattr(bags, "columns"):
            columns = [str(name) for name in bags.columns]
            known = {*names, self.bag, self.label_column_}
            missing = [name for name in names if name not in columns]
            unseen = [name for name in columns if name not in known]
            if missing:
                raise HopfieldError(f"column {missing[0]!r} is missing: the model learned from it")
            if unseen:
                raise HopfieldError(f"column {unseen[0]!r} is new to the model: leave it out")
            bags = bags[[*([self.bag] if self.bag in columns else []), *names]]
        found = as_bags(bags, bag=self.bag)
        if found.rows.shape[1] != self.n_features_in_:
            raise HopfieldError(
                f"rows of {found.rows.shape[1]} features: the model learned from {self.n_features_in_}"
            )
        if names is not None and found.features and found.features != tuple(names):
            found = _in_order(found, tuple(names))
        return found

    def decision_function(self, bags: Any) -> npt.NDArray[np.float64]:
        """Logarithm of the odds of the second class, ``[B]``."""
        p = self.predict_proba(bags)[:, 1].clip(1e-12, 1 - 1e-12)
        odds: npt.NDArray[np.float64] = np.log(p) - np.log1p(-p)
        return odds

    def predict_proba(self, bags: Any) -> npt.NDArray[np.float64]:
        """Probabilities of both classes, ``[B, 2]``, the mean of all networks'."""
        found = self.check_bags(bags)
        data = self._data(found, None)
        logits = torch.stack(logits_of(self.networks_, data, data.bags)).double()
        p = torch.sigmoid(logits).mean(0).cpu().numpy()
        return np.stack([1 - p, p], axis=1)

    def predict(self, bags: Any) -> npt.NDArray[Any]:
        """The more probable class of each bag, ``[B]``."""
        chosen: npt.NDArray[Any] = self.classes_[(self.predict_proba(bags)[:, 1] > 0.5).astype(int)]
        return chosen

    def instance_weights(self, bags: Any) -> list[npt.NDArray[np.float64]]:
        """How much of each bag's pooled pattern each row makes up: B arrays ``[n_i]`` that sum to 1.

        The mean association over heads and networks; rows of a table in the table's order within the bag.
        """
        found = self.check_bags(bags)
        return weights_of(self.networks_, self._data(found, None))

    # ---- files

    def save(self, folder: str | Path) -> None:
        """Write the model to a folder: ``model.safetensors`` and ``model.json``."""
        from hotpapers.hopfield.mil.files import save

        save(self, Path(folder))

    @staticmethod
    def load(folder: str | Path, device: str = "cpu") -> HopfieldMILClassifier:
        """Read what `save` wrote; raises `HopfieldError` for what another version wrote."""
        from hotpapers.hopfield.mil.files import load

        return load(Path(folder), device)


def _in_order(bags: Bags, names: tuple[str, ...]) -> Bags:
    """Bags with features of the same names in another order."""
    if set(bags.features) != set(names):
        other = min(set(bags.features) ^ set(names))
        raise HopfieldError(f"features differ from those that the model learned from: {other!r}")
    at = [bags.features.index(name) for name in names]
    return Bags(
        rows=bags.rows[:, at], offsets=bags.offsets, names=bags.names, features=names, source=bags.source
    )
