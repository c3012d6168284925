"""Two files that differ in one row, however hostile, are told apart by nothing but the noisy coefficients.

Noise is seeded, so what is equal here is equal for the same noise: messages, exit codes, names of files, ledger,
report. A row's content is planted as SECRET-7731 and looked for everywhere.
"""

from __future__ import annotations

import json
import re
import shutil

import pytest
from dpopt.commands.tables import GOOD, HOSTILE, run, write_schema, write_table

SECRET = "SECRET-7731"
_SAMPLES = pytest.mark.slow  # the account of sampled noise takes seconds
TRAININGS = {
    "nag": ("--epsilon", 1, "--delta", 1e-5, "--iterations", 12),
    "bought rows": ("--epsilon", 1, "--delta", 1e-5, "--method", "hb", "--iterations", 12),
    "objective, pure": ("--epsilon", 1),
    "objective": ("--epsilon", 1, "--delta", 1e-5, "--method", "objective"),
    "laplace": ("--epsilon", 1, "--method", "gd", "--iterations", 5),
    "replaced": ("--epsilon", 1, "--relation", "replace_one"),
    "samples": ("--epsilon", 1, "--delta", 1e-5, "--method", "sgd", "--iterations", 5, "--batch", 10),
    "svm": ("--rho", 0.05, "--loss", "svm", "--iterations", 12),
}
PRIVATE_ROWS = {"bought rows", "objective, pure"}
ALL_PAIRS = {"nag", "objective, pure"}
SOME = ("NaN", "undeclared class", "one class only", "empty")


def pairs() -> dict[str, tuple[list[str], list[str]]]:
    """(without, with) for added rows; single files for the degenerate ones."""
    made = {name: ([*GOOD[:20], *GOOD[20:]], [*GOOD[:20], row, *GOOD[20:]]) for name, row in HOSTILE.items()}
    one_class = [row.replace(",no", ",yes") for row in GOOD]
    made["one class only"] = (one_class, [*one_class, GOOD[0]])
    made["empty"] = ([], [GOOD[0]])
    made["one row"] = ([HOSTILE["undeclared class"]], [HOSTILE["undeclared class"], GOOD[1]])
    return made


def trained(capsys, folder, rows, schema, options, *, header=True):
    """Everything that a training says and writes, but for noisy numbers."""
    folder.mkdir()
    write_table(folder / "rows.csv", rows, header=header)
    code, out, err = run(
        capsys,
        "train",
        folder / "rows.csv",
        "--schema",
        schema,
        "--out",
        folder / "model",
        "--seed",
        3,
        *options,
    )
    (folder / "rows.csv").unlink()
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            texts[path.relative_to(folder).as_posix()] = path.read_text()
    everything = out + err + "".join(texts.values())
    assert SECRET not in everything
    if "model/model.json" in texts:
        model = json.loads(texts["model/model.json"])
        assert len(model.pop("coefficients")) == 6
        model.pop("deviation")
        texts["model/model.json"] = json.dumps(model)
        page = texts["model/report.html"]
        texts["model/report.html"] = re.sub(
            r"<figure>\s*<h3>Coefficients.*?</figure>", "", page, flags=re.DOTALL
        )
    shutil.rmtree(folder)
    return code, out, err, texts


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_SAMPLES if name == "samples" else ()) for name in TRAININGS]
)
def test_training_says_the_same_of_neighbours(tmp_path, capsys, name) -> None:
    schema = write_schema(tmp_path / "schema.toml", rows=None if name in PRIVATE_ROWS else 40)
    chosen = {key: pair for key, pair in pairs().items() if name in ALL_PAIRS or key in SOME}
    for hostile, (without, with_row) in chosen.items():
        found = [
            trained(capsys, tmp_path / "work", rows, schema, TRAININGS[name]) for rows in (without, with_row)
        ]
        if name in PRIVATE_ROWS:  # the bought number of rows is a noisy number; it moves scales with it
            found = [(code, out, err, set(texts)) for code, out, err, texts in found]
        assert found[0] == found[1], hostile
        assert found[0][0] == 0, (hostile, found[0][2])


@pytest.mark.parametrize("name", ["objective, pure", "objective", "nag"])
def test_many_more_rows_than_declared_say_the_same(tmp_path, capsys, name) -> None:
    """The declared number is the user's word; nothing tells by how much it is wrong."""
    schema = write_schema(tmp_path / "schema.toml", rows=10)
    found = [
        trained(capsys, tmp_path / "work", (GOOD * 100)[:rows], schema, TRAININGS[name])
        for rows in (10, 39, 41, 4000)
    ]
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0][0] == 0


def test_regression_says_the_same_of_neighbours(tmp_path, capsys) -> None:
    schema = write_schema(tmp_path / "schema.toml", numbers=True, rows=40)
    good = [row.replace("yes", "7.5").replace("no", "2") for row in GOOD]
    for row in ("30,baker,5,1e300", "30,baker,5,nan", f"30,baker,5,{SECRET}", "30,baker,5,-inf", "1"):
        for options in (
            ("--epsilon", 1, "--delta", 1e-5),
            ("--epsilon", 1),
            ("--epsilon", 1, "--loss", "huber"),
        ):
            found = [
                trained(capsys, tmp_path / "work", rows, schema, options) for rows in (good, [*good, row])
            ]
            assert found[0] == found[1]
            assert found[0][0] == 0


def test_a_file_without_any_line_is_a_table_without_rows(tmp_path, capsys) -> None:
    schema = write_schema(tmp_path / "schema.toml", header=True, rows=40)
    found = [
        trained(capsys, tmp_path / "work", rows, schema, TRAININGS["nag"], header=False)
        for rows in ([], [HOSTILE["open quotation"]], GOOD)
    ]
    assert found[0] == found[1] == found[2]


def test_units_of_several_rows_say_the_same(tmp_path, capsys) -> None:
    schema = write_schema(tmp_path / "schema.toml", rows=40, unit="job", rows_per_unit=2)
    found = [
        trained(capsys, tmp_path / "work", rows, schema, TRAININGS["nag"])
        for rows in (GOOD, [*GOOD, "1,baker,5,yes", "2,dancer,5,yes", "3,dancer,5,yes"])
    ]
    assert found[0] == found[1]
    assert found[0][0] == 0
    assert "for one job added or removed" in found[0][1]


def test_parquet_says_the_same(tmp_path, capsys) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    schema, said = write_schema(tmp_path / "schema.toml", rows=40), []
    columns = {"age": [30.0, 40.0], "job": ["baker", "clerk"], "gain": [1.0, 5.0], "label": ["no", "yes"]}
    hostile = {"age": [float("nan")], "job": [None], "gain": [float("inf")], "label": [SECRET]}
    for table in (columns, {name: [*values, *hostile[name]] for name, values in columns.items()}):
        parquet.write_table(pa.table(table), tmp_path / "rows.parquet")
        words = ("--schema", schema, "--out", tmp_path / "model", "--seed", 1, *TRAININGS["nag"])
        said.append(run(capsys, "train", tmp_path / "rows.parquet", *words))
        said.append((tmp_path / "model" / "ledger.json").read_text())
        assert SECRET not in (tmp_path / "model" / "report.html").read_text()
        shutil.rmtree(tmp_path / "model")
    assert said[:2] == said[2:]
    assert said[0][0] == 0


def test_using_a_model_says_the_same(tmp_path, capsys) -> None:
    schema = write_schema(tmp_path / "schema.toml", rows=40)
    write_table(tmp_path / "rows.csv", GOOD)
    run(
        capsys,
        "train",
        tmp_path / "rows.csv",
        "--schema",
        schema,
        "--out",
        tmp_path / "model",
        *TRAININGS["nag"],
    )
    for hostile, both in pairs().items():
        said = []
        for rows in both:
            data = write_table(tmp_path / "test.csv", rows)
            scored = run(capsys, "evaluate", tmp_path / "model", data, "--epsilon-eval", 1, "--json")
            names = list(json.loads(scored[1]))
            predicted = run(capsys, "predict", tmp_path / "model", data, "--out", tmp_path / "predicted.csv")
            template = run(capsys, "schema", data, "--declare", "--target", "label")
            said.append((scored[0], names, scored[2], predicted, template))
            page = (tmp_path / "model" / "report.html").read_text()
            assert SECRET not in page + repr(said) + (tmp_path / "predicted.csv").read_text()
        assert said[0] == said[1], hostile
        assert said[0][0] == said[0][3][0] == 0


def test_errors_are_one_line_and_never_about_a_row(tmp_path, capsys) -> None:
    """A file that is broken as a whole: the same line whatever its rows hold."""
    schema = write_schema(tmp_path / "schema.toml", rows=40)
    said = set()
    for content in (b"age,job\n" + SECRET.encode(), b"age,job\n1,2,3\n4"):
        (tmp_path / "rows.csv").write_bytes(content)
        said.add(
            run(
                capsys,
                "train",
                tmp_path / "rows.csv",
                "--schema",
                schema,
                "--out",
                tmp_path / "m",
                "--epsilon",
                1,
            )
        )
    assert len(said) == 1
    code, out, err = said.pop()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "has no column" in err
    said = set()
    for content in (b"\x1f\x8b" + SECRET.encode(), b"\x1f\x8b\x08nothing"):
        (tmp_path / "rows.csv.gz").write_bytes(content)
        code, out, err = run(
            capsys,
            "train",
            tmp_path / "rows.csv.gz",
            "--schema",
            schema,
            "--out",
            tmp_path / "m",
            "--epsilon",
            1,
        )
        said.add((code, out, err))
        assert SECRET not in err
    assert not (tmp_path / ".m.training").exists()  # nothing was spent
    assert {code for code, _, _ in said} == {1}
