"""Small invented models and reports that several test files use."""

from __future__ import annotations

import numpy as np

from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.descent import History, gaussian_scales
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.model_folder import coefficients_of
from hotpapers.dpopt.planner import plan
from hotpapers.dpopt.report import PrivacyReport, iterations_of, noise_deviation
from hotpapers.dpopt.tables.schema import Categorical, Classes, Interval, Numeric, Schema

COLUMNS = (
    Numeric(name="age", low=0, high=100),
    Categorical(name="job", values=("baker", "<b>clerk</b>", "?"), other="?"),
    Numeric(name="gain", low=0, high=1000, transform="log1p", missing=0),
)
TWO_CLASSES = Classes(column="label", values=("no", "yes"))
THREE_CLASSES = Classes(column="label", values=("no", "maybe", "yes"))
NUMBERS = Interval(column="label", low=10, high=30)


def schema_with(target, **more) -> Schema:
    return Schema(columns=COLUMNS, target=target, **more)


def model_with(loss: str, seed: int = 0) -> LinearModel:
    target = {"multinomial": THREE_CLASSES, "ridge": NUMBERS, "huber": NUMBERS}.get(loss, TWO_CLASSES)
    shape = (6, 3) if loss == "multinomial" else (6,)
    theta = np.random.default_rng(seed).normal(scale=3.0, size=shape)
    return LinearModel(loss=loss, coefficients=theta, schema=schema_with(target))


def gaussian_report(
    *, private: bool = True, method: str = "nag", loss: str = "logistic", **more
) -> PrivacyReport:
    """Of a descent at epsilon 1, delta 1e-5, as planned for 5000 rows."""
    made = plan(5000, 6, epsilon=1.0, delta=1e-5, method=method, guard=False)
    scales = gaussian_scales(made.shares(), made.descent_mu, 1.0)
    history = History(scale=scales.tolist(), step_size=[made.alpha] * made.iterations)
    events = [
        Event(mechanism="gaussian", sensitivity=1.0, norm="l2", scale=float(one), purpose="gradient sum")
        for one in scales
    ]
    model = model_with(loss)
    return PrivacyReport(
        subject="logistic regression",
        budget=Budget(epsilon=1.0, delta=1e-5),
        ledger=Ledger("add_remove", events=events),
        private=private,
        assumptions={"norm of a row": "at most 1 (L2)"},
        asked={"method": method, "lam": 1e-4},
        schema=model.schema,
        iterations=iterations_of(made, history),
        coefficients=coefficients_of(model, noise_deviation(made, history)),
        **more,
    )
