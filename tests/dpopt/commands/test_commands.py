"""The commands from end to end: budgets that are shared, models that appear whole, kills that forget nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dpopt.commands.tables import GOOD, run, write_schema, write_table

from hotpapers.dpopt.accounting import read_durable
from hotpapers.dpopt.model_folder import load_model
from hotpapers.dpopt.report.sections import STAMP
from hotpapers.dpopt.training_folder import unfinished

KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture
def table(tmp_path):
    """Rows, their schema, and where a model goes."""
    rows = [
        f"{(17 * n) % 100},{('baker', 'clerk')[n % 2]},{n},{'yes' if n % 2 else 'no'}" for n in range(400)
    ]
    return (
        write_table(tmp_path / "rows.csv", rows),
        write_schema(tmp_path / "schema.toml", rows=400),
        tmp_path / "model",
    )


def train(capsys, table, *words):
    data, schema, out = table
    return run(capsys, "train", data, "--schema", schema, "--out", out, *words)


def test_a_model_its_report_and_its_use(table, tmp_path, capsys) -> None:
    code, out, err = train(capsys, table, "--epsilon", 20, "--delta", 1e-5, "--json", "--target", "label")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert 0.999 * 20 <= said["spent"] <= said["allowed"] == 20
    saved = load_model(table[2])
    assert saved.report.private
    assert STAMP not in (table[2] / "report.html").read_text()
    code, out, _ = run(capsys, "evaluate", table[2], table[0], "--public-data", "--json")
    assert json.loads(out)["accuracy"] > 0.95  # the class is the job
    code, out, _ = run(capsys, "evaluate", table[2], table[0], "--epsilon-eval", 2, "--json")
    assert json.loads(out)["epsilon"] == 2.0
    assert "ε = 2 in all" in run(capsys, "report", table[2], "--format", "md")[1]
    assert (
        json.loads(run(capsys, "report", table[2], "--format", "json")[1])["fingerprint"]
        == said["fingerprint"]
    )
    assert run(capsys, "export", table[2], "--out", tmp_path / "m.onnx")[0] == 0


def test_a_seed_is_stamped(table, capsys) -> None:
    _, out, _ = train(capsys, table, "--epsilon", 1, "--seed", 1)
    assert f"warning: {STAMP}" in out
    assert STAMP in (table[2] / "report.html").read_text()


def test_a_shared_account_refuses_before_the_file_is_opened(table, tmp_path, capsys) -> None:
    account = tmp_path / "account.jsonl"
    assert run(capsys, "budget", account, "--epsilon", 1.2, "--delta", 1e-5)[0] == 0
    assert train(capsys, table, "--epsilon", 1, "--delta", 1e-5, "--ledger", account)[0] == 0
    spent = json.loads(run(capsys, "budget", account, "--json")[1])["spent"]
    assert 0.999 <= spent <= 1.0
    nowhere = (tmp_path / "no such rows.csv", table[1], tmp_path / "second")
    code, _, err = train(capsys, nowhere, "--epsilon", 1, "--delta", 1e-5, "--ledger", account)
    assert (code, err.count("\n")) == (2, 1)
    assert "budget does not cover" in err
    assert json.loads(run(capsys, "budget", account, "--json")[1])["spent"] == spent
    assert not unfinished(nowhere[2]).exists()
    code, _, err = train(capsys, nowhere, "--epsilon", 0.3, "--delta", 1e-5, "--ledger", account)
    assert "no such file" in err
    code, _, err = train(capsys, nowhere, "--epsilon", 1, "--ledger", tmp_path / "other.jsonl")
    assert code == 2
    assert "`hotpapers dpopt budget` opens one" in err


def test_evaluations_are_charged_to_an_account_of_the_test_rows(table, tmp_path, capsys) -> None:
    train(capsys, table, "--epsilon", 1)
    account = tmp_path / "test-rows.jsonl"
    run(capsys, "budget", account, "--epsilon", 0.5)
    words = ("evaluate", table[2], table[0], "--ledger", account, "--epsilon-eval")
    assert run(capsys, *words, 0.4)[0] == 0
    code, _, err = run(capsys, *words, 0.2)
    assert code == 2
    assert "budget does not cover" in err
    assert read_durable(account).epsilon(0.0) == pytest.approx(0.4)
    assert load_model(table[2]).report.evaluations.epsilon(0.0) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--epsilon", 0), "epsilon must be a positive"),
        ((), "exactly one of epsilon"),
        (("--epsilon", 1, "--target", "age"), "is not column 'age'"),
        (("--epsilon", 1, "--noise", "gaussian"), "needs a delta"),
        (("--epsilon", 1, "--loss", "ridge"), "does not go with a target of classes"),
        (("--epsilon", 1, "--resume"), "no training"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_left(table, capsys, words, message) -> None:
    code, out, err = train(capsys, table, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not table[2].exists()
    assert not unfinished(table[2]).exists()


def test_a_delta_that_forbids_too_little_is_noted(table, capsys) -> None:
    code, _, err = train(capsys, table, "--epsilon", 1, "--delta", 0.01, "--iterations", 3)
    assert code == 0
    assert "note: delta=0.01 is above 1/n for the public n=400" in err


def test_a_model_is_not_overwritten(table, capsys) -> None:
    train(capsys, table, "--epsilon", 1)
    before = (table[2] / "model.json").read_bytes()
    code, _, err = train(capsys, table, "--epsilon", 1)
    assert code == 2
    assert "is there already" in err
    assert (table[2] / "model.json").read_bytes() == before


def killed_at(table, count: int, *words) -> int:
    data, schema, out = table
    command = [sys.executable, KILLED, str(count), "train", data, "--schema", schema, "--out", out, *words]
    return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode


NAG = ("--epsilon", "1", "--delta", "1e-5", "--iterations", "4", "--method", "nag")


@pytest.mark.parametrize("count", [2, 4, 7, 10, 13])
def test_killed_and_resumed_it_never_under_reports(table, capsys, tmp_path, count) -> None:
    account = tmp_path / "account.jsonl"
    run(capsys, "budget", account, "--epsilon", 3, "--delta", 1e-5)
    words = (*NAG, "--ledger", account)
    assert killed_at(table, count, *words) == -signal.SIGKILL
    assert not table[2].exists()
    spent = read_durable(account)
    own = read_durable(unfinished(table[2]) / "ledger.jsonl")
    assert len(spent) - len(own) in {0, 1}  # the shared account is told first
    if len(own):  # else nothing is known to be spent, and the same command begins anew
        code, _, err = train(capsys, table, *words)
        assert code == 2
        assert "--resume" in err
        words = (*words, "--resume")
    code, _, err = train(capsys, table, *words)
    assert (code, err) == (0, "")
    saved = load_model(table[2])
    after = read_durable(account)
    assert after.events[: len(spent)] == spent.events
    assert saved.report.ledger.events[: len(own)] == own.events
    assert saved.report.ledger.epsilon(1e-5) <= 1.0
    assert after.epsilon(1e-5) >= saved.report.ledger.epsilon(1e-5)
    assert saved.report.ledger.epsilon(1e-5) > 0.9
    assert not unfinished(table[2]).exists()


def test_killed_before_its_one_release_it_stays_charged(table, capsys) -> None:
    # fsyncs: the ledger's file and folder, the announced release. One killed before it is simply begun anew.
    for count in range(2, 7):
        assert killed_at(table, count, "--epsilon", "1") == -signal.SIGKILL
        ledger = read_durable(unfinished(table[2]) / "ledger.jsonl")
        if len(ledger):
            break
    assert len(ledger) >= 1
    code, _, err = train(capsys, table, "--epsilon", 1, "--resume")
    assert code == 2
    assert "spent its budget at once" in err
    assert read_durable(unfinished(table[2]) / "ledger.jsonl").events == ledger.events
    assert not table[2].exists()


def test_a_resumed_training_must_be_the_same(table, capsys) -> None:
    assert killed_at(table, 8, *NAG) == -signal.SIGKILL
    code, _, err = train(capsys, table, *NAG, "--lam", 0.5, "--resume")
    assert code == 2
    assert "other settings" in err
    assert train(capsys, table, *NAG, "--resume")[0] == 0


def test_plans_need_no_data(capsys) -> None:
    code, out, _ = run(capsys, "plan", "--n", 32561, "--d", 92, "--epsilon", 1, "--delta", 1e-5, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found[0]["method"], found[0]["iterations"], found[0]["chosen"]) == ("nag", 136, True)
    assert {one["method"] for one in found} == {"gd", "hb", "nag", "masg", "objective"}
    pure = json.loads(
        run(capsys, "plan", "--n", 32561, "--d", 92, "--epsilon", 1, "--norm-l1", 3.6, "--json")[1]
    )
    assert (pure[0]["method"], pure[0]["noise"]) == ("objective", "laplace")
    assert run(capsys, "plan", "--n", 0, "--d", 92, "--epsilon", 1)[0] == 2


def test_a_schema_template_has_names_and_nothing_else(table, tmp_path, capsys) -> None:
    code, out, _ = run(capsys, "schema", table[0], "--declare", "--target", "label")
    assert code == 0
    assert all(f"[columns.{name}]" in out for name in ("age", "job", "gain"))
    assert "baker" not in out
    code, out, _ = run(capsys, "schema", tmp_path / "not there.csv", "--declare", "--names", "a, b")
    assert (code, 'header = ["a", "b"]' in out) == (0, True)
    assert "baker" in run(capsys, "schema", table[0], "--public-data", "--target", "label")[1]
    assert run(capsys, "schema", table[0])[0] == 2


def test_audits_of_a_model_are_kept_and_of_the_published_noise_end_with_1(table, capsys) -> None:
    train(capsys, table, "--epsilon", 1, "--delta", 1e-5, "--iterations", 4)
    code, out, _ = run(capsys, "audit", table[2], "--draws", 40_000, "--confidence", 0.9999, "--json")
    assert (code, json.loads(out)["verdict"]) == (0, "consistent")
    assert 0.4 < json.loads(out)["epsilon at least"] <= 1.0
    code, out, _ = run(
        capsys, "audit", table[2], "--mode", "one-run", "--canaries", 100, "--confidence", 0.9999, "--json"
    )
    assert (code, json.loads(out)["verdict"]) == (0, "consistent")
    assert len(load_model(table[2]).report.audits) == 2
    code, out, _ = run(capsys, "audit", "--mechanism", "published", "--json")
    assert (code, json.loads(out)["verdict"]) == (1, "violated")
    assert run(capsys, "audit")[0] == 2


def test_units_of_several_rows_cost_as_many_times_more(tmp_path, capsys) -> None:
    from dataclasses import replace

    data = write_table(tmp_path / "rows.csv", GOOD)
    schema = write_schema(tmp_path / "schema.toml", rows=40, unit="job", rows_per_unit=3)
    found = run(capsys, "train", data, "--schema", schema, "--out", tmp_path / "m", *NAG)
    assert found[0] == 0
    ledger = load_model(tmp_path / "m").report.ledger
    assert ledger.unit == "job"
    assert 0.999 <= ledger.epsilon(1e-5) <= 1.0
    # One row of the three: a third of mu.
    single = [replace(event, sensitivity=event.sensitivity / 3) for event in ledger]
    assert np.sqrt(sum((one.sensitivity / one.scale) ** 2 for one in single)) == pytest.approx(
        ledger.mu() / 3
    )
    sums = [event.sensitivity for event in ledger if event.purpose == "gradient sum"]
    assert sums == [3.0] * 4
    code, _, err = run(
        capsys,
        "train",
        data,
        "--schema",
        schema,
        "--out",
        tmp_path / "o",
        "--epsilon",
        1,
        "--method",
        "objective",
    )
    assert code == 2
    assert "units of several rows" in err
