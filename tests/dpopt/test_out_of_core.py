"""Rows on disk give the numbers that rows in memory give, in a process that never holds them all."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from hotpapers.dpopt.accounting import Sampling
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.exact_sums import ExactClippedSums
from hotpapers.dpopt.losses import Logistic, Multinomial
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.rows import RowBound, prepare_rows
from hotpapers.dpopt.sampled_sums import SampledSums
from hotpapers.dpopt.second_moments import second_moments
from hotpapers.dpopt.tables.fixed_rows import fixed_rows
from hotpapers.dpopt.tables.stored_matrix import StoredMatrix


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    features = rng.normal(scale=0.5, size=(40_000, 9)).astype(np.float32)
    features[7], features[11, 2], features[13] = np.nan, np.inf, 0
    return features, rng.integers(0, 3, 40_000).astype(float)


def _stored(features):
    stored = StoredMatrix(features.shape[1])
    for start in range(0, len(features), 7001):
        stored.append(features[start : start + 7001])
    return stored


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("intercept", [None, 0.5])
def test_prepared_rows_are_the_same(table, exact, intercept) -> None:
    features, targets = table
    bound = RowBound(1.0, intercept=intercept)
    held = prepare_rows(features, targets, bound, exact=exact)
    with _stored(features) as stored:
        kept = prepare_rows(stored, targets, bound, exact=exact)
    assert isinstance(kept.features, StoredMatrix)
    np.testing.assert_array_equal(kept.features[:], held.features)
    np.testing.assert_array_equal(kept.norms, held.norms)
    assert kept.width == held.width


@pytest.mark.parametrize("exact", [True, False])
def test_a_second_norm_and_ignored_rows_are_the_same(table, exact) -> None:
    features, targets = table
    settings = {"exact": exact, "within": (1.2, 1), "ignored": np.arange(len(targets)) % 5 == 0}
    bound = RowBound(0.7, intercept=0.5)
    held = prepare_rows(features, targets, bound, **settings)
    kept = prepare_rows(_stored(features), targets, bound, **settings)
    np.testing.assert_array_equal(kept.features[:], held.features)
    np.testing.assert_array_equal(kept.norms, held.norms)
    assert not held.features[::5].any()
    assert not held.norms[::5].any()
    lengths = np.abs(held.features[:, 1:].astype(float)).sum(axis=1)
    assert 1.19 < lengths.max() <= 1.2 * (1 + (0 if exact else 1e-6))


@pytest.mark.parametrize("count", [39_000, 40_000, 41_000])
def test_a_declared_number_of_rows_is_the_same(table, count) -> None:
    features, targets = table
    held, expected = fixed_rows(features, targets, count)
    kept, found = fixed_rows(_stored(features), targets, count)
    assert kept.shape == held.shape == (count, 9)
    np.testing.assert_array_equal(kept[:], held)
    np.testing.assert_array_equal(found, expected)


def test_sums_are_the_same(table) -> None:
    features, targets = table
    for loss in (Logistic(), Multinomial(3)):
        shape = (9,) if loss.outputs == 1 else (9, 3)
        theta = np.random.default_rng(1).normal(size=shape)
        for exact, kind in ((True, ExactClippedSums), (False, ClippedSums)):
            rows = [prepare_rows(t, loss.encode(targets), RowBound(1.0), exact=exact)
                    for t in (features, _stored(features))]  # fmt: skip
            sums = [kind(each, loss, 0.3)(theta) for each in rows]
            np.testing.assert_array_equal(*sums)
            np.testing.assert_array_equal(*(second_moments(each) for each in rows))


def test_samples_are_the_same(table) -> None:
    features, targets = table
    loss, found = Logistic(), []
    for source in (features, _stored(features)):
        rows = prepare_rows(source, loss.encode(targets), RowBound(1.0), exact=True)
        sums = SampledSums(rows, loss, None, Sampling("poisson", 2.0**-6), SeededEntropy(3))
        found.append(sums(np.ones(9)))
    np.testing.assert_array_equal(*found)


def test_a_large_sample_is_gathered_in_parts(table, monkeypatch) -> None:
    features, targets = table
    rows = prepare_rows(features, Logistic().encode(targets), RowBound(1.0), exact=True)
    found = []
    for most in (2**16, 700):
        monkeypatch.setattr("hotpapers.dpopt.sampled_sums._GATHERED_ROWS", most)
        found.append(
            SampledSums(rows, Logistic(), None, Sampling("poisson", 0.25), SeededEntropy(3))(np.ones(9))
        )
    np.testing.assert_array_equal(*found)


def test_memory_does_not_hold_the_rows(tmp_path) -> None:
    """480,000 rows of 50 columns, 96 MB in the file, are read and fitted in a few tens of MB beyond the libraries."""
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        import numpy as np, pyarrow as pa, pyarrow.parquet as pq
        from hotpapers.dpopt.accounting import Ledger
        from hotpapers.dpopt.fit import buy, run
        from hotpapers.dpopt.losses import Logistic
        from hotpapers.dpopt.planner import plan
        from hotpapers.dpopt.releases import LatticeNoise
        from hotpapers.dpopt.rows import RowBound, prepare_rows
        from hotpapers.dpopt.tables.matrix import read_matrix
        from hotpapers.dpopt.tables.schema import Classes, Numeric, Schema

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

        path, d = Path(sys.argv[1]), 50
        rng = np.random.default_rng(0)
        names = [f"x{j}" for j in range(d)]
        kinds = pa.schema([(name, pa.float32()) for name in names] + [("y", pa.int8())])
        with pq.ParquetWriter(path, kinds) as writer:
            for _ in range(24):
                block = rng.random((20_000, d), dtype=np.float32)
                columns = [pa.array(block[:, j]) for j in range(d)] + [pa.array((block[:, 0] > 0.5).astype("i1"))]
                writer.write_table(pa.table(columns, schema=kinds))
        schema = Schema(
            columns=tuple(Numeric(name=name, low=0, high=1) for name in names),
            target=Classes(column="y", values=("0", "1")),
        )
        loss = Logistic()
        before = peak()
        matrix = read_matrix(path, schema, memory=0)
        rows = prepare_rows(matrix.features, loss.encode(matrix.target), RowBound(1.0), exact=True)
        matrix.features.close()
        made = plan(480_000, rows.width, epsilon=1.0, delta=1e-6, iterations=3)
        ledger = Ledger("add_remove")
        fit = run(rows, loss, buy(rows, made, noise=LatticeNoise(), spend=ledger.append),
                  noise=LatticeNoise(), spend=ledger.append)
        assert np.isfinite(fit.theta).all() and fit.theta[1] > 0
        print(peak() - before)
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "rows.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < 80  # the rows alone are 96


@pytest.mark.parametrize("method", [["--delta", "1e-6", "--iterations", "3"], ["--relation", "replace_one"]])
def test_the_command_does_not_hold_the_rows(tmp_path, method) -> None:
    """The same for the command, descent and objective perturbation: 96 MB of rows, beyond a small training."""
    script = textwrap.dedent(
        """
        import resource, sys
        import numpy as np, pyarrow as pa, pyarrow.parquet as pq
        import hotpapers.dpopt.table_training as training
        from hotpapers.cli import main

        folder, *words = sys.argv[1:]
        training._MEMORY, d, rng = 1 << 20, 50, np.random.default_rng(0)
        names = [f"x{j}" for j in range(d)]
        kinds = pa.schema([(name, pa.float32()) for name in names] + [("y", pa.int8())])
        columns = "".join(f'[columns.{name}]\\nkind = "numeric"\\nlow = 0\\nhigh = 1\\n' for name in names)
        for name, blocks in (("small", 1), ("large", 24)):
            with pq.ParquetWriter(f"{folder}/{name}.parquet", kinds) as writer:
                for _ in range(blocks):
                    block = rng.random((20_000, d), dtype=np.float32)
                    arrays = [pa.array(block[:, j]) for j in range(d)] + [pa.array((block[:, 0] > 0.5).astype("i1"))]
                    writer.write_table(pa.table(arrays, schema=kinds))
            with open(f"{folder}/{name}.toml", "w") as schema:
                schema.write(f'[table]\\nrows = {20_000 * blocks}\\n{columns}[target]\\ncolumn = "y"\\n')
                schema.write('values = ["0", "1"]\\n')
        peaks = []
        for name in ("small", "large"):
            try:
                main(["dpopt", "train", f"{folder}/{name}.parquet", "--schema", f"{folder}/{name}.toml",
                      "--out", f"{folder}/{name}", "--epsilon", "1", *words])
            except SystemExit as ended:
                assert not ended.code
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
        print(peaks[1] - peaks[0])
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), *method], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.splitlines()[-1]) < 60
