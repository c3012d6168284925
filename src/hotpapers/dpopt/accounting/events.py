"""One kind of noisy release, as the ledger holds it: mechanism, sensitivity, noise scale, count, sampling."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from hotpapers.dpopt.accounting.relations import Relation, check_relation
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["FULL_BATCH", "Event", "Mechanism", "Norm", "Sampling"]

Norm = Literal["l1", "l2", "none"]
Mechanism = Literal[
    "gaussian",
    "laplace",
    "knorm",
    "pure",
    "objective_gaussian",
    "objective_gaussian_monotone",
    "objective_laplace",
    "objective_knorm",
]
_NORM_OF: dict[Mechanism, Norm] = {
    "gaussian": "l2",
    "laplace": "l1",
    "knorm": "l2",
    "pure": "none",
    "objective_gaussian": "l2",
    "objective_gaussian_monotone": "l2",
    "objective_laplace": "l1",
    "objective_knorm": "l2",
}
_PURE = ("laplace", "knorm", "pure", "objective_laplace", "objective_knorm")


@dataclass(frozen=True)
class Sampling:
    """Which rows a release looks at: all, an independent coin for each, or a fixed number of them.

    Walking through a shuffled data set in batches is none of these and cannot be written down here.

    Parameters
    ----------
    kind
        ``"full"``, ``"poisson"`` (each row by itself with probability `rate`, drawn anew each time) or
        ``"without_replacement"`` (a uniformly random subset of `rate` times the rows, drawn anew each time).
    rate
        In (0, 1]; 1 for ``"full"``.
    """

    kind: Literal["full", "poisson", "without_replacement"] = "full"
    rate: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("full", "poisson", "without_replacement"):
            raise PrivacyError(
                f"sampling must be 'full', 'poisson' or 'without_replacement': got {self.kind!r}; "
                "shuffled batches are not Poisson samples and are not accounted"
            )
        if not 0 < self.rate <= 1 or (self.kind == "full" and self.rate != 1):
            raise PrivacyError(f"the sampling rate must be in (0, 1], and 1 for 'full': got {self.rate!r}")


FULL_BATCH = Sampling()


@dataclass(frozen=True, kw_only=True)
class Event:
    """`count` releases of one kind.

    Parameters
    ----------
    mechanism
        ``"gaussian"`` (scale: standard deviation), ``"laplace"`` (scale of each coordinate), ``"knorm"``
        (density proportional to ``exp(-|z|_2 / scale)``), ``"pure"`` (any ``sensitivity/scale``-DP
        mechanism), or objective perturbation with one of these noises in its linear term
        (``"objective_..."``, see `hotpapers.dpopt.objective_noise`).
    sensitivity
        > 0, of the sum that is released, in `norm`, under `relation`.
    norm
        ``"l2"`` for Gaussian and K-norm noise, ``"l1"`` for Laplace, ``"none"`` for ``"pure"``.
    scale
        > 0, of the noise, in the units of the sensitivity.
    count
        >= 1.
    sampling
        `Sampling`; amplification by it is part of the account.
    relation
        ``"add_remove"`` or ``"replace_one"``. Poisson sampling needs the first, sampling without
        replacement the second.
    purpose
        What the release was for, in words; never anything derived from rows.
    determinant
        >= 0, what the Jacobian of objective perturbation adds to the loss, in nats; 0 elsewhere.

    Raises
    ------
    PrivacyError
        If the parts do not fit together; a `ValueError` too.
    """

    mechanism: Mechanism
    sensitivity: float
    norm: Norm
    scale: float
    count: int = 1
    sampling: Sampling = FULL_BATCH
    relation: Relation = "add_remove"
    purpose: str = ""
    determinant: float = 0.0

    def __post_init__(self) -> None:
        check_relation(self.relation)
        if self.mechanism not in get_args(Mechanism):
            raise PrivacyError(f"no mechanism is called {self.mechanism!r}: {', '.join(get_args(Mechanism))}")
        expected = _NORM_OF[self.mechanism]
        if self.norm != expected:
            raise PrivacyError(
                f"{self.mechanism} noise hides a difference in {expected}: got norm={self.norm!r}"
            )
        for name, value in (("sensitivity", self.sensitivity), ("scale", self.scale)):
            if not (math.isfinite(value) and value > 0):
                raise PrivacyError(f"{name} must be positive and finite: got {value!r}")
        if type(self.count) is not int or self.count < 1:
            raise PrivacyError(f"count must be a whole number of at least 1: got {self.count!r}")
        if not (math.isfinite(self.determinant) and self.determinant >= 0):
            raise PrivacyError(f"determinant must be at least 0: got {self.determinant!r}")
        self._check_sampling()

    def _check_sampling(self) -> None:
        kind = self.sampling.kind
        if kind == "full":
            return
        if self.mechanism.startswith("objective"):
            raise PrivacyError("objective perturbation sees every row: it has no sampled variant here")
        if kind == "poisson" and self.relation != "add_remove":
            raise PrivacyError("amplification by Poisson sampling is proved for relation='add_remove'")
        if kind == "without_replacement" and self.relation != "replace_one":
            raise PrivacyError("amplification by sampling without replacement is proved for 'replace_one'")
        if kind == "without_replacement" and not self.is_pure:
            raise PrivacyError("sampling without replacement is accounted for pure epsilon only: use Poisson")

    @property
    def is_pure(self) -> bool:
        """Whether the release is epsilon-DP for a finite epsilon."""
        return self.mechanism in _PURE

    @property
    def is_gaussian(self) -> bool:
        """Whether the release is exactly Gaussian DP: Gaussian noise on a sum over all rows."""
        return self.mechanism == "gaussian" and self.sampling.kind == "full"

    @property
    def is_objective_gaussian(self) -> bool:
        """Whether it is objective perturbation with a Gaussian linear term."""
        return self.mechanism.startswith("objective_gaussian")

    @property
    def noise_multiplier(self) -> float:
        """Scale over sensitivity."""
        return self.scale / self.sensitivity

    def pure_epsilon(self) -> float:
        """Epsilon of the `count` releases together, amplified by sampling; ``inf`` where it is not pure.

        ``ln(1 + q (e^epsilon - 1))`` for a Poisson rate q (add_remove) and for a fraction q sampled without
        replacement (replace_one): Balle, Barthe, Gaboardi 2018, theorems 8 and 9.
        """
        if not self.is_pure:
            return math.inf
        epsilon = self.sensitivity / self.scale + self.determinant
        if self.sampling.kind != "full":
            epsilon = _amplified(epsilon, self.sampling.rate)
        return epsilon * self.count

    def for_group(self, group_size: int) -> Event:
        """The same release seen by a group of `group_size` changes: the sensitivity grows by that factor.

        Raises
        ------
        PrivacyError
            For sampled releases and objective perturbation, whose loss does not grow that way.
        """
        if self.sampling.kind != "full" or self.mechanism.startswith("objective"):
            raise PrivacyError(
                f"{self.mechanism} with sampling={self.sampling.kind!r} has no exact group privacy"
            )
        return replace(self, sensitivity=self.sensitivity * group_size)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and words, as the ledger's file holds them."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Any) -> Self:
        """The event that `to_json` wrote.

        Raises
        ------
        PrivacyError
            If a field is missing, unknown or impossible.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(record, dict) or set(record) != names:
            raise PrivacyError("a ledger's event must have exactly the fields " + ", ".join(sorted(names)))
        sampling = record["sampling"]
        if not isinstance(sampling, dict) or set(sampling) != {"kind", "rate"}:
            raise PrivacyError("a ledger's sampling must have exactly the fields kind, rate")
        try:
            return cls(**{**record, "sampling": Sampling(**sampling)})
        except TypeError as error:
            raise PrivacyError("a ledger's event has a field of the wrong type") from error


def _amplified(epsilon: float, rate: float) -> float:
    if epsilon > 700:  # e^epsilon overflows; ln(1 + q(e^eps - 1)) <= eps + ln q + e^-eps / q
        return epsilon + math.log(rate) + math.exp(-epsilon) / rate
    return math.log1p(rate * math.expm1(epsilon))
