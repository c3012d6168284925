"""Checks of the installation, one after the other: each says what it measured and whether that is right."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from hotpapers.hopfield.claims import check_attention
from hotpapers.hopfield.convergence import energy, update
from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.fixed_points import k_mass
from hotpapers.hopfield.fixed_sets import HopfieldPooling
from hotpapers.hopfield.functional import hopfield_retrieve
from hotpapers.hopfield.layers import Hopfield
from hotpapers.hopfield.memory.store import HopfieldMemory
from hotpapers.hopfield.retrieval import separation
from hotpapers.hopfield.storage import capacity

__all__ = ["Check", "verify"]


@dataclass(frozen=True)
class Check:
    """One check: its name, what it measured, and whether that is right."""

    name: str
    measured: str
    holds: bool


# beta, energy of the state (1, 0.25), the state after one update, its energy, and where updates end: three
# patterns in the plane, worked out by hand.
_HAND = (
    (0.1, 2.0269467144, (0.4945243012, 0.3866812240), 1.8690851114, (0.40294779, 0.40294779)),
    (0.5, 1.7036919090, (1.0801604518, 0.4479908848), 1.6716606283, (0.82467063, 0.82467063)),
    (1.0, 1.3972403056, (1.5541794148, 0.3229136239), 1.1620650735, (1.94897585, 0.04019247)),
    (4.0, 0.8052835872, (1.9950480006, 0.0049429804), 0.2746775194, (1.99999977, 2.3e-7)),
)


def verify(*, golden: Path | None = None, device: str = "cpu") -> Iterator[Check]:
    """Run all checks; results come as they are ready.

    A check that raises an error has failed, and says with what.

    Parameters
    ----------
    golden
        Folder with the reference's values, which are then compared as well.
    device
        Where layers and memory are checked; the theory is computed where it always is.

    Raises
    ------
    HopfieldError
        If the device can't be used.
    InputError
        If a golden file is not there.
    """
    check_device(device)
    checks: dict[str, Callable[[], tuple[str, bool]]] = {
        "three patterns in the plane": hand_case,
        "energy": energy_falls,
        "capacity": printed_capacities,
        "k": k_values,
        "attention is one update": partial(attention, device),
        "backends": partial(backends_agree, device),
        "sets of any size": partial(sets_agree, device),
        "memory and its file": partial(memory_round_trip, device),
    }
    if golden is not None:
        from hotpapers.hopfield.verifying.golden import golden_file, golden_layers, golden_theory

        layers, theory = (golden_file(golden, name) for name in ("golden_layers.npz", "golden_theory.npz"))
        checks["reference's layers"] = partial(golden_layers, layers, device)
        checks["reference's theory"] = partial(golden_theory, theory)
    for name, check in checks.items():
        try:
            yield Check(name, *check())
        except Exception as error:  # noqa: BLE001 - whatever is broken here is what is looked for
            yield Check(name, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", False)


def hand_case() -> tuple[str, bool]:
    """Energies, updates and fixed points of the hand case, and its separations."""
    x = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
    state = torch.tensor([1.0, 0.25], dtype=torch.float64)
    worst = float((separation(x) - 4).abs().max())
    ends = 0.0
    for beta, before, new, after, fixed in _HAND:
        found = update(state, x, beta)
        worst = max(
            worst,
            abs(float(energy(state, x, beta)) - before),
            abs(float(energy(found, x, beta)) - after),
            float((found - torch.tensor(new, dtype=torch.float64)).abs().max()),
        )
        end = hopfield_retrieve(state, x, beta, "converge", eps=1e-13)
        ends = max(ends, float((end - torch.tensor(fixed, dtype=torch.float64)).abs().max()))
    return f"energies and updates to {worst:.0e}, fixed points to {ends:.0e}", worst < 1e-9 and ends < 1e-7


def energy_falls() -> tuple[str, bool]:
    """The largest relative rise of the energy in 200 random updates."""
    random = torch.Generator().manual_seed(0)
    worst = 0.0
    for case in range(200):
        x = torch.randn(1 + case % 30, 1 + case % 17, generator=random, dtype=torch.float64)
        state = 3 * torch.randn(x.shape[1], generator=random, dtype=torch.float64)
        beta = 10.0 ** (case % 7 - 3)
        before = float(energy(state, x, beta))
        worst = max(worst, (float(energy(update(state, x, beta), x, beta)) - before) / max(1.0, abs(before)))
    return f"largest relative rise in 200 updates {worst:.0e}", worst <= 1e-10


def printed_capacities() -> tuple[str, bool]:
    """The two values of c that are printed, and a dimension whose capacity is beyond a float."""
    found = capacity(1, 3, 20, 0.001).c, capacity(1, 1, 75, 0.001).c
    large = capacity(1, 3, 20_000, 0.001).log10_N
    right = abs(found[0] - 3.1546) < 1e-4 and abs(found[1] - 1.3718) < 1e-4 and large > 308
    return f"c = {found[0]:.4f} and {found[1]:.4f}; at d = 20,000 10^{large:.0f} patterns", right


def k_values() -> tuple[str, bool]:
    """Numbers of patterns that hold 90 % of the mass."""
    cases: list[Tensor] = [
        torch.tensor([0.5, 0.3, 0.15, 0.05]),
        torch.full((10,), 0.1),
        torch.full((512,), 1 / 512),
        torch.eye(5)[2],
    ]
    found = [int(k_mass(p)) for p in cases]
    return ", ".join(map(str, found)), found == [3, 9, 461, 1]


def attention(device: str) -> tuple[str, bool]:
    """A layer without extra updates against torch's attention."""
    found = check_attention(device)
    return found.measured, found.holds


def backends_agree(device: str) -> tuple[str, bool]:
    """Results and gradients of three ways to compute the same association, three updates more, one place masked."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = torch.randn(2, 40, 16)
        layer = Hopfield(16, num_heads=2, update_steps_max=3)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    padding = (torch.arange(40) >= 33).expand(2, -1).to(device)
    found = []
    for backend in ("matmul", "sdpa", "chunked"):
        other = Hopfield(16, num_heads=2, update_steps_max=3, backend=backend)
        other.load_state_dict(layer.state_dict())
        given = x.to(device).requires_grad_()
        out = other.to(device)(given, stored_pattern_padding_mask=padding)
        (gradient,) = torch.autograd.grad(out.square().sum(), given)
        found.append((out.detach(), gradient))
    gap = max(
        float((one - first).abs().max() / first.abs().max())
        for each in found[1:]
        for one, first in zip(each, found[0], strict=True)
    )
    return f"matmul, sdpa and chunked differ by {gap:.0e}", gap <= 1e-5


def sets_agree(device: str) -> tuple[str, bool]:
    """Pooled sets: with offsets, padded, and each by itself."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = HopfieldPooling(8, num_heads=2, hidden_size=4).to(device).eval()
        sizes = (3, 17, 1, 8)
        sets = [torch.randn(size, 8).to(device) for size in sizes]
    offsets = torch.tensor([0, *torch.tensor(sizes).cumsum(0).tolist()], device=device)
    padded = torch.nn.utils.rnn.pad_sequence(sets, batch_first=True)
    mask = torch.arange(max(sizes), device=device) >= torch.tensor(sizes, device=device)[:, None]
    with torch.no_grad():
        alone = torch.cat([layer(one[None]) for one in sets])
        jagged = layer((torch.cat(sets), offsets))
        together = layer(padded, stored_pattern_padding_mask=mask)
    gap = max(float((other - alone).abs().max() / alone.abs().max()) for other in (jagged, together))
    return f"jagged, padded and one by one differ by {gap:.0e}", gap <= 1e-5


def memory_round_trip(device: str) -> tuple[str, bool]:
    """Noisy patterns found again, by a memory that was written and read."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(200, 32, generator=random)
    held = HopfieldMemory(device=device)
    held.store(x)
    noisy = x + 0.2 * torch.randn(200, 32, generator=random)
    with tempfile.TemporaryDirectory() as folder:
        held.save(Path(folder) / "m.hop")
        again = HopfieldMemory.load(Path(folder) / "m.hop", torch.device(device))
        found = again.retrieve(noisy.to(device))
    right = sum(at == place for place, at in enumerate(found.index))
    return f"{right} of 200 noisy patterns found", right == 200
