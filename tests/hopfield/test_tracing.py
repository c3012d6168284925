"""Compilers and exporters see through the layers; low precision stays close."""

from __future__ import annotations

import io
import warnings

import pytest
import torch
from hopfield.randomised import normal, randomised

from hotpapers.hopfield import Hopfield, HopfieldEncoderLayer, HopfieldLayer, HopfieldPooling

LAYERS = {
    "association": lambda: Hopfield(8, num_heads=2),
    "three updates, tolerance": lambda: Hopfield(8, num_heads=2, update_steps_max=3),
    "updates by head": lambda: Hopfield(8, num_heads=2, update_steps_max=torch.tensor([1, 3])),
    "three updates, no tolerance": lambda: Hopfield(8, update_steps_max=3, update_steps_eps=None),
    "pooling": lambda: HopfieldPooling(8, quantity=2, update_steps_max=2),
    "lookup": lambda: HopfieldLayer(8, quantity=5),
    "encoder": lambda: HopfieldEncoderLayer(Hopfield(8), 16),
}


@pytest.mark.parametrize("name", LAYERS)
def test_q13_torch_compile_in_one_graph(name) -> None:
    torch._dynamo.reset()
    layer, x = randomised(LAYERS[name]()), normal(3, 7, 8)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    given, alone = x.clone().requires_grad_(), x.clone().requires_grad_()
    out = compiled(given)
    assert torch.allclose(out, layer(alone), atol=1e-5)
    out.square().sum().backward()
    layer(alone).square().sum().backward()
    assert torch.allclose(given.grad, alone.grad, atol=1e-4, rtol=1e-4)


def test_q13_torch_compile_with_masks(monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.masks._WARNED", {"dead"})
    torch._dynamo.reset()
    layer, x = randomised(Hopfield(8, num_heads=2, update_steps_max=2)), normal(3, 7, 8)
    padding = torch.arange(7) >= torch.tensor([[7], [3], [0]])
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(x, padding), layer(x, padding), atol=1e-5)


@pytest.mark.slow
def test_q13_torch_compile_with_inductor() -> None:
    torch._dynamo.reset()
    layer, x = randomised(Hopfield(8, num_heads=2, update_steps_max=3)), normal(3, 7, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = torch.compile(layer, fullgraph=True)(x)
    assert torch.allclose(out, layer(x), atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_q12_torch_export(name) -> None:
    layer, x = randomised(LAYERS[name]()), normal(3, 7, 8)
    program = torch.export.export(layer, (x,))
    assert torch.allclose(program.module()(x), layer(x), atol=1e-5)


@pytest.mark.parametrize("name", ["association", "three updates, tolerance", "pooling"])
def test_onnx_round_trip(name) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    layer, x = randomised(LAYERS[name]()), normal(3, 7, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(layer, (x,), dynamo=True, verbose=False)
    stream = io.BytesIO()
    program.save(stream)
    session = runtime.InferenceSession(stream.getvalue(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert torch.allclose(torch.from_numpy(found), layer(x), atol=1e-5)


@pytest.mark.parametrize("backend", ["sdpa", "matmul", "chunked"])
@pytest.mark.parametrize("kind", ["association", "pooling"])
def test_autocast_to_bfloat16(kind, backend) -> None:
    make = Hopfield if kind == "association" else HopfieldPooling
    layer = randomised(make(8, num_heads=2, update_steps_max=2, backend=backend), std=0.3)
    x = normal(3, 200, 8).requires_grad_()
    expected = layer(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x)
    assert found.dtype == torch.bfloat16
    size = float(expected.detach().abs().max())
    assert float((found - expected).detach().abs().max()) < 0.05 * max(1.0, size)
    found.float().sum().backward()
    assert x.grad.isfinite().all()


def test_half_precision_with_huge_norms_stays_finite() -> None:
    layer = HopfieldPooling(8).half().eval()
    assert layer(1000 * normal(2, 50, 8).half()).isfinite().all()


def test_layers_are_copied_pickled_and_moved_with_their_beta() -> None:
    import copy
    import pickle

    layer = Hopfield(8, num_heads=2, scaling=torch.tensor([0.5, 2.0]), association_activation="tanh")
    x = normal(2, 7, 8)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), layer(x))
    assert layer.double().scaling.dtype == torch.float64
    assert layer.to("meta").association_core.beta.device.type == "meta"
