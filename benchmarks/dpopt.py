"""Private training: a large fit end to end, secure beside plain, growth with n, Opacus on Adult, memory, ingest, noise.

    python benchmarks/dpopt.py                   # ours: a few minutes on one core
    python benchmarks/dpopt.py --peer-path DIR   # also Opacus, from a folder where it and opt_einsum are installed
    python benchmarks/dpopt.py --full            # also 2,000,000 x 100 from Parquet, out of core (1.7 GB of disk)

All times are CPU seconds of one thread, which a busy machine changes least; of repeated runs in turns the
least counts. Every section runs in a process of its own. A bar that is missed is shown as missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from hotpapers.common.console import console, table
from hotpapers.common.datasets import data_folders
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.dpopt.accounting import Ledger
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.exact_sums import ExactClippedSums
from hotpapers.dpopt.fit import buy, run
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.noise import draw_gaussian_lattice, draw_laplace_lattice
from hotpapers.dpopt.planner import plan
from hotpapers.dpopt.releases import LatticeNoise, Noise, PlainNoise
from hotpapers.dpopt.rows import PreparedRows, RowBound, prepare_rows

Found = dict[str, Any]
WIDTH, ITERATIONS, LAM = 100, 100, 1e-4
ADULT_LEAST = 0.3577622091  # F* of the regularised loss on Adult's training part


def made_up(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of norm about 0.9 and targets in {-1, +1} that a linear model can learn."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count, WIDTH), dtype=np.float32)
    features *= np.float32(0.09)
    return features, np.where(features[:, :10].sum(axis=1) + 0.1 * rng.standard_normal(count) > 0, 1.0, -1.0)


def timed(run_once: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds, and what came out."""
    started = process_time()
    made = run_once()
    return process_time() - started, made


def peak() -> float:
    """Megabytes that the process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


# ---- one large fit


def fitted(rows: PreparedRows, count: int, noise: Noise, iterations: int | None) -> tuple[np.ndarray, Ledger]:
    """Plan, buy, run; the step-size guard is paid for, the number of rows is public."""
    ledger = Ledger("add_remove")
    made = plan(count, rows.width, epsilon=1.0, delta=1e-7, method="nag", iterations=iterations, lam=LAM)
    settled = buy(rows, made, noise=noise, spend=ledger.append)
    return run(rows, Logistic(), settled, noise=noise, spend=ledger.append).theta, ledger


def end_to_end(features: np.ndarray, targets: np.ndarray, *, secure: bool) -> float:
    """From numbers to a model and its account."""
    noise: Noise = LatticeNoise() if secure else PlainNoise("gaussian", np.random.default_rng(), private=True)
    rows = prepare_rows(features, Logistic().encode(targets), RowBound(1.0), exact=secure)
    _, ledger = fitted(rows, len(features), noise, ITERATIONS)
    return ledger.epsilon(1e-7)


def bench_fit(count: int, rounds: int) -> Found:
    features, targets = made_up(count)
    seconds: dict[str, list[float]] = {"secure": [], "plain": []}
    for _ in range(rounds):
        for name, found in seconds.items():
            found.append(timed(partial(end_to_end, features, targets, secure=name == "secure"))[0])
    secure, plain = min(seconds["secure"]), min(seconds["plain"])
    return {
        "secure, CPU s": bar(secure, 8.0 * count / 1e6, at_most=True),
        "plain, CPU s": plain,
        "secure / plain": bar(secure / plain, 2, at_most=True),
        "peak memory, MB": peak(),
        "of which the rows twice, MB": 2 * features.nbytes / 1e6,
    }


def bench_growth(counts: tuple[int, ...], rounds: int = 7) -> Found:
    """One pass in secure and in plain arithmetic, in turns over all sizes."""
    theta = np.random.default_rng(1).normal(scale=0.3, size=WIDTH)
    sums: dict[tuple[str, int], Any] = {}
    features, targets = made_up(max(counts))
    for count in counts:
        encoded = Logistic().encode(targets[:count])
        exact = prepare_rows(features[:count], encoded, RowBound(1.0), exact=True)
        sums["secure", count] = ExactClippedSums(exact, Logistic())
        sums["plain", count] = ClippedSums(prepare_rows(features[:count], encoded, RowBound(1.0)), Logistic())
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in sums}
    for _ in range(rounds):
        for (kind, count), one in sums.items():
            passes = max(1, counts[-1] // count // 2)  # so long that the clock's grain does not matter
            spent, _ = timed(lambda one=one, passes=passes: [one(theta) for _ in range(passes)])
            seconds[kind, count].append(spent / passes)
    found: Found = {}
    for kind in ("secure", "plain"):
        each = {count: min(seconds[kind, count]) / count * 1e9 for count in counts}
        found |= {f"{kind}, {count:,} rows, ns a row": value for count, value in each.items()}
        last = each[counts[-1]]
        found[f"{kind}, largest / smallest, by row"] = bar(last / each[counts[0]], 1.1, at_most=True)
    return found


# ---- Opacus


def adult_file() -> Path | None:
    """The training part of Adult, where it is."""
    places = (folder / "dpopt" / "adult-train.csv.gz" for folder in data_folders())
    return next((place for place in places if place.is_file()), None)


def adult(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features ``(32561, 92)`` within norm 1, targets in {-1, +1}."""
    from hotpapers.dpopt.tables.matrix import read_matrix
    from hotpapers.dpopt.tables.schema_file import read_schema

    schema = read_schema(Path(str(files("hotpapers.dpopt.tables") / "adult.schema.toml")))
    made = read_matrix(path, schema)
    return np.asarray(made.features[:]), Logistic().encode(made.target)


def excess(features: np.ndarray, targets: np.ndarray, theta: np.ndarray) -> float:
    """F - F* at lam = 1e-4."""
    loss = np.logaddexp(0, -targets * (features.astype(float) @ theta)).mean()
    return float(loss + LAM / 2 * theta @ theta - ADULT_LEAST)


def ours_on_adult(features: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """CPU seconds and excess of one fit with the data-free plan, the guard paid for, secure noise."""

    def once() -> np.ndarray:
        rows = prepare_rows(features, targets, RowBound(1.0), exact=True)
        ledger, noise = Ledger("add_remove"), LatticeNoise()
        made = plan(len(features), rows.width, epsilon=1.0, delta=1e-5, lam=LAM)
        settled = buy(rows, made, noise=noise, spend=ledger.append)
        theta = run(rows, Logistic(), settled, noise=noise, spend=ledger.append).theta
        ledger.epsilon(1e-5)
        return theta

    seconds, theta = timed(once)
    return seconds, excess(features, targets, theta)


def opacus_on_adult(features: np.ndarray, targets: np.ndarray, epochs: int) -> tuple[float, float]:
    """The same by Opacus: DP-SGD, expected batch 2048, learning rate 16, clipping at 1, its own calibration.

    Weight decay is the objective's lam; the learning rate was the best of those tried for Opacus.
    """
    import warnings

    import torch
    from opacus import PrivacyEngine

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    x, y = torch.from_numpy(features), torch.from_numpy((targets > 0).astype(np.float32))

    def once() -> np.ndarray:
        model = torch.nn.Linear(features.shape[1], 1, bias=False)
        torch.nn.init.zeros_(model.weight)
        optimizer = torch.optim.SGD(model.parameters(), lr=16.0, weight_decay=LAM)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=2048)
        model, optimizer, loader = PrivacyEngine(accountant="prv").make_private_with_epsilon(
            module=model, optimizer=optimizer, data_loader=loader, target_epsilon=1.0, target_delta=1e-5,
            epochs=epochs, max_grad_norm=1.0,
        )  # fmt: skip
        for _ in range(epochs):
            for batch, labels in loader:
                optimizer.zero_grad()
                loss = torch.nn.functional.binary_cross_entropy_with_logits(model(batch)[:, 0], labels)
                loss.backward()
                optimizer.step()
        return next(model.parameters()).detach().double().numpy()[0]

    seconds, theta = timed(once)
    return seconds, excess(features, targets, theta)


def torch_on_adult(features: np.ndarray, targets: np.ndarray, epochs: int) -> tuple[float, float]:
    """The same loop with our `make_private_with_epsilon`, secure noise."""
    import torch

    from hotpapers.dpopt.torch import make_private_with_epsilon

    torch.set_num_threads(1)
    x, y = torch.from_numpy(features), torch.from_numpy((targets > 0).astype(np.float32))

    def once() -> np.ndarray:
        model = torch.nn.Linear(features.shape[1], 1, bias=False)
        torch.nn.init.zeros_(model.weight)
        optimizer = torch.optim.SGD(model.parameters(), lr=16.0, weight_decay=LAM)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=2048)
        model, private, sampled = make_private_with_epsilon(
            module=model, optimizer=optimizer, data_loader=loader, target_epsilon=1.0, target_delta=1e-5,
            epochs=epochs, max_grad_norm=1.0,
        )  # fmt: skip
        for _ in range(epochs):
            for batch, labels in sampled:
                private.zero_grad()
                loss = torch.nn.functional.binary_cross_entropy_with_logits(model(batch)[:, 0], labels)
                loss.backward()
                private.step()
        return model.weight.detach().double().numpy()[0]

    seconds, theta = timed(once)
    return seconds, excess(features, targets, theta)


def bench_adult(path: Path, peer: str | None, runs: int, peer_runs: int, epochs: int) -> Found:
    """Unseeded runs of all; excess and CPU seconds are means, and the quickest run of each is compared."""
    features, targets = adult(path)
    ours_on_adult(features, targets)
    programs: dict[str, tuple[Callable[[], tuple[float, float]], int]] = {
        "ours": (partial(ours_on_adult, features, targets), runs),
        f"our make_private, {epochs} epochs": (partial(torch_on_adult, features, targets, epochs), peer_runs),
    }
    if peer is not None:
        sys.path.insert(0, peer)
        programs["Opacus"] = (partial(opacus_on_adult, features, targets, epochs), peer_runs)
    found: Found = {"epsilon, delta": "1, 1e-5"}
    least: dict[str, tuple[float, float]] = {}
    for name, (program, count) in programs.items():
        made = [program() for _ in range(count)]
        least[name] = min(seconds for seconds, _ in made), statistics.fmean(value for _, value in made)
        found[f"{name}, CPU s"], found[f"{name}, excess, mean of {count}"] = least[name]
    if peer is not None:
        found["times less CPU than Opacus"] = bar(least["Opacus"][0] / least["ours"][0], 25)
        found["excess / Opacus'"] = bar(least["ours"][1] / least["Opacus"][1], 1, at_most=True)
    return found


# ---- files


def bench_out_of_core(count: int) -> Found:
    """Parquet that is read once, kept on disk, and passed over by the plan's iterations."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from hotpapers.dpopt.tables.matrix import read_matrix
    from hotpapers.dpopt.tables.schema import Classes, Numeric, Schema

    names = [f"x{j}" for j in range(WIDTH)]
    kinds = pa.schema([*((name, pa.float32()) for name in names), ("y", pa.int8())])
    schema = Schema(
        columns=tuple(Numeric(name=name, low=0, high=1) for name in names),
        target=Classes(column="y", values=("0", "1")),
    )
    with tempfile.TemporaryDirectory(prefix="hotpapers-bench-") as folder:
        path, rng = Path(folder) / "rows.parquet", np.random.default_rng(0)
        with pq.ParquetWriter(path, kinds, compression="none", use_dictionary=False) as writer:
            for start in range(0, count, 50_000):
                block = rng.random((min(50_000, count - start), WIDTH), dtype=np.float32)
                columns = [pa.array(block[:, j]) for j in range(WIDTH)]
                columns.append(pa.array((block[:, 0] > 0.5).astype(np.int8)))
                writer.write_table(pa.table(columns, schema=kinds))
        del block, columns

        def raw() -> int:
            file = pq.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False)
            return sum(len(batch) for batch in file.iter_batches(1 << 14, use_threads=False))

        def prepared() -> PreparedRows:
            matrix = read_matrix(path, schema, memory=0)
            rows = prepare_rows(matrix.features, Logistic().encode(matrix.target), RowBound(1.0), exact=True)
            matrix.features.close()
            return rows

        reading, _ = timed(raw)
        ready, rows = timed(prepared)
        sums = ExactClippedSums(rows, Logistic())
        passing = min(timed(lambda: sums(np.zeros(rows.width)))[0] for _ in range(3))
        spent, _ = timed(lambda: fitted(rows, count, LatticeNoise(), 5))
        return {
            "peak memory, MB": bar(peak(), 600, at_most=True),
            "Parquet to prepared rows, CPU s": ready,
            "fit of 5 iterations with the guard, CPU s": spent,
            "pass / reading the Parquet": bar(passing / reading, 1.3, at_most=True),
            "MB in the file": path.stat().st_size / 1e6,
        }


def bench_csv(count: int) -> Found:
    """Numbers in text, and Adult's mixture, to the matrix of a model."""
    import io

    from hotpapers.dpopt.tables.matrix import read_matrix
    from hotpapers.dpopt.tables.schema import Classes, Numeric, Schema

    names = [f"x{j}" for j in range(20)]
    schema = Schema(
        columns=tuple(Numeric(name=name, low=0, high=1) for name in names),
        target=Classes(column="y", values=("0", "1")),
    )
    values = np.random.default_rng(0).random((count, 20))
    with tempfile.TemporaryDirectory(prefix="hotpapers-bench-") as folder:
        path = Path(folder) / "rows.csv"
        text = io.StringIO()
        np.savetxt(
            text, np.column_stack([values, values[:, 0] > 0.5]), "%.6f," * 20 + "%d", header=",".join([*names, "y"]),
            comments="",
        )  # fmt: skip
        path.write_text(text.getvalue())
        seconds = min(timed(lambda: read_matrix(path, schema))[0] for _ in range(3))
        size = path.stat().st_size / 1e6
    return {"20 numbers a row, MB a CPU s": bar(size / seconds, 80), "file, MB": size}


def bench_noise(size: int = 100_000) -> Found:
    """Secure noise from the operating system's entropy."""
    found: Found = {}
    for name, draw in (("Gaussian", draw_gaussian_lattice), ("Laplace", draw_laplace_lattice)):
        many = min(timed(lambda draw=draw: draw(size, 30.0, 2.0**-36))[0] for _ in range(5)) / size
        few = (
            min(timed(lambda draw=draw: [draw(100, 30.0, 2.0**-36) for _ in range(200)])[0] for _ in range(5))
            / 2e4
        )
        found[f"{name}, {size:,} at once, ns a draw"] = bar(many * 1e9, 200, at_most=True)
        found[f"{name}, 100 at once, ns a draw"] = few * 1e9
    return found


# ---- all of it


def bar(value: float, needed: float, *, at_most: bool = False) -> str:
    """A number with the bar it has to reach, and whether it does."""
    holds = value <= needed if at_most else value >= needed
    shown_value = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return (
        f"{shown_value} ({'at most' if at_most else 'at least'} {needed:g}: {'met' if holds else 'MISSED'})"
    )


def apart(section: Callable[[], Found]) -> Found:
    """The section in a process of its own, whose peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(section)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-path", type=Path, help="a folder with Opacus and opt_einsum installed")
    parser.add_argument("--full", action="store_true", help="also the large out-of-core fit")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large fit")
    parser.add_argument("--rounds", type=int, default=2, help="of the large fit")
    parser.add_argument("--epochs", type=int, default=30, help="of Opacus")
    parser.add_argument(
        "--peer-runs", type=int, default=3, help="of Opacus; a few CPU seconds to a minute each"
    )
    parser.add_argument("--only", default="", help="run the sections whose titles hold this")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # of the sections' processes
        os.environ[name] = "1"
    peer = None if options.peer_path is None else str(options.peer_path.resolve())
    counts = tuple(n for n in (100_000, 200_000, 400_000, 1_000_000) if n <= options.rows)
    parquet = 2_000_000 if options.full else 200_000
    sections: dict[str, Callable[[], Found]] = {
        f"fit {options.rows:,} x {WIDTH}, {ITERATIONS} iterations": partial(
            bench_fit, options.rows, options.rounds
        ),
        "growth with the number of rows": partial(bench_growth, counts),
        f"out of core, {parquet:,} x {WIDTH} Parquet": partial(bench_out_of_core, parquet),
        "CSV": partial(bench_csv, 100_000),
        "noise": bench_noise,
    }
    if (path := adult_file()) is not None:
        sections["Adult, 32,561 x 92"] = partial(
            bench_adult, path, peer, 20, options.peer_runs, options.epochs
        )
    report(
        {name: apart(run_it) for name, run_it in sections.items() if options.only in name}, options.results
    )


def shown(value: Any) -> str:
    """A number with three figures that matter."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def report(sections: dict[str, Found], results: Path) -> None:
    """Print all tables; write them with where they come from. Sections that were not run stay as they were."""
    for title, found in sections.items():
        sheet = table("what", "measured", title=title, numbers=["measured"])
        for name, value in found.items():
            sheet.add_row(name, shown(value))
        console().print(sheet)
    path = results / "dpopt" / "bench.json"
    earlier = json.loads(path.read_text())["sections"] if path.is_file() else {}
    dated = {title: found | {"made": provenance()} for title, found in sections.items()}
    text = json.dumps({"sections": earlier | dated}, indent=2, ensure_ascii=False)
    write_text(path, text + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
