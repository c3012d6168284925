"""Retrieval without a layer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hopfield.randomised import normal
from torch.nn.functional import scaled_dot_product_attention

from hotpapers.hopfield import hopfield_retrieve, update
from hotpapers.hopfield.errors import HopfieldError

HAND = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
XI = torch.tensor([1.0, 0.25], dtype=torch.float64)


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0])
def test_zero_extra_steps_are_one_update(beta) -> None:
    assert torch.allclose(hopfield_retrieve(XI, HAND, beta), update(XI, HAND, beta), atol=1e-14)
    three = update(update(update(XI, HAND, beta), HAND, beta), HAND, beta)
    assert torch.allclose(hopfield_retrieve(XI, HAND, beta, steps=2), three, atol=1e-14)


@pytest.mark.parametrize(("beta", "count"), [(0.1, 16), (0.5, 267), (1.0, 18), (4.0, 4)])
def test_convergence_takes_as_many_updates_as_by_hand(beta, count) -> None:
    found = hopfield_retrieve(XI, HAND, beta, "converge", eps=1e-12)
    assert torch.equal(found, hopfield_retrieve(XI, HAND, beta, steps=count - 1))


def test_each_state_converges_by_itself() -> None:
    states = normal(20, 2, dtype=torch.float64)
    together = hopfield_retrieve(states, HAND, 1.0, "converge", eps=1e-9)
    alone = torch.stack([hopfield_retrieve(state, HAND, 1.0, "converge", eps=1e-9) for state in states])
    assert torch.allclose(together, alone, atol=1e-13)


def test_what_does_not_converge_is_said(monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.functional.CAP", 100)
    with pytest.warns(UserWarning, match="not converged after 100 updates"):
        hopfield_retrieve(XI, HAND, 0.5, "converge", eps=1e-12)


def test_it_is_attention() -> None:
    q, k, v = normal(2, 5, 8), normal(2, 9, 8, seed=2), normal(2, 9, 3, seed=3)
    found = hopfield_retrieve(q, k, 1 / math.sqrt(8), values=v)
    assert torch.allclose(found, scaled_dot_product_attention(q, k, v), atol=1e-5)


@pytest.mark.parametrize(
    ("state", "stored", "shape"),
    [
        ((8,), (9, 8), (8,)),
        ((5, 8), (9, 8), (5, 8)),
        ((2, 5, 8), (9, 8), (2, 5, 8)),
        ((5, 8), (2, 9, 8), (2, 5, 8)),
        ((8,), (2, 9, 8), (2, 8)),
        ((2, 5, 8), (2, 9, 8), (2, 5, 8)),
    ],
)
def test_shapes(state, stored, shape) -> None:
    x = normal(*stored)
    found = hopfield_retrieve(normal(*state), x, 0.7)
    assert found.shape == shape
    if len(shape) > 1:
        q = normal(*state) if len(state) > 1 else normal(1, *state)
        plain = torch.softmax(0.7 * q @ x.mT, -1) @ x
        assert torch.allclose(found, plain.reshape(shape), atol=1e-5)


@pytest.mark.parametrize("count", [50, 5000])
def test_many_patterns_give_the_same_as_few(count) -> None:
    """Past a thousand patterns blocks are used."""
    q, x = normal(3, 16, dtype=torch.float64), normal(count, 16, seed=2, dtype=torch.float64)
    expected = torch.softmax(0.5 * q @ x.mT, -1) @ x
    assert torch.allclose(hopfield_retrieve(q, x, 0.5), expected, atol=1e-12)


def test_masks_forbid_and_masked_states_are_zero(monkeypatch) -> None:
    monkeypatch.setattr("hotpapers.hopfield.masks._WARNED", {"dead"})
    q, x = normal(3, 8), normal(6, 8, seed=2)
    forbidden = torch.zeros(3, 6, dtype=torch.bool)
    forbidden[0, 2:] = True
    forbidden[2] = True
    found = hopfield_retrieve(q, x, 1.0, mask=forbidden)
    assert torch.allclose(found[0], hopfield_retrieve(q[0], x[:2], 1.0), atol=1e-6)
    assert not found[2].abs().max()
    added = torch.zeros(3, 6).masked_fill(forbidden, -math.inf)
    assert torch.equal(hopfield_retrieve(q, x, 1.0, mask=added), found)


def test_gradients_flow_through_all_updates() -> None:
    inputs = [XI.clone().requires_grad_(), HAND.clone().requires_grad_()]
    assert torch.autograd.gradcheck(lambda xi, x: hopfield_retrieve(xi, x, 0.7, steps=3), inputs)


def test_numpy_arrays_are_taken() -> None:
    found = hopfield_retrieve(XI.numpy(), HAND.numpy(), np.float64(1.0))
    assert found.dtype == torch.float64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, "steps must be"),
        ({"steps": "forever"}, "steps must be"),
        ({"beta": 0.0}, "beta must be"),
        ({"eps": 0.0, "steps": "converge"}, "eps must be"),
        ({"values": torch.zeros(2, 4)}, "one for each of 3"),
        ({"mask": torch.zeros(5, dtype=torch.bool)}, "does not fit"),
        ({"state": torch.zeros(3)}, "does not fit"),
    ],
)
def test_bad_arguments_are_named(arguments, message) -> None:
    given = {"state": XI, "stored": HAND, "beta": 1.0} | arguments
    with pytest.raises(HopfieldError, match=message):
        hopfield_retrieve(**given)
