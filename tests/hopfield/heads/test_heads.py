"""k per head and position, classes, replacement and its costs."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield import (  # noqa: E402
    GaussianAveraging,
    HeadReport,
    analyze_heads,
    replace_heads,
    replacement_costs,
    restore_heads,
)
from hotpapers.hopfield.heads.averaging import UniformAveraging  # noqa: E402
from hotpapers.hopfield.heads.losses import language_loss, train_averaging  # noqa: E402
from hotpapers.hopfield.heads.statistics import class_of, k_of_rows, visible_places  # noqa: E402

# ---- k and classes


def counted(row) -> int:
    """The definition, number by number."""
    held = 0.0
    for count, weight in enumerate(sorted(row, reverse=True), start=1):
        held += weight
        if held >= 0.90 - 1e-6:
            return count
    return len(row)


def test_k_by_its_definition() -> None:
    random = torch.Generator().manual_seed(0)
    attention = torch.softmax(torch.randn(2, 3, 5, 40, generator=random) * 3, -1)
    expected = [counted(row) for row in attention.double().reshape(-1, 40).tolist()]
    assert k_of_rows(attention).flatten().tolist() == expected
    assert k_of_rows(torch.full((1, 1, 1, 512), 1 / 512, dtype=torch.bfloat16)).item() == 461


@pytest.mark.parametrize(
    ("k", "expected"), [(257, "I"), (256, "II"), (65, "II"), (64, "III"), (17, "III"), (16, "IV"), (1, "IV")]
)
def test_class_borders_of_512_tokens(k, expected) -> None:
    assert class_of(np.full(9, k), np.full(9, 512)) == expected


def test_classes_of_causal_rows_go_by_share_and_skip_short_rows() -> None:
    n = np.arange(1, 129)
    uniform = np.ceil(0.9 * n)
    assert class_of(uniform, n) == "I"
    one = np.ones(128)
    assert class_of(one, n) == "IV"
    assert class_of(np.where(n < 32, n, 1), n) == "IV"  # short rows, all global, are not asked
    assert class_of(uniform[:31], n[:31]) is None


def test_what_rows_see(model, batches) -> None:
    report = analyze_heads(model, batches)
    name = type(model).__name__
    places = np.arange(1, 65)
    seen = {"BertForMaskedLM": np.full(64, 64), "MistralForCausalLM": places.clip(max=40)}.get(name, places)
    assert len(report.k) == 2
    assert report.k[0].shape == (4, 6 * 64)
    assert report.n[1].tolist() == np.tile(seen, 6).tolist()
    assert report.by_share == (name != "BertForMaskedLM")


def test_k_of_a_model_is_that_of_its_attention(gpt2, batches) -> None:
    report = analyze_heads(gpt2, batches)
    with torch.no_grad():
        shown = gpt2(batches[1], output_attentions=True).attentions
    for layer in range(2):
        for head in range(4):
            expected = [
                counted(row[: at % 64 + 1])
                for at, row in enumerate(shown[layer][:, head].reshape(-1, 64).tolist())
            ]
            assert report.k[layer][head, 192:].tolist() == expected
    first = report.heads()[0]
    assert first.median_k == np.median(report.k[0][0])
    assert first.median_share == pytest.approx(np.median(report.k[0][0] / report.n[0]))
    assert first.rows == 384


@pytest.mark.parametrize("side", ["right", "left"])
def test_padding_is_left_out(bert, side) -> None:
    ids = torch.randint(256, (1, 64), generator=torch.Generator().manual_seed(3))
    alone = analyze_heads(bert, [ids[:, :40]])
    padded, mask = torch.zeros(1, 64, dtype=torch.int64), torch.zeros(1, 64, dtype=torch.int64)
    place = slice(0, 40) if side == "right" else slice(24, 64)
    padded[:, place], mask[:, place] = ids[:, :40], 1
    positions = torch.zeros(1, 64, dtype=torch.int64)
    positions[:, place] = torch.arange(40)
    found = analyze_heads(bert, [{"input_ids": padded, "attention_mask": mask, "position_ids": positions}])
    assert found.n[0].tolist() == [40] * 40
    assert all(np.array_equal(one, other) for one, other in zip(found.k, alone.k, strict=True))


def test_models_with_fused_attention_are_read_too(gpt2, batches) -> None:
    expected = analyze_heads(gpt2, batches)
    gpt2.set_attn_implementation("sdpa")
    found = analyze_heads(gpt2, batches)
    assert all(np.array_equal(one, other) for one, other in zip(found.k, expected.k, strict=True))


def test_the_report_as_a_table_and_a_figure(gpt2, batches, tmp_path) -> None:
    report = analyze_heads(gpt2, batches)
    report.to_csv(tmp_path / "heads.csv")
    with (tmp_path / "heads.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(int(row["layer"]), int(row["head"])) for row in rows] == [(at // 4, at % 4) for at in range(8)]
    assert [row["head_class"] for row in rows] == [head.head_class for head in report.heads()]
    report.plot(tmp_path / "heads.svg", "Heads & medians")
    drawn = (tmp_path / "heads.svg").read_text()
    for text in ("Heads &amp; medians", "layer 1", "1/32", "I: averages over nearly all", "IV: few, or one"):
        assert text in drawn
    medians = [f"{head.median_share:.2f}".removeprefix("0") for head in report.heads()]
    assert all(median in drawn for median in medians)
    report.plot(tmp_path / "heads.png")
    with pytest.raises(InputError, match=r"written as \.svg, \.png or \.pdf"):
        report.plot(tmp_path / "heads.gif")


def test_a_report_of_extremes_is_drawn(tmp_path) -> None:
    report = HeadReport([np.array([[512] * 5, [1] * 5])], [np.full(5, 512)])
    report.plot(tmp_path / "heads.svg")
    assert [head.head_class for head in report.heads()] == ["I", "IV"]
    assert report.summary().splitlines()[1] == "layer 0: 1 of class I, 1 of class IV"


# ---- averaging


def test_bells() -> None:
    visible = torch.ones(2, 10, 10, dtype=torch.bool).tril()
    bell = GaussianAveraging(10).double()
    weights = bell(visible)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 10, dtype=torch.float64))
    assert bool((weights[~visible] == 0).all())
    i, sigma = 6, 10 / 8
    expected = torch.exp(-((torch.arange(7.0).double() - i) ** 2) / (2 * sigma**2))
    assert torch.allclose(weights[0, i, :7], expected / expected.sum(), atol=1e-6)
    shared = GaussianAveraging(10, "offset")
    assert sum(parameter.numel() for parameter in shared.parameters()) == 2
    assert sum(parameter.numel() for parameter in bell.parameters()) == 20
    assert torch.allclose(shared(visible), weights.float(), atol=1e-6)
    last = bell(visible[:, -1:])  # one query after nine cached ones
    assert torch.allclose(last, weights[:, -1:])
    assert bool((GaussianAveraging(4)(torch.zeros(1, 4, 4, dtype=torch.bool)) == 0).all())
    with pytest.raises(InputError, match="knows 4 positions"):
        GaussianAveraging(4)(torch.ones(1, 5, 5, dtype=torch.bool))


def test_bells_take_the_moments_they_are_fitted_to() -> None:
    places = torch.arange(200, dtype=torch.float64)
    means, widths = torch.tensor([50.0, 100.0, 120.0]).double(), torch.tensor([3.0, 8.0, 12.0]).double()
    attention = torch.exp(-((places - means[:, None]) ** 2) / (2 * widths[:, None] ** 2))
    attention /= attention.sum(1, keepdim=True)
    bell = GaussianAveraging(200).double()
    bell.fit(attention)
    assert (bell.offset[:3] + torch.arange(3)).tolist() == pytest.approx(means.tolist(), abs=1e-3)
    assert bell.sigma[:3].tolist() == pytest.approx(widths.tolist(), rel=1e-3)


# ---- replacement


@pytest.mark.parametrize("kind", ["uniform", "gaussian"])
def test_a_replaced_head_has_these_weights_and_others_keep_theirs(model, batches, kind) -> None:
    model.set_attn_implementation("eager")
    ids = batches[0]
    with torch.no_grad():
        before = model(ids, output_attentions=True)
        replace_heads(model, {(1, 2): kind})
        after = model(ids, output_attentions=True)
    visible = visible_places(before.attentions[1])
    averaging = UniformAveraging() if kind == "uniform" else GaussianAveraging(64)
    with torch.no_grad():
        assert torch.allclose(after.attentions[1][:, 2], averaging(visible).float(), atol=1e-6)
    for head in (0, 1, 3):
        assert torch.allclose(after.attentions[1][:, head], before.attentions[1][:, head], atol=1e-6)
    assert torch.allclose(after.attentions[0], before.attentions[0])
    assert not torch.allclose(after.logits, before.logits, atol=1e-4)
    with torch.no_grad():
        restored = restore_heads(model)(ids)
    assert torch.equal(restored.logits, before.logits)
    assert not any("replaced" in name for name in model.state_dict())


def test_a_head_that_averages_already_is_replaced_without_loss(model, batches) -> None:
    """Queries of zero make a head uniform; the output then must not change, values and their groups included."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in ("q_proj", "query")):
                parameter.zero_()
            if "c_attn" in name:
                parameter[..., : parameter.shape[-1] // 3] = 0
        model.set_attn_implementation("eager")
        before = model(batches[0]).logits
        after = replace_heads(model, {(layer, head): "uniform" for layer in range(2) for head in range(4)})(
            batches[0]
        )
    assert torch.allclose(after.logits, before, atol=1e-4, rtol=1e-4)


def test_bells_become_parameters_and_are_trained(gpt2, batches) -> None:
    bell = GaussianAveraging(64)
    replace_heads(gpt2, {(0, 1): bell})
    assert any(parameter is bell.offset for parameter in gpt2.parameters())
    restore_heads(gpt2)
    kept = {name: value.clone() for name, value in gpt2.state_dict().items()}
    losses = train_averaging(
        gpt2, {(0, 1): bell, (1, 0): GaussianAveraging(64, "offset")}, batches[:1], steps=20
    )
    assert losses[-1] < losses[0]
    assert float(bell.offset.detach().abs().max()) > 0.1
    assert all(torch.equal(value, kept[name]) for name, value in gpt2.state_dict().items())
    with pytest.raises(InputError, match="nothing to train"):
        train_averaging(gpt2, {(0, 0): UniformAveraging()}, batches)


def test_losses(gpt2, bert, batches) -> None:
    with torch.no_grad():
        expected = [float(gpt2(ids, labels=ids).loss) for ids in batches]
    assert language_loss(gpt2, batches) == pytest.approx(sum(expected) / 2, rel=1e-6)
    assert language_loss(bert, batches, mask_id=3) == language_loss(bert, batches, mask_id=3)
    with pytest.raises(InputError, match="needs mask_id"):
        language_loss(bert, batches)
    with pytest.raises(InputError, match="predicts no tokens"):
        language_loss(transformers.GPT2Model(gpt2.config), batches)


@pytest.mark.parametrize("kind", ["uniform", "gaussian"])
def test_costs_and_the_greedy_set(gpt2, batches, kind) -> None:
    costs = replacement_costs(gpt2, batches, kind, budget=0.02)
    assert costs.base == pytest.approx(language_loss(restore_heads(gpt2), batches))
    assert len(costs.heads) == 8
    assert set(costs.layers) == {0, 1}
    assert costs.rise(costs.together) <= 0.02
    order = [costs.heads[head] for head in costs.chosen]
    assert order == sorted(order)
    if kind == "uniform":
        replace_heads(gpt2, dict.fromkeys(costs.chosen, "uniform"))
        assert language_loss(gpt2, batches) == pytest.approx(costs.together or costs.base)
        replace_heads(gpt2, {(0, 3): "uniform"})
        assert language_loss(gpt2, batches) == pytest.approx(costs.heads[0, 3])
    everything = replacement_costs(gpt2, batches, kind, budget=math.inf)
    assert len(everything.chosen) == 8
    nothing = replacement_costs(gpt2, batches, kind, budget=0.0)
    assert nothing.rise(nothing.together) <= 0


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({(2, 0): "uniform"}, "no head 0 in layer 2: there are 2 layers of 4 heads"),
        ({(0, 4): "uniform"}, "no head 4 in layer 0"),
        ({(0, 0): "median"}, "'uniform', 'gaussian' or an averaging module"),
    ],
)
def test_heads_that_are_not_there(gpt2, heads, message) -> None:
    with pytest.raises(InputError, match=message):
        replace_heads(gpt2, heads)


def test_what_can_not_be_read_is_refused(gpt2, batches) -> None:
    with pytest.raises(InputError, match="there is nothing to analyse"):
        analyze_heads(gpt2, [])
    with pytest.raises(InputError, match="token ids"):
        analyze_heads(gpt2, ["text"])
    with pytest.raises(InputError, match=r"shape \[B, S\]"):
        analyze_heads(gpt2, [torch.zeros(3, dtype=torch.int64)])
    with pytest.raises(InputError, match="budget must be at least 0"):
        replacement_costs(gpt2, batches, budget=-1)
    small = {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_ff": 64, "vocab_size": 256, "d_kv": 8}
    both = transformers.T5ForConditionalGeneration(transformers.T5Config(**small))
    with pytest.raises(InputError, match="an encoder with a decoder"):
        analyze_heads(both, batches)
    state = transformers.MambaConfig(vocab_size=256, hidden_size=16, num_hidden_layers=1, state_size=4)
    with pytest.raises(InputError, match="names no layers and heads"):
        analyze_heads(transformers.MambaForCausalLM(state), batches)
