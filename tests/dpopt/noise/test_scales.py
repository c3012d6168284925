"""Noise scales against the published formulas' values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.continuous import draw_gaussian, draw_knorm, draw_laplace
from hotpapers.dpopt.noise.scales import (
    gaussian_scale,
    gaussian_scale_zcdp,
    knorm_scale,
    knorm_variance,
    laplace_scale,
    laplace_variance,
    quieter_pure_noise,
    subsampled_laplace_scale,
)


@pytest.mark.parametrize(
    ("sampled", "steps", "scale"),
    [(100_000, 100, 0.04), (100_000, 1000, 0.4), (1000, 100, 0.0574999818), (1000, 1000, 0.4194822293)],
)
def test_goldens_of_the_paper(sampled, steps, scale):
    assert subsampled_laplace_scale(40, 100_000, sampled, 1 / steps) == pytest.approx(scale, rel=1e-9)


@settings(deadline=None)
@given(sensitivity=st.floats(1e-9, 1e9), epsilon=st.floats(1e-9, 1e6))
def test_no_scale_is_ever_too_small(sensitivity, epsilon):
    for scale in (laplace_scale, knorm_scale, gaussian_scale):
        spent = sensitivity / scale(sensitivity, epsilon)
        assert epsilon * (1 - 1e-11) <= spent <= epsilon
    rho = (sensitivity / gaussian_scale_zcdp(sensitivity, epsilon)) ** 2 / 2
    assert epsilon * (1 - 1e-11) <= rho <= epsilon


def test_variances_of_the_draws():
    generator = np.random.default_rng(3)
    assert draw_laplace(400_000, 2.0, generator).var() == pytest.approx(laplace_variance(2.0), rel=0.01)
    assert draw_gaussian((400, 1000), 2.0, generator).var() == pytest.approx(4.0, rel=0.01)
    noise = draw_knorm(7, 2.0, generator, draws=60_000)
    assert noise.var() == pytest.approx(knorm_variance(2.0, 7), rel=0.01)
    assert np.linalg.norm(noise, axis=1).mean() == pytest.approx(14.0, rel=0.01)
    assert draw_knorm(7, 2.0, generator).shape == (7,)


def test_one_hot_rows_prefer_laplace_and_spread_rows_knorm():
    assert quieter_pure_noise(math.sqrt(13), 1.0, 92) == "laplace"  # Adult: 2 * 13 < 93
    assert quieter_pure_noise(math.sqrt(92), 1.0, 92) == "knorm"  # 2 * 92 > 93


def test_impossible_arguments_are_refused():
    for call in (
        lambda: laplace_scale(0.0, 1.0),
        lambda: gaussian_scale(1.0, math.nan),
        lambda: subsampled_laplace_scale(1.0, 10, 11, 1.0),
    ):
        with pytest.raises(PrivacyError):
            call()
