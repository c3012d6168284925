"""The report says what the ledger says, in every format, and nothing in it can pass for markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from dpopt.examples import gaussian_report

from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.descent import History, gaussian_scales
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Iterate, advance, query_point
from hotpapers.dpopt.planner import plan
from hotpapers.dpopt.report import PrivacyReport, noise_deviation
from hotpapers.dpopt.report.curves import privacy_curve
from hotpapers.dpopt.report.figures import draw_curve, draw_iterations
from hotpapers.dpopt.report.sections import STAMP, sections


def words_of(report: PrivacyReport, name: str) -> str:
    section = next(one for one in sections(report) if one.name == name)
    table = [] if section.table is None else [cell for row in section.table.rows for cell in row]
    return " ".join([*section.sentences, *section.points, *table])


def test_the_best_guess_is_that_of_gaussian_dp() -> None:
    # mu(1, 1e-5) = 0.268051: the best test of mu-GDP is right Phi(mu/2) = 0.5533 of the time.
    text = words_of(gaussian_report(), "protected")
    assert "right at most 55.4 % of the time" in text
    assert "e^ε = 2.718 times as likely" in text
    assert "probability of 1e-5" in text


def test_the_budget_table_is_the_ledgers() -> None:
    report = gaussian_report()
    rows = {row[0]: row[1:] for row in next(s for s in sections(report) if s.name == "budget").table.rows}
    assert rows["ε at δ = 1e-5"] == ("1", "1", "0")
    assert rows["μ of Gaussian DP"][1] == "0.2681"
    assert rows["pure ε, at δ = 0"][1] == "unbounded"


def test_a_pure_ledger_is_reported_pure_and_at_a_delta() -> None:
    event = Event(
        mechanism="laplace", sensitivity=1.0, norm="l1", scale=100.0, count=100, relation="replace_one"
    )
    report = PrivacyReport(
        subject="model",
        budget=Budget(epsilon=2.0, relation="replace_one", unit="person"),
        ledger=Ledger("replace_one", "person", [event]),
        private=True,
    )
    rows = {row[0]: row[1:] for row in next(s for s in sections(report) if s.name == "budget").table.rows}
    assert rows["pure ε"] == ("2", "1", "1")
    assert rows["ε at δ = 1e-5"][1] == "0.3367"
    assert "of any one person, compared with any other in its place" in words_of(report, "protected")
    assert privacy_curve(report.ledger).pure == 1.0
    assert "pure ε 1" in report.to_html()


def test_the_curve_is_the_ledgers_delta() -> None:
    ledger = gaussian_report().ledger
    curve = privacy_curve(ledger)
    assert curve.pure is None
    assert len(curve.epsilons) > 40
    assert list(curve.deltas) == sorted(curve.deltas, reverse=True)
    for at in (0, 10, 30):
        assert curve.deltas[at] == ledger.delta(curve.epsilons[at])
    sampled = Event(
        mechanism="laplace", sensitivity=1.0, norm="l1", scale=5.0, count=3, relation="add_remove"
    )
    mixed = Ledger("add_remove", events=[sampled])
    found = privacy_curve(mixed)
    assert found.deltas[5] == pytest.approx(mixed.delta(found.epsilons[5]), rel=1e-6)


def test_a_seed_is_stamped_wherever_one_looks() -> None:
    seeded, private = gaussian_report(private=False), gaussian_report()
    for text in (seeded.to_html(), seeded.to_markdown()):
        assert text.count(STAMP) >= 3
    assert seeded.to_json()["private"] is False
    assert STAMP not in private.to_html() + private.to_markdown()


def test_an_audit_that_contradicts_is_said_first() -> None:
    bad = gaussian_report(audits=(AuditResult(1.4, 0.95, 1.0, 1e-5),))
    good = gaussian_report(audits=(AuditResult(0.8, 0.95, 1.0, 1e-5),))
    assert "CONTRADICTS" in words_of(bad, "audit")
    assert "violated" in words_of(bad, "audit")
    assert "no proof of privacy" in words_of(good, "audit")
    assert "audit: at least 1.4" in draw_curve(privacy_curve(bad.ledger), bad.audits)


def test_the_hash_is_of_what_was_asked_and_not_of_the_noise() -> None:
    report = gaussian_report()
    other_noise = replace(report, coefficients=None, iterations=None, made="2030-01-01", audits=())
    assert other_noise.fingerprint == report.fingerprint
    assert replace(report, asked={"method": "gd"}).fingerprint != report.fingerprint
    assert replace(report, private=False).fingerprint != report.fingerprint
    assert report.fingerprint in report.to_html()


def test_json_makes_the_same_report_again(tmp_path) -> None:
    report = gaussian_report(
        audits=(AuditResult(0.8, 0.95, 1.0, 1e-5, mu_lower=0.2),),
        evaluations=Ledger("add_remove"),
        made="2025-01-31",
    )
    report.save(tmp_path / "report.json")
    again = PrivacyReport.from_json(json.loads((tmp_path / "report.json").read_text()))
    assert again.to_html() == report.to_html()
    assert again.to_json() == report.to_json()
    with pytest.raises(PrivacyError, match="version 1"):
        PrivacyReport.from_json({"format": "other"})
    with pytest.raises(PrivacyError, match=r"\.html, \.md or \.json"):
        report.save(tmp_path / "report.docx")


def test_names_of_the_schema_are_text_in_every_format() -> None:
    report = gaussian_report()
    page, text = report.to_html(), report.to_markdown()
    assert "<b>clerk" not in page
    assert "&lt;b&gt;clerk" in page
    assert "<b>clerk" not in text
    assert "job=\\<b\\>clerk" in text or "\\<b\\>clerk" in text


def test_figures_are_well_formed_and_stages_are_marked() -> None:
    report = gaussian_report(method="masg")
    drawn = ET.fromstring(draw_iterations(report.iterations))
    assert len(report.iterations.boundaries) >= 0
    two = replace(report.iterations, stages=(1,) * 10 + (2,) * (len(report.iterations.stages) - 10))
    assert two.boundaries == (10,)
    dashed = re.findall("stroke-dasharray", draw_iterations(two))
    assert len(dashed) == 2  # one a panel
    assert drawn.tag.endswith("svg")
    for svg in re.findall(r'<svg class="figure".*?</svg>(?=\s*<figcaption)', report.to_html(), re.DOTALL):
        ET.fromstring(svg)


def test_the_error_bars_cover_the_noise_of_a_quadratic() -> None:
    """Simulated noise of the last iterate for three curvatures: the bar is the largest deviation, within 3 %."""
    made = plan(2000, 3, epsilon=1.0, delta=1e-5, guard=False)
    scales = gaussian_scales(made.shares(), made.descent_mu, 1.0)
    history = History(scale=scales.tolist(), step_size=[made.alpha] * made.iterations)
    curvatures = np.array([made.problem.lam, 0.01, 1.0 / made.alpha])[:, None]
    schedule, generator = made.schedule(), np.random.default_rng(3)
    iterate = Iterate.start(np.zeros((3, 4000)))
    for t in range(made.iterations):
        noise = generator.normal(scale=scales[t] / made.problem.rows, size=(3, 4000))
        iterate = advance(schedule, t, iterate, curvatures * query_point(schedule, t, iterate) + noise)
    spread = iterate.current.std(axis=1)
    bar = noise_deviation(made, history)
    assert spread.max() == pytest.approx(bar, rel=0.05)
    assert (spread <= 1.05 * bar).all()
