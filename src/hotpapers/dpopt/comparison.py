"""Methods side by side on public rows: excess risk and accuracy of each at the same budget, whoever wins.

Excess risk is ``F(theta) - F*`` of the regularised logistic loss on the training rows, computed exactly: that is a
look at the rows, so the comparison is for public data. Everything that a method of ours learns from the rows is
charged to its budget, the number of rows and the step's eigenvalue included; fits are unseeded and, but for gradient
descent (which would take long), in secure arithmetic. What is chosen among several settings by looking at the result
(gradient descent's T, the peers' settings) is not charged, in favour of the method; the table says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.minimiser import PerturbedObjective, minimise
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.rows import RowBound, prepare_rows
from hotpapers.dpopt.training import MethodName, Request, train

__all__ = ["OURS", "Comparison", "Contender", "Problem", "Row", "compare", "peer_rows"]

Guarantee: TypeAlias = Literal["(epsilon, delta), add_remove", "epsilon, replace_one"]
_GRADIENT_DESCENT_STEPS = (100, 300, 1000)
_PEER_REGULARISATION = (1e-4, 3e-4, 1e-3, 3e-3)
_OPACUS_SETTINGS = ((1024, 5, 4.0), (2048, 30, 16.0))


@dataclass(frozen=True)
class Problem:
    """Public rows for logistic regression.

    Attributes
    ----------
    features, targets
        ``(n, d)`` with rows of norm at most `data_norm` (L2) and `data_norm_l1`; targets in {-1, +1}.
    test_features, test_targets
        The same of other rows; None for no accuracy.
    data_norm, data_norm_l1
        Declared bounds.
    lam
        Weight of the regulariser.
    """

    features: NDArray[Any]
    targets: NDArray[Any]
    test_features: NDArray[Any] | None = None
    test_targets: NDArray[Any] | None = None
    data_norm: float = 1.0
    data_norm_l1: float | None = None
    lam: float = 1e-4

    def risk(self, theta: NDArray[np.float64]) -> float:
        """F(theta), exact."""
        margins = self.targets * (self.features.astype(np.float64) @ theta)
        return float(np.logaddexp(0.0, -margins).mean() + 0.5 * self.lam * np.square(theta).sum())

    def least_risk(self) -> float:
        """F*, to about 1e-12."""
        rows = prepare_rows(self.features, self.targets, RowBound(2.0 * self.data_norm), dtype=np.float64)
        nothing = np.zeros(rows.width)
        objective = PerturbedObjective(rows, Logistic(), 1.0, self.lam * len(rows.features), nothing)
        return self.risk(minimise(objective, 1e-7 * math.sqrt(len(rows.features))))

    def accuracy(self, theta: NDArray[np.float64]) -> float:
        """Share of right signs on the test rows; NaN without any."""
        if self.test_features is None or self.test_targets is None:
            return math.nan
        return float(np.mean(np.sign(self.test_features @ theta) * self.test_targets > 0))


@dataclass(frozen=True)
class Row:
    """One method at one epsilon.

    Attributes
    ----------
    method, guarantee, epsilon, settings
        What was run.
    excess, excess_sd, accuracy
        Means over repeats, and a standard deviation.
    repeats, cpu_seconds
        How often, and CPU time of one run.
    charged
        Whether nothing was chosen by looking at results.
    """

    method: str
    guarantee: Guarantee
    epsilon: float
    settings: str
    excess: float
    excess_sd: float
    accuracy: float
    repeats: int
    cpu_seconds: float
    charged: bool


@dataclass(frozen=True)
class Contender:
    """One of our methods.

    Attributes
    ----------
    name, guarantee
        For the table.
    method
        As of `train`.
    iterations
        T's to try, the best of which is shown; None for the planner's own.
    secure
        Whether in secure arithmetic.
    """

    name: str
    guarantee: Guarantee
    method: MethodName
    iterations: tuple[int | None, ...] = (None,)
    secure: bool = True


OURS = (
    Contender("DP-NAG, planner", "(epsilon, delta), add_remove", "nag"),
    Contender("DP-HB, planner", "(epsilon, delta), add_remove", "hb"),
    Contender("DP-GD, best T", "(epsilon, delta), add_remove", "gd", _GRADIENT_DESCENT_STEPS, secure=False),
    Contender("objective perturbation", "(epsilon, delta), add_remove", "objective"),
    Contender("objective perturbation, pure", "epsilon, replace_one", "objective"),
)


@dataclass(frozen=True)
class Comparison:
    """A table.

    Attributes
    ----------
    rows
        Every method at every epsilon.
    least_risk, delta, size
        F*, delta, and (n, d).
    """

    rows: tuple[Row, ...]
    least_risk: float
    delta: float
    size: tuple[int, int]

    def record(self) -> dict[str, Any]:
        """The table as plain numbers and words, with where it comes from."""
        from hotpapers.common.provenance import provenance

        return {
            "provenance": provenance(),
            "rows_and_columns": list(self.size),
            "delta": self.delta,
            "least_risk": self.least_risk,
            "rows": [
                {key: None if value != value else value for key, value in asdict(row).items()}  # noqa: PLR0124
                for row in self.rows
            ],
        }


def compare(
    problem: Problem,
    epsilons: Sequence[float],
    *,
    delta: float = 1e-5,
    repeats: int = 20,
    contenders: Sequence[Contender] = OURS,
    watch: Callable[[list[tuple[Contender, float]]], Iterator[tuple[Contender, float]]] = iter,
) -> Comparison:
    """Run our methods.

    Parameters
    ----------
    problem
        Public rows.
    epsilons, delta
        Budgets.
    repeats
        Unseeded runs of each.
    contenders
        Which methods.
    watch
        Wraps the list of runs, for a progress bar.
    """
    if repeats < 1 or not epsilons:
        raise PrivacyError("a comparison needs at least one epsilon and one repeat")
    least = problem.least_risk()
    runs = [(contender, epsilon) for contender in contenders for epsilon in epsilons]
    rows = [_best(problem, least, contender, epsilon, delta, repeats) for contender, epsilon in watch(runs)]
    return Comparison(tuple(rows), least, delta, (problem.features.shape[0], problem.features.shape[1]))


def peer_rows(
    problem: Problem,
    name: Literal["diffprivlib", "opacus"],
    python: str,
    epsilons: Sequence[float],
    *,
    delta: float = 1e-5,
    repeats: int = 20,
    least: float | None = None,
) -> list[Row]:
    """A peer's rows of the table, run by the given Python; the best of a few settings at each epsilon.

    Raises
    ------
    PrivacyError
        If that Python does not have the library.
    """
    from hotpapers.dpopt.comparison_peers import run_peer

    least = problem.least_risk() if least is None else least
    count = len(problem.features)
    settings: list[Any] = (
        [share * count for share in _PEER_REGULARISATION] if name == "diffprivlib" else list(_OPACUS_SETTINGS)
    )
    found = []
    for epsilon in epsilons:
        made = run_peer(
            name, python, problem, epsilon=epsilon, delta=delta, repeats=repeats, settings=settings
        )
        candidates = [
            _row(
                problem,
                least,
                [np.array(one) for one in each["coefficients"]],
                method=f"{name} {made['version']}",
                guarantee=(
                    "epsilon, replace_one" if name == "diffprivlib" else "(epsilon, delta), add_remove"
                ),
                epsilon=epsilon,
                settings=each["settings"],
                seconds=each["cpu_seconds"],
                charged=False,
            )
            for each in made["runs"]
        ]
        found.append(min(candidates, key=lambda row: row.excess))
    return found


def _best(
    problem: Problem, least: float, contender: Contender, epsilon: float, delta: float, repeats: int
) -> Row:
    """The row of the T with the least mean excess."""
    found = []
    for iterations in contender.iterations:
        started, thetas = time.process_time(), []
        for _ in range(repeats):
            request = _request(problem, contender, epsilon, delta, iterations)
            trained = train(
                problem.features, problem.targets, request, randomness=Randomness(secure=contender.secure)
            )
            thetas.append(trained.theta)
        found.append(
            _row(
                problem,
                least,
                thetas,
                method=contender.name,
                guarantee=contender.guarantee,
                epsilon=epsilon,
                settings=f"T = {trained.iterations}" if contender.method != "objective" else "",
                seconds=time.process_time() - started,
                charged=len(contender.iterations) == 1,
            )
        )
    return min(found, key=lambda row: row.excess)


def _request(
    problem: Problem, contender: Contender, epsilon: float, delta: float, iterations: int | None
) -> Request:
    pure = contender.guarantee == "epsilon, replace_one"
    relation: Relation = "replace_one" if pure else "add_remove"
    return Request(
        loss=Logistic(),
        budget=Budget(epsilon=epsilon, delta=None if pure else delta, relation=relation),
        data_norm=problem.data_norm,
        data_norm_l1=problem.data_norm_l1,
        method=contender.method,
        lam=problem.lam,
        iterations=iterations,
    )


def _row(
    problem: Problem,
    least: float,
    thetas: Sequence[NDArray[np.float64]],
    *,
    method: str,
    guarantee: Guarantee,
    epsilon: float,
    settings: str,
    seconds: float,
    charged: bool,
) -> Row:
    excess = np.array([problem.risk(theta) - least for theta in thetas])
    return Row(
        method=method,
        guarantee=guarantee,
        epsilon=epsilon,
        settings=settings,
        excess=float(excess.mean()),
        excess_sd=float(excess.std(ddof=1)) if len(excess) > 1 else math.nan,
        accuracy=float(np.mean([problem.accuracy(theta) for theta in thetas])),
        repeats=len(thetas),
        cpu_seconds=seconds / len(thetas),
        charged=charged,
    )
