"""What the paper claims, and what we measure of it."""

from __future__ import annotations

from typing import Any

from hotpapers.common.claims import Claim, Measurement
from hotpapers.hopfield.mil.claims import CLAIMS as BAG_CLAIMS
from hotpapers.hopfield.molecules.claims import CLAIMS as MOLECULE_CLAIMS
from hotpapers.hopfield.repertoire.claims import CLAIMS as REPERTOIRE_CLAIMS

__all__ = ["CLAIMS"]

_BETA = 1.2


def _sphere(count: int, d: int, radius: float, seed: int) -> Any:
    """Patterns uniform on a sphere, ``[count, d]`` in float64."""
    import torch

    x = torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x / x.norm(dim=1, keepdim=True) * radius


def _near_patterns(seed: int) -> tuple[Any, Any]:
    """40 random patterns that are well separated as a rule, ``[40, 24]``, and a state near each."""
    norm = 23**0.5
    x = _sphere(40, 24, norm, seed)
    return x, x + _sphere(40, 24, 1 / (2 * _BETA * norm), seed + 100_000)


def check_energy() -> Measurement:
    """H1: the largest rise of the energy in 1000 random cases, and whether their updates converge."""
    import torch

    from hotpapers.hopfield.convergence import energy, update

    random = torch.Generator().manual_seed(1)
    worst, converged = 0.0, 0
    for case in range(1000):
        count, d = 1 + case % 30, 1 + case % 17
        x = torch.randn(count, d, generator=random, dtype=torch.float64) * (0.2 + case % 5)
        state = torch.randn(d, generator=random, dtype=torch.float64) * 3
        beta = 10.0 ** (case % 7 - 3)
        before = float(energy(state, x, beta))
        for _ in range(1000):
            new = update(state, x, beta)
            after = float(energy(new, x, beta))
            worst = max(worst, (after - before) / max(1.0, abs(before)))
            moved, state, before = float(torch.dist(new, state)), new, after
            if moved <= 1e-9:
                converged += 1
                break
    return Measurement(
        measured=f"largest relative rise {worst:.0e}; {converged} of 1000 at rest within 1000 updates",
        holds=worst <= 1e-10 and converged >= 990,
    )


def check_bounds() -> Measurement:
    """H2: how many of 10,000 well-separated patterns break the bounds of Theorems 4 and 5."""
    import torch

    from hotpapers.hopfield.convergence import update
    from hotpapers.hopfield.retrieval import largest_norm, retrieval_bound, separation, separation_needed

    checked = broken = seed = 0
    ratios = []
    while checked < 10_000:
        x, states = _near_patterns(seed)
        good = separation(x) >= separation_needed(len(x), largest_norm(x), _BETA)
        for at in good.nonzero().flatten().tolist():
            bound = retrieval_bound(x, at, states[at], _BETA).error
            error = float(torch.dist(update(states[at], x, _BETA), x[at]))
            broken += error > bound + 1e-12
            checked += 1
            ratios.append(bound / error)
        seed += 1
    middle = sorted(ratios)[len(ratios) // 2]
    return Measurement(
        measured=f"{broken} of {checked:,} break the bound; median of bound / error {middle:.0f}",
        holds=broken == 0,
    )


def check_capacity() -> Measurement:
    """H3: the printed capacities, and the share retrieved within 1 % after one update, by dimension."""
    import torch

    from hotpapers.hopfield.convergence import update
    from hotpapers.hopfield.storage import capacity

    printed = (
        abs(capacity(1, 3, 20, 0.001).c - 3.1546) < 1e-4 and abs(capacity(1, 1, 75, 0.001).c - 1.3718) < 1e-4
    )
    shares = {}
    for d in (8, 16, 32):
        for count in (100, 1000, 4000):
            radius = 2 * (d - 1) ** 0.5
            x = _sphere(count, d, radius, 7)
            error = torch.linalg.vector_norm(update(x, x, 1.0) - x, dim=1) / radius
            shares[d, count] = float((error < 0.01).double().mean())
    low = ", ".join(f"{shares[8, count]:.2f}" for count in (100, 1000, 4000))
    high = min(shares[d, count] for d in (16, 32) for count in (100, 1000, 4000))
    return Measurement(
        measured=f"both c agree; retrieved of N = 100, 1000, 4000: {low} at d = 8, >= {high:.3f} at d = 16, 32",
        holds=printed and shares[8, 4000] < 0.01 and high > 0.99,
    )


def check_one_update() -> Measurement:
    """H4: the change that further updates make after the first, against Theorem 5's bound."""
    import torch

    from hotpapers.hopfield.convergence import update
    from hotpapers.hopfield.functional import hopfield_retrieve
    from hotpapers.hopfield.retrieval import retrieval_bound

    worst, largest = 0.0, 0.0
    for seed in range(5):
        x, states = _near_patterns(seed)
        first = update(states, x, _BETA)
        last = hopfield_retrieve(states, x, _BETA, "converge", eps=1e-13)
        for at in range(len(x)):
            change = float(torch.dist(first[at], last[at]))
            worst = max(worst, change / retrieval_bound(x, at, states[at], _BETA).error)
            largest = max(largest, change)
    return Measurement(
        measured=f"largest change after the first update {largest:.0e}, at most {worst:.1%} of the bound",
        holds=worst < 1,
    )


def check_regimes() -> Measurement:
    """H5: where a state ends, by beta: three patterns in the plane."""
    import torch

    from hotpapers.hopfield.fixed_points import k_mass
    from hotpapers.hopfield.functional import hopfield_retrieve

    x = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
    found = []
    for beta in (0.1, 0.5, 1.0):
        state = hopfield_retrieve(
            torch.tensor([1.0, 0.25], dtype=torch.float64), x, beta, "converge", eps=1e-12
        )
        found.append(int(k_mass(torch.softmax(beta * x @ state, 0))))
    return Measurement(
        measured=f"patterns that hold 90 % of the mass at beta 0.1, 0.5, 1: {', '.join(map(str, found))}",
        holds=found == [3, 2, 1],
    )


def check_tables() -> Measurement:
    """H8: the memory classifier beside three others on the small tables that scikit-learn brings."""
    import numpy as np
    from sklearn import datasets
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from hotpapers.hopfield.tabular import HopfieldMemoryClassifier

    models = {
        "memory": HopfieldMemoryClassifier(),
        "SVM": make_pipeline(StandardScaler(), SVC()),
        "forest": RandomForestClassifier(200, random_state=0),
        "nearest": make_pipeline(StandardScaler(), KNeighborsClassifier()),
    }
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=1)
    accuracies = np.array(
        [
            [cross_val_score(model, *getattr(datasets, f"load_{name}")(return_X_y=True), cv=folds).mean()
             for model in models.values()]
            for name in ("iris", "wine", "breast_cancer", "digits")
        ]
    )  # fmt: skip
    ranks = (accuracies[:, None, :] > accuracies[:, :, None]).sum(axis=2).mean(axis=0) + 1
    means = accuracies.mean(axis=0)
    told = ", ".join(
        f"{name} {100 * mean:.1f} % (rank {rank:.2f})"
        for name, mean, rank in zip(models, means, ranks, strict=True)
    )
    return Measurement(
        measured=f"four sets, mean accuracy and rank: {told}", holds=bool(ranks[0] == ranks.min())
    )


def check_attention(device: str = "cpu") -> Measurement:
    """H12: a layer without extra updates against torch's attention on the same projections."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    from hotpapers.hopfield.layers import Hopfield

    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = Hopfield(64, num_heads=8, backend="matmul")
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        x = torch.randn(4, 100, 64).to(device)
    layer.to(device)
    core = layer.association_core
    with torch.no_grad():
        normed = (layer.norm_state_pattern, layer.norm_stored_pattern, layer.norm_pattern_projection)
        state, stored, projection = (x if norm is None else norm(x) for norm in normed)
        plain = scaled_dot_product_attention(core.queries(state), core.keys(stored), core.values(projection))
        gap = float((layer(x) - core.output(plain)).abs().max() / core.output(plain).abs().max())
    return Measurement(measured=f"largest relative difference {gap:.0e}", holds=gap <= 1e-5)


def check_latch() -> Measurement:
    """H10: held-out accuracy on the latch over five seeds: the three layers, and an LSTM that should fail."""
    from hotpapers.hopfield.experiments.toy_tasks import run_task

    layers = run_task("latch", seeds=5)
    (lstm,) = run_task("latch", ["LSTM"], seeds=5, epochs=10)
    said = "; ".join(map(str, (*layers, lstm)))
    return Measurement(
        measured=said, holds=all(one.interval[1] >= 0.999 for one in layers) and lstm.interval[2] < 0.6
    )


def check_bit_patterns() -> Measurement:
    """H10b: held-out accuracy on bit patterns over five seeds, with the adapted settings."""
    from hotpapers.hopfield.experiments.toy_tasks import run_task

    layers = run_task("bits", seeds=5, jobs=2)
    return Measurement(
        measured="; ".join(map(str, layers)), holds=all(one.interval[1] > 0.6 for one in layers)
    )


def check_heads() -> Measurement:
    """H11: heads of a small model before and after training, and what replacing them costs."""
    from hotpapers.common.errors import MissingExtraError, UnavailableError

    try:
        from hotpapers.hopfield.experiments.character_heads import watch_heads
        from hotpapers.hopfield.heads.character_model import CharacterSettings

        story = watch_heads(CharacterSettings(steps=1400))
    except (ImportError, MissingExtraError) as error:
        raise UnavailableError(f"transformers is not here: {error}") from error
    costs = story.costs["uniform"]
    heads, first, last = len(costs.heads), story.averaging(0), story.averaging(story.last)
    layers = ", ".join(f"{costs.rise(loss):+.0%}" for loss in costs.layers.values())
    return Measurement(
        measured=(
            f"of {heads} heads {first} average at first, {last} after {story.last} steps (loss {story.loss:.2f} nats); "
            f"{len(costs.chosen)} replaced for {costs.rise(costs.together):+.1%}; whole layers, first to last: {layers}"
        ),
        holds=first == heads and last <= heads / 2 and len(costs.chosen) >= 1,
    )


CLAIMS = (
    Claim(
        id="H1",
        statement="An update never raises the energy, and updates converge",
        reported="proved",
        check=check_energy,
        source="Theorems 1 and 2",
    ),
    Claim(
        id="H2",
        statement="The error of one update is exponentially small in the separation",
        reported="proved bound",
        check=check_bounds,
        source="Theorems 4 and 5",
    ),
    Claim(
        id="H3",
        statement="Exponentially many patterns in the dimension can be stored",
        reported="c = 3.1546 (d = 20, K = 3), c = 1.3718 (d = 75, K = 1)",
        check=check_capacity,
        source="Theorem 3",
    ),
    Claim(
        id="H4",
        statement="One update retrieves a well-separated pattern",
        reported="error below Theorem 5's bound",
        check=check_one_update,
        source="Theorem 4",
    ),
    Claim(
        id="H5",
        statement="Three kinds of fixed points: the mean of all, the mean of a few, a single pattern",
        reported="stated",
        check=check_regimes,
        source="section 2",
    ),
    Claim(
        id="H8",
        statement="On small tables a memory of the training rows ranks before support vectors and forests",
        reported="first in mean rank on 75 UCI sets",
        check=check_tables,
        source="the table of small classification sets",
    ),
    Claim(
        id="H10",
        statement="The three layers learn to remember the first symbol of a string, where an LSTM fails",
        reported="accuracy 1, an LSTM stays at chance",
        check=check_latch,
        source="the authors' notebooks",
    ),
    Claim(
        id="H10b",
        statement="The three layers learn which bags hold a bit pattern",
        reported="learned after 250 epochs with adapted settings",
        check=check_bit_patterns,
        tier="full",
        source="the authors' notebooks",
    ),
    Claim(
        id="H11",
        statement="Heads average at first, most stop to while they learn, and some can be averages for good",
        reported="in BERT heads of the first layers can be replaced at little loss",
        check=check_heads,
        source="section 3",
    ),
    Claim(
        id="H12",
        statement="The update is the attention of transformers",
        reported="identical",
        check=check_attention,
        source="section 2",
    ),
    *BAG_CLAIMS,
    *MOLECULE_CLAIMS,
    *REPERTOIRE_CLAIMS,
)
