"""The paper's small experiments: their data, their networks, their figures and commands."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")

from hotpapers.cli import main  # noqa: E402
from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.experiments.digits import UPPER, complete_digits, share_found  # noqa: E402
from hotpapers.hopfield.experiments.learning import NETWORKS, accuracy, fit, interval, network  # noqa: E402
from hotpapers.hopfield.experiments.regimes import STORED, explore  # noqa: E402
from hotpapers.hopfield.experiments.tasks import bit_patterns, latch  # noqa: E402
from hotpapers.hopfield.experiments.toy_tasks import ADAPTED, run_task  # noqa: E402


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["hopfield", "demo", *map(str, arguments)])
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return call


# ---- data


@pytest.mark.parametrize("seed", [0, 1])
def test_a_signal_is_in_every_positive_bag_and_in_no_other(seed) -> None:
    task = bit_patterns(seed)
    assert task.inputs.shape == (1536, 16, 8)
    assert task.held_inputs.shape == (512, 16, 8)
    assert task.labels.tolist() == [1.0] * 768 + [0.0] * 768
    assert task.held_labels.tolist() == [1.0] * 256 + [0.0] * 256
    numbers = (torch.cat([task.inputs, task.held_inputs]).long() << torch.arange(8)).sum(-1)
    positive = torch.cat([task.labels, task.held_labels]).bool()
    assert int((numbers == 0).sum()) == 0
    signals = set(numbers[positive].unique().tolist()) - set(numbers[~positive].unique().tolist())
    assert len(signals) == 8
    held = torch.isin(numbers[positive], torch.tensor(sorted(signals)))
    assert held.sum(1).tolist() == [1] * 1024
    places = held.long().argmax(1)
    assert len(places.unique()) == 16
    with pytest.raises(InputError, match="leave no other pattern"):
        bit_patterns(0, bits=3, signals=7)


def test_the_first_symbol_alone_is_the_label() -> None:
    task = latch(0)
    assert task.inputs.shape == (3072, 32, 20)
    symbols = task.inputs.argmax(-1)
    assert torch.equal(symbols[:, 0].float(), task.labels)
    assert int(symbols[:, 1:].min()) == 2
    assert int(symbols[:, 1:].max()) == 19
    assert task.held_inputs.shape[0] == 1024


# ---- learning


def test_a_lookup_stores_the_training_instances() -> None:
    task = latch(0, samples=64, train=48)
    layer = network("lookup", task)[0]
    assert torch.equal(layer.lookup_weights[0].detach().sum(0), torch.ones(20))
    assert not layer.target_weights.requires_grad


@pytest.mark.parametrize("name", NETWORKS[:3])
def test_each_layer_remembers_the_first_symbol(name) -> None:
    (outcome,) = run_task("latch", [name], seeds=1, epochs=2)
    assert outcome.accuracies == [1.0]


def test_training_stops_when_nothing_is_left_to_learn_and_repeats() -> None:
    task = latch(0, samples=1024, train=768)

    def once() -> tuple[list[float], list[float]]:
        torch.manual_seed(0)
        found = fit(network("pooling", task), task, epochs=30, seed=0, enough=0.05)
        return list(found.losses), list(found.accuracies)

    losses, accuracies = once()
    assert losses[-1] < 0.05
    assert all(loss >= 0.05 for loss in losses[:-1])
    assert len(losses) < 30
    assert accuracies[-1] == 1.0
    assert once() == (losses, accuracies)


def test_the_bit_patterns_are_begun_with_the_adapted_settings() -> None:
    layer = network("association", bit_patterns(0), **ADAPTED)[0]
    assert (layer.hidden_size, layer.association_core.num_heads, layer.dropout) == (8, 8, 0.5)
    assert layer.steps_given == 3
    outcomes = run_task("bits", ["pooling"], seeds=2, epochs=1)
    assert len(outcomes[0].runs) == 2
    assert str(outcomes[0]).startswith("pooling 0.")


def test_seeds_learned_side_by_side_are_the_seeds_learned_in_turn() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        one_by_one, together = (
            run_task("latch", ["pooling"], seeds=2, epochs=1, jobs=jobs)[0].runs for jobs in (1, 2)
        )
    finally:
        torch.set_num_threads(threads)
    assert one_by_one == together


@pytest.mark.slow
@pytest.mark.parametrize(("name", "reached"), [("lookup", 0.85), ("pooling", 0.62), ("association", 0.72)])
def test_bit_patterns_are_learned(name, reached) -> None:
    (outcome,) = run_task("bits", [name], seeds=1)
    assert outcome.accuracies[0] > reached


def test_accuracy_counts_held_out_sets() -> None:
    task = latch(0, samples=64, train=48)

    class Knows(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, 0, 1:2] - 0.5

    assert accuracy(Knows(), task) == 1.0


def test_intervals() -> None:
    mean, low, high = interval([0.8, 0.9, 0.7, 0.8, 0.8])
    assert mean == pytest.approx(0.8)
    half = 2.7764 * 0.070711 / 5**0.5  # t with 4 degrees of freedom
    assert (low, high) == (pytest.approx(0.8 - half, abs=1e-4), pytest.approx(0.8 + half, abs=1e-4))
    assert interval([1.0, 1.0]) == (1.0, 1.0, 1.0)
    assert interval([0.4]) == (0.4, 0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_task("chess"), "there are 'bits' and 'latch'"),
        (lambda: run_task("latch", ["GRU"]), "network 'GRU': there are association"),
        (lambda: run_task("latch", seeds=0), "at least 1"),
    ],
)
def test_what_is_not_there_is_refused(call, message) -> None:
    with pytest.raises(InputError, match=message):
        call()


# ---- pictures


def test_digits_are_completed_by_the_mean_of_all_of_some_and_by_themselves() -> None:
    done = complete_digits()
    hot, warm, cold = ([report.k for report in found.reports] for found in done.found)
    assert min(hot) > 1797 / 2
    assert 1 < sorted(warm)[5] < 100
    assert cold == [1] * 10
    for found in done.found:
        assert torch.equal(found.state[:, UPPER], done.images[:, UPPER])
    assert torch.allclose(done.found[2].state, done.images, atol=0.1)
    assert share_found() == 1.0


def test_states_in_the_plane_end_at_the_fixed_points() -> None:
    hot, warm, cold = explore()
    assert hot.ends.tolist() == [pytest.approx([0.4029, 0.4029], abs=1e-4)]
    assert warm.ends.tolist() == [pytest.approx([0.8247, 0.8247], abs=1e-4)]
    assert sorted(cold.ends.tolist()) == [pytest.approx(row, abs=1e-3) for row in sorted(STORED.tolist())]
    assert (hot.k, warm.k, cold.k) == ([3], [2], [1, 1, 1])


def test_demo_commands(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("digits", "--beta", "2", "--beta", "300", "-o", "d.svg")
    assert code == 0
    assert out.splitlines()[1] == "beta 300: k = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
    assert "one pattern each" in (tmp_path / "d.svg").read_text()
    rows = json.loads(run("regimes", "--json", "-o", "r.png")[1])
    assert [len(row["fixed points"]) for row in rows] == [1, 1, 3]
    code, out, _ = run("latch", "--seeds", "1", "--epochs", "1", "--network", "lookup", "-o", "l.svg")
    assert code == 0
    assert "held-out accuracy" in (tmp_path / "l.svg").read_text()
    rows = json.loads(run("bits", "--epochs", "1", "--network", "pooling", "--json")[1])
    assert rows[0]["network"] == "pooling"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("digits", "-o", "d.gif"), "a figure is written as .svg, .png or .pdf"),
        (("digits", "--beta", "-1"), "beta must be a positive number"),
        (("latch", "--network", "GRU"), "network 'GRU'"),
        (("bits", "-o", "bits.txt"), "a figure is written as"),
    ],
)
def test_bad_inputs_end_in_one_line(run, tmp_path, monkeypatch, words, says) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
