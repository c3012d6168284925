"""The report in words: sections of sentences and tables that the page and the Markdown both show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.accounting.spending import has_rho, shown, spent_of
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.report.contents import PrivacyReport
from hotpapers.dpopt.tables.schema import Categorical, Classes, Column, Schema

__all__ = ["STAMP", "Section", "Table", "headline", "sections"]

STAMP = "NOT PRIVATE: seeded"
"""Stands on everything whose random numbers somebody can make again."""

_MECHANISMS = {
    "gaussian": "Gaussian noise",
    "laplace": "Laplace noise",
    "knorm": "K-norm noise",
    "pure": "pure mechanism",
    "objective_gaussian": "objective perturbation, Gaussian",
    "objective_gaussian_monotone": "objective perturbation, Gaussian",
    "objective_laplace": "objective perturbation, Laplace",
    "objective_knorm": "objective perturbation, K-norm",
}
_SAMPLING = {
    "full": "all rows",
    "poisson": "Poisson sample",
    "without_replacement": "sample without replacement",
}


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; the first column names the row."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of the report."""

    name: str
    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: Table | None = None


def headline(report: PrivacyReport) -> str:
    """The guarantee in one line."""
    return f"{_guarantee(report)}, for one {report.ledger.unit} {_relation_words(report.ledger)}"


def sections(report: PrivacyReport) -> list[Section]:
    """All parts, in the order in which they are read."""
    made = [_protected(report), _budget(report), _mechanisms(report), _assumptions(report)]
    if report.schema is not None:
        made.append(_schema(report.schema))
    made += [_unprotected(report), _randomness(report), _audit(report.audits)]
    if report.evaluations is not None and len(report.evaluations):
        made.append(_evaluations(report.evaluations))
    return [*made, _reproduction(report)]


def _guarantee(report: PrivacyReport) -> str:
    delta = report.budget.delta
    if delta:
        return f"ε = {shown(report.ledger.epsilon(delta))} at δ = {shown(delta)}"
    if report.budget.kind in {"pure", "noise_multiplier"} or not has_rho(report.ledger):
        return f"ε = {shown(report.ledger.epsilon(0.0))}"
    if report.budget.kind == "gdp":
        return f"μ = {shown(report.ledger.mu())} Gaussian DP"
    return f"ρ = {shown(report.ledger.rho())} zero-concentrated DP"


def _relation_words(ledger: Ledger) -> str:
    return "added or removed" if ledger.relation == "add_remove" else "replaced by another"


def _protected(report: PrivacyReport) -> Section:
    ledger, unit = report.ledger, report.ledger.unit
    content = "what it holds" if unit == "row" else f"what all rows of that {unit} together hold"
    if ledger.relation == "add_remove":
        difference = f"whether any one {unit} was in the data, and {content}"
        attack = f"whether a given {unit} was used"
    else:
        difference = f"of any one {unit}, compared with any other in its place, {content}"
        attack = f"which of two {unit}s was used"
    sentences = [
        (
            f"Protected is {difference}. This holds against anybody who sees the model, the ledger "
            f"and this report, knows everything about every other {unit}, and has any computer and any amount of time."
        ),
        _promise(report),
        (
            f"An attacker who must tell {attack}, and would otherwise guess at even odds, is right at most "
            f"{_best_guess(ledger)} of the time."
        ),
    ]
    if not report.private:
        sentences.insert(
            0, f"{STAMP}. Nothing below protects anybody: whoever knows the seed can undo the noise."
        )
    return Section("protected", "What is protected", tuple(sentences))


def _promise(report: PrivacyReport) -> str:
    delta = report.budget.delta or 0.0
    epsilon = report.ledger.epsilon(delta)
    if math.isinf(epsilon):
        return "The guarantee has a number only at a δ above 0; the curve below gives it for every δ."
    factor = f"{math.exp(epsilon):.4g}" if epsilon < 700 else "more than 10^300"
    rare = f", but for a probability of {shown(delta)}" if delta else ""
    return f"No outcome becomes more than e^ε = {factor} times as likely by that difference{rare}."


def _best_guess(ledger: Ledger) -> str:
    """Half of 1 + total variation, which is delta at epsilon 0; rounded up."""
    share = 0.5 * (1.0 + ledger.delta(0.0))
    return f"{math.ceil(1000 * share - 1e-9) / 10:.1f} %"


def _budget(report: PrivacyReport) -> Section:
    ledger, budget = report.ledger, report.budget
    rows = [_currency_row(budget, ledger)]
    pure = ledger.epsilon(0.0)
    rows.append(("pure ε, at δ = 0", "-", shown(pure), "-"))
    rows += [
        (f"ε at δ = {shown(delta)}", "-", shown(ledger.epsilon(delta)), "-")
        for delta in (1e-5, 1e-6)
        if delta != budget.delta
    ]
    if has_rho(ledger):
        rows.append(("ρ of zero-concentrated DP", "-", shown(ledger.rho()), "-"))
        rows.append(("μ of Gaussian DP", "-", shown(ledger.mu()), "-"))
    note = (
        "One ledger, stated in several currencies: the rows say the same, they do not add up. A budget that "
        "is not exhausted may be spent on later releases from the same rows; add them to this ledger."
    )
    return Section(
        "budget",
        "The budget",
        (note,),
        table=Table(("", "allowed", "spent", "left"), tuple(rows)),
    )


def _currency_row(budget: Budget, ledger: Ledger) -> tuple[str, str, str, str]:
    name, allowed, spent = spent_of(budget, ledger)
    left = "-"
    if budget.noise_multiplier is None:
        rest = allowed - spent
        left = shown(rest) if rest > 1e-6 * allowed else "0"
    return name, shown(allowed), shown(spent), left


def _mechanisms(report: PrivacyReport) -> Section:
    headings = ("released", "noise", "releases", "sensitivity", "scale", "looks at")
    rows = tuple(_event_row(list(events)) for _, events in groupby(report.ledger, key=_kind_of))
    relation = "one more or one less" if report.ledger.relation == "add_remove" else "one in place of another"
    note = (
        f"Sensitivity: how far {relation} {report.ledger.unit} can move what is released, in the norm named. "
        "Scale: standard deviation of Gaussian noise, b of Laplace noise, per coordinate."
    )
    amplified = {event.sampling.kind for event in report.ledger} - {"full"}
    more: tuple[str, ...] = ()
    if "poisson" in amplified:
        more = ("Amplification by Poisson sampling is proved for added or removed rows, and used for those.",)
    elif amplified:
        more = (
            "Amplification by sampling without replacement is proved for replaced rows, and used for those.",
        )
    return Section("mechanisms", "Mechanisms", (note, *more), table=Table(headings, rows))


def _kind_of(event: Event) -> tuple[str, ...]:
    return event.mechanism, event.purpose, event.norm, event.sampling.kind


def _event_row(events: list[Event]) -> tuple[str, ...]:
    first = events[0]
    norm = {"l1": " (L1)", "l2": " (L2)", "none": ""}[first.norm]
    looks = _SAMPLING[first.sampling.kind]
    if first.sampling.kind != "full":
        looks += f", rate {shown(first.sampling.rate)}"
    return (
        first.purpose or "not said",
        _MECHANISMS[first.mechanism],
        str(sum(event.count for event in events)),
        _span(event.sensitivity for event in events) + norm,
        _span(event.scale for event in events),
        looks,
    )


def _span(values: Iterable[float]) -> str:
    found = sorted(values)
    low, high = shown(found[0]), shown(found[-1])
    return low if low == high else f"{low} to {high}"


def _assumptions(report: PrivacyReport) -> Section:
    sentences = (
        (
            "The guarantee holds if these were known without looking at the rows. They are declared, not checked; "
            "rows that do not keep to them were moved to the nearest allowed value, and nobody was told which."
        ),
    )
    rows = tuple((name, words) for name, words in report.assumptions.items())
    return Section(
        "assumptions", "Assumptions", sentences, table=Table(("", "declared"), rows) if rows else None
    )


def _schema(schema: Schema) -> Section:
    rows = [(column.name, *_column_words(column)) for column in schema.columns]
    target = schema.target
    if isinstance(target, Classes):
        rows.append((target.column, "target", ", ".join(target.values)))
    elif target is not None:
        rows.append((target.column, "target", f"{target.low:g} to {target.high:g}"))
    return Section("schema", "Declared schema", table=Table(("column", "kind", "values"), tuple(rows)))


def _column_words(column: Column) -> tuple[str, str]:
    if isinstance(column, Categorical):
        other = f"; everything else counts as {column.other}" if column.other is not None else ""
        return "categorical", ", ".join(column.values) + other
    scale = ", on the scale of log(1 + x)" if column.transform == "log1p" else ""
    return "numeric", f"{column.low:g} to {column.high:g}{scale}"


def _unprotected(report: PrivacyReport) -> Section:
    count = (
        "the number of rows, which is taken as public under this relation;"
        if report.ledger.relation == "replace_one"
        else "a number of rows that was declared as public;"
    )
    points = (
        "the schema: names, bounds, categories and classes, and all settings, such as the number of iterations;",
        count,
        "settings that were chosen by trying several on the same rows, unless every try is in the ledger;",
        "what is true of the whole population, and would have been learnt without any one person in the data;",
        "how long the training took and how much memory it used;",
        "copies of the rows, and whatever else was published from them outside this ledger.",
    )
    return Section("unprotected", "What is not protected", points=points)


def _randomness(report: PrivacyReport) -> Section:
    if report.private:
        words = (
            "The noise came from the operating system's cryptographic generator and was not kept. On exact sums it "
            "is drawn exactly, on a lattice, so nothing of floating point can be seen in what was released."
        )
    else:
        words = f"{STAMP}. The noise came from a generator with a seed: it can be made again and subtracted."
    return Section("randomness", "Where the randomness came from", (words,))


def _audit(audits: tuple[AuditResult, ...]) -> Section:
    if not audits:
        return Section(
            "audit",
            "Audit",
            ("No audit was run: hotpapers dpopt audit MODEL attacks the model and bounds its ε from below.",),
        )
    rows = tuple(
        (
            one.verdict,
            shown(one.eps_lower),
            shown(one.claim),
            shown(one.delta),
            f"{100 * one.confidence:g} %",
        )
        for one in audits
    )
    worst = any(one.verdict == "violated" for one in audits)
    words = (
        "An audit CONTRADICTS the claim: this model is less private than this report says."
        if worst
        else "No audit contradicts the claim. That is no proof of privacy: an attack may only have been too weak."
    )
    headings = ("verdict", "ε is at least", "claimed ε", "at δ", "confidence")
    return Section("audit", "Audit", (words,), table=Table(headings, rows))


def _evaluations(ledger: Ledger) -> Section:
    words = (
        f"Scores on private test rows were released {len(ledger)} time(s): ε = {shown(ledger.epsilon(0.0))} in all, "
        f"for one {ledger.unit} of the test rows. Where test rows were training rows too, add it to the budget."
    )
    return Section("evaluations", "Evaluations", (words,))


def _reproduction(report: PrivacyReport) -> Section:
    rows = [
        ("SHA-256 of what was asked", report.fingerprint),
        *((name, _plain(value)) for name, value in report.asked.items()),
    ]
    if report.made:
        rows.append(("made on", report.made))
    words = (
        "The hash covers version, schema, budget and all settings, and nothing of the rows or the noise: a training "
        "with the same hash was asked for the same."
    )
    return Section("reproduction", "Reproduction", (words,), table=Table(("", "value"), tuple(rows)))


def _plain(value: object) -> str:
    if isinstance(value, float):
        return shown(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
