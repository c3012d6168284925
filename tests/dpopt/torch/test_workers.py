"""Two processes give the bits of one."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch.distributed

from hotpapers.dpopt.accounting import Ledger, read_durable
from hotpapers.dpopt.descent import descend, gaussian_scales
from hotpapers.dpopt.exact_sums import ExactClippedSums
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.methods import nesterov
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.releases import LatticeNoise
from hotpapers.dpopt.rows import RowBound, prepare_rows

SCRIPT = textwrap.dedent(
    """
    import sys
    from datetime import timedelta
    from pathlib import Path
    import numpy as np
    from torch import distributed
    from hotpapers.dpopt.accounting import DurableLedger
    from hotpapers.dpopt.clipped_sums import ClippedSums
    from hotpapers.dpopt.descent import descend, gaussian_scales
    from hotpapers.dpopt.errors import PrivacyError
    from hotpapers.dpopt.exact_sums import ExactClippedSums
    from hotpapers.dpopt.losses import Logistic
    from hotpapers.dpopt.methods import nesterov
    from hotpapers.dpopt.noise import SeededEntropy
    from hotpapers.dpopt.releases import LatticeNoise
    from hotpapers.dpopt.rows import RowBound, prepare_rows
    from hotpapers.dpopt.torch import GatheredSums, serve_sums

    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2, timeout=timedelta(seconds=120)
    )
    table = np.load(folder / "rows.npz")
    part = slice(0, 700) if rank == 0 else slice(700, None)  # unequal parts
    loss = Logistic()
    rows = prepare_rows(table["x"][part], loss.encode(table["y"][part]), RowBound(1.0), exact=True)
    sums = ExactClippedSums(rows, loss, 0.4, block_rows=100 + 57 * rank)
    try:
        other = ExactClippedSums(rows, loss, 0.4 + 0.1 * rank)
        GatheredSums(other) if rank == 0 else serve_sums(other)
    except PrivacyError as error:
        (folder / f"refused-{rank}").write_text(str(error))
    if rank == 0:
        with GatheredSums(sums) as total, DurableLedger(folder / "ledger", "add_remove") as ledger:
            state = descend(
                total, nesterov(6, 1.0, 0.5), gaussian_scales(np.full(6, 1 / 6), 0.5, 0.4), rows=1000.0, lam=0.01,
                relation="add_remove", noise=LatticeNoise("gaussian", SeededEntropy(5)), spend=ledger.spend,
            )
        np.save(folder / "theta.npy", state.iterate.current)
    else:
        serve_sums(sums)
    distributed.destroy_process_group()
    """
)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_two_workers_give_the_bits_of_one_and_draw_noise_once(tmp_path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(scale=0.5, size=(1000, 6)), rng.integers(0, 2, 1000)
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), str(rank)], stderr=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors

    loss, ledger = Logistic(), Ledger("add_remove")
    rows = prepare_rows(x, loss.encode(y), RowBound(1.0), exact=True)
    alone = descend(
        ExactClippedSums(rows, loss, 0.4),
        nesterov(6, 1.0, 0.5),
        gaussian_scales(np.full(6, 1 / 6), 0.5, 0.4),
        rows=1000.0,
        lam=0.01,
        relation="add_remove",
        noise=LatticeNoise("gaussian", SeededEntropy(5)),
        spend=ledger.append,
    )
    np.testing.assert_array_equal(np.load(tmp_path / "theta.npy"), alone.iterate.current)
    assert read_durable(tmp_path / "ledger").events == ledger.events
    for rank in (0, 1):  # sums clipped otherwise were refused by both
        assert "prepare all rows alike" in (tmp_path / f"refused-{rank}").read_text()
