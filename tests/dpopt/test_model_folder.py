"""Models on disk: the same numbers come back, nothing damaged is taken, predictions are each row's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dpopt.examples import gaussian_report, model_with

from hotpapers.common.errors import InputError
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.model_folder import SavedModel, add_audit, load_model, save_model
from hotpapers.dpopt.onnx_export import export_onnx
from hotpapers.dpopt.predicting import predict_file

LOSSES = ("logistic", "multinomial", "svm", "ridge", "huber")


def saved_with(loss: str) -> SavedModel:
    from dataclasses import replace

    model = model_with(loss)
    return SavedModel(model, replace(gaussian_report(loss=loss), schema=model.schema), {"method": "nag"})


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_saved_comes_back(tmp_path, loss) -> None:
    saved = saved_with(loss)
    save_model(saved, tmp_path / "model")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model"]
    assert sorted(one.name for one in (tmp_path / "model").iterdir()) == [
        "ledger.json",
        "model.json",
        "report.html",
    ]
    again = load_model(tmp_path / "model")
    assert np.array_equal(again.model.coefficients, saved.model.coefficients)
    assert again.model.schema == saved.model.schema
    assert again.options == {"method": "nag"}
    assert again.report.to_html() == (tmp_path / "model" / "report.html").read_text()


def test_a_model_is_not_replaced(tmp_path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match="is there already"):
        save_model(saved_with("logistic"), tmp_path / "model")


def test_damage_is_refused(tmp_path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(PrivacyError, match="not readable"):
        load_model(folder)
    save_model(saved_with("logistic"), folder)
    record = json.loads((folder / "model.json").read_text())
    for change in (
        {"version": 2},
        {"coefficients": [1.0]},
        {"coefficients": [float("nan")] * 6},
        {"features": ["other"] * 6},
        {"loss": "ridge"},
        {"report": {}},
    ):
        (folder / "model.json").write_text(json.dumps(record | change))
        with pytest.raises(PrivacyError):
            load_model(folder)
    (folder / "model.json").write_text(json.dumps(record))
    ledger = json.loads((folder / "ledger.json").read_text())
    ledger["events"][0]["scale"] = -1
    (folder / "ledger.json").write_text(json.dumps(ledger))
    with pytest.raises(PrivacyError):
        load_model(folder)


def test_an_audit_is_kept_and_shown(tmp_path) -> None:
    save_model(saved_with("logistic"), tmp_path / "model")
    add_audit(tmp_path / "model", [AuditResult(0.5, 0.95, 1.0, 1e-5)])
    add_audit(tmp_path / "model", [AuditResult(1.5, 0.95, 1.0, 1e-5)])
    verdicts = [one.verdict for one in load_model(tmp_path / "model").report.audits]
    assert verdicts == ["consistent", "violated"]
    assert "CONTRADICTS" in (tmp_path / "model" / "report.html").read_text()


@pytest.mark.parametrize("loss", LOSSES)
def test_margins_are_products_and_each_rows_own(loss) -> None:
    model, generator = model_with(loss), np.random.default_rng(5)
    features = generator.random((400, 6)).astype(np.float32) / 2
    found = model.margins(features)
    assert found == pytest.approx(features.astype(float) @ model.coefficients, abs=3e-5)
    for at in (0, 7, 399):  # the same last bit alone, in a pair, or among all
        assert np.array_equal(model.margins(features[at : at + 1])[0], found[at])
    assert np.array_equal(model.margins(features[::-1])[::-1], found)


def test_predictions_by_loss() -> None:
    features = np.eye(6, dtype=np.float32)
    binary = model_with("logistic")
    chances = binary.probabilities(features)
    assert chances.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(binary.class_numbers(features), (chances[:, 1] > 0.5).astype(int))
    several = model_with("multinomial")
    assert np.array_equal(several.class_numbers(features), several.probabilities(features).argmax(axis=1))
    assert model_with("svm").probabilities(features) is None
    numbers = model_with("ridge").numbers(features)
    expected = np.clip(20 + 10 * model_with("ridge").coefficients, 10, 30)
    assert numbers == pytest.approx(expected, abs=1e-4)


def test_a_model_must_fit_its_schema() -> None:
    model = model_with("logistic")
    for loss, theta in (("ridge", np.zeros(6)), ("logistic", np.zeros(5)), ("multinomial", np.zeros((6, 3)))):
        with pytest.raises(PrivacyError):
            LinearModel(loss=loss, coefficients=theta, schema=model.schema)


def test_predictions_of_a_file_with_the_kept_column(tmp_path) -> None:
    import pyarrow.csv as csv

    table = tmp_path / "new.csv"
    table.write_text(
        'id,age,job,gain\na,50,baker,10\nb,x,unheard,\nc,too,many,fields,here\nd,1e9,"<b>clerk</b>",-5\n'
    )
    out = tmp_path / "out.csv"
    predict_file(model_with("logistic"), table, out, keep="id")
    found = csv.read_csv(out).to_pydict()
    assert found["id"] == ["a", "b", "d"]
    assert set(found) == {"id", "prediction", "p(no)", "p(yes)"}
    assert [p > 0.5 for p in found["p(yes)"]] == [one == "yes" for one in found["prediction"]]
    empty = tmp_path / "empty.csv"
    empty.write_text("id,age,job,gain\n")
    predict_file(model_with("ridge"), empty, tmp_path / "none.parquet", keep="id")
    with pytest.raises(InputError, match="are written as"):
        predict_file(model_with("ridge"), empty, tmp_path / "none.xls")


@pytest.mark.parametrize("loss", LOSSES)
def test_onnx_says_the_same(tmp_path, loss) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = model_with(loss)
    export_onnx(model, tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    features = np.random.default_rng(2).random((9, 6)).astype(np.float32) / 2
    found = dict(
        zip(
            [one.name for one in session.get_outputs()],
            session.run(None, {"features": features}),
            strict=True,
        )
    )
    margins = model.margins(features)
    assert found["margins"].reshape(margins.shape) == pytest.approx(margins, abs=1e-4)
    if loss in {"logistic", "multinomial"}:
        assert found["probabilities"] == pytest.approx(model.probabilities(features), abs=1e-4)
    if loss in {"ridge", "huber"}:
        assert found["numbers"][:, 0] == pytest.approx(model.numbers(features), abs=1e-3)
    assert json.loads(session.get_modelmeta().custom_metadata_map["features"])[0] == "(constant)"
