"""DeepRC's parts against their definitions written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.repertoire.encoding import (  # noqa: E402
    count_factor,
    encoded,
    feature_deviation,
    position_channels,
)
from hotpapers.hopfield.repertoire.network import DeepRC, block_of  # noqa: E402
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS, repertoire_of  # noqa: E402
from hotpapers.hopfield.repertoire.synthetic import implanted  # noqa: E402

TEXTS = ["CASSFENYF", "C", "AW", "CASXYQETQYFGPGTRLTVL", "yyy", "CASSLGF"]


@pytest.fixture
def repertoire():
    return repertoire_of(TEXTS, [1, 5, 2, 1, 100, 3])


def network(**options) -> DeepRC:
    made = DeepRC(kernels=5, kernel_size=options.pop("kernel_size", 9), attention=(4, 3), **options)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.4, generator=generator)
    return made


@pytest.mark.parametrize(
    ("length", "start", "end", "centre"),
    [
        (1, [1], [0], [0]),
        (2, [1, 0], [0, 1], [0, 0]),
        (5, [1, 0.5, 0, 0, 0], [0, 0, 0, 0.5, 1], [0, 0.5, 1, 0.5, 0]),
        (4, [1, 1 / 3, 0, 0], [0, 0, 1 / 3, 1], [0, 2 / 3, 2 / 3, 0]),
    ],
)
def test_ramps_tell_the_place(length, start, end, centre) -> None:
    found = position_channels(length, length + 2)
    wanted = np.array([[*row, 0, 0] for row in (start, end, centre)])
    assert found.numpy() == pytest.approx(wanted, abs=1e-6)


def test_counts_scale_letters_by_their_logarithm_and_never_erase() -> None:
    assert count_factor(np.array([1, 9], np.float32), True) == pytest.approx([math.log(2), math.log(10)])
    found = encoded(repertoire_of(["CA", "A"], [1, 9]), scaling=True)
    assert found[0, AMINO_ACIDS.index("C"), 0] == pytest.approx(math.log(2))
    assert found[1, AMINO_ACIDS.index("A"), 0] == pytest.approx(math.log(10))
    assert found[0, 20:, 0].tolist() == [1, 0, 0]  # ramps are not scaled
    assert found[1, :20, 1].sum() == 0


@pytest.mark.parametrize("scaling", [False, True])
def test_the_deviation_is_that_of_all_letters_written_out(scaling) -> None:
    bags = [repertoire_of(TEXTS, [1, 5, 2, 1, 100, 3]), repertoire_of(["ACD"])]
    values = []
    for bag in bags:
        for one, length in zip(encoded(bag, scaling=scaling), bag.lengths, strict=True):
            values.append(one[:, : int(length)].flatten())
    wanted = float(torch.cat(values).double().std(correction=0))
    assert feature_deviation(bags, scaling=scaling) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("scaling", [False, True])
@pytest.mark.parametrize("kernel_size", [9, 3])
def test_the_embedding_is_a_convolution_of_what_is_written_out(repertoire, scaling, kernel_size) -> None:
    made = network(kernel_size=kernel_size, deviation=0.3)
    weight = torch.cat([made.letters, made.ramps], dim=1).permute(2, 1, 0)  # [kernels, 23, size]
    x = encoded(repertoire, scaling=scaling) / made.deviation
    y = torch.nn.functional.conv1d(x, weight, made.bias, padding=kernel_size // 2)
    beyond = torch.arange(x.shape[2]) >= torch.from_numpy(repertoire.lengths)[:, None]
    wanted = torch.selu(y).masked_fill(beyond[:, None], -math.inf).amax(2)
    block = block_of(repertoire, scaling=scaling)
    with torch.no_grad():
        torch.testing.assert_close(made.embed(block), wanted, rtol=1e-5, atol=1e-5)
    found = made.embed(block)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    direction = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1))
    parameters = [made.letters, made.ramps, made.bias]
    ours = torch.autograd.grad((found * direction).sum(), parameters)
    theirs = torch.autograd.grad((wanted * direction).sum(), parameters)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_a_sequence_is_embedded_the_same_among_longer_ones(repertoire) -> None:
    made = network()
    together = made.embed(block_of(repertoire))
    for index in range(len(repertoire)):
        alone = made.embed(block_of(repertoire, np.array([index])))
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-5, atol=1e-6)


def test_a_bag_is_the_softmax_weighted_sum_of_its_sequences(repertoire) -> None:
    made = network()
    blocks = [
        block_of(repertoire),
        block_of(repertoire, np.array([3])),
        block_of(repertoire, np.array([0, 4])),
    ]
    with torch.no_grad():
        for logit, block in zip(made(blocks), blocks, strict=True):
            rows = made.embed(block)
            hidden = torch.selu(made.attention[1](torch.selu(made.attention[0](rows))))
            a = torch.softmax(made.attention[2](hidden)[:, 0], 0)
            torch.testing.assert_close(logit, made.out(a @ rows)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("many", "wanted"), [(1, 1), (6, 1), (10, 1), (11, 2), (30, 3), (2000, 200)])
def test_a_tenth_is_kept_and_never_none(many, wanted) -> None:
    made = network()
    bag = implanted(2, max(many, 1))[0][0]
    rows = made.best(bag, 0.1)
    assert len(rows) == wanted
    scores = made.scores(made.embed(block_of(bag))).detach().numpy()
    assert scores[rows].min() >= np.delete(scores, rows).max(initial=-np.inf)


def test_choosing_leaves_no_gradient_and_keeps_to_those_asked_for() -> None:
    made = network()
    bag = implanted(2, 100)[0][0]
    among = np.arange(0, 100, 2)
    rows = made.best(bag, 0.1, among=among)
    assert len(rows) == 5
    assert set(rows) <= set(among)
    assert all(parameter.grad is None for parameter in made.parameters())
    made([block_of(bag, rows)]).sum().backward()
    assert made.letters.grad.abs().sum() > 0


def test_the_first_weights_are_as_deeprc_draws_them() -> None:
    made = DeepRC(generator=torch.Generator().manual_seed(0))
    both = torch.cat([made.letters.flatten(), made.ramps.flatten()])
    assert float(both.detach().std()) == pytest.approx((9 * 23 * 32) ** -0.5, rel=0.05)
    assert float(made.attention[0].weight.detach().std()) == pytest.approx(1 / 32, rel=0.1)
    assert not made.bias.any()


def test_sizes_that_make_no_network_are_refused() -> None:
    with pytest.raises(HopfieldError, match="odd"):
        DeepRC(kernel_size=4)
