"""Noise: how much (scales), from where (entropy sources), in floating point or exactly on a lattice."""

from hotpapers.dpopt.noise.continuous import draw_gaussian, draw_knorm, draw_laplace
from hotpapers.dpopt.noise.knorm_lattice import draw_knorm_lattice
from hotpapers.dpopt.noise.lattice import draw_gaussian_lattice, draw_laplace_lattice
from hotpapers.dpopt.noise.scales import (
    gaussian_scale,
    gaussian_scale_zcdp,
    knorm_scale,
    laplace_scale,
    quieter_pure_noise,
    subsampled_laplace_scale,
)
from hotpapers.dpopt.noise.sources import EntropySource, SeededEntropy, SystemEntropy

__all__ = [
    "EntropySource",
    "SeededEntropy",
    "SystemEntropy",
    "draw_gaussian",
    "draw_gaussian_lattice",
    "draw_knorm",
    "draw_knorm_lattice",
    "draw_laplace",
    "draw_laplace_lattice",
    "gaussian_scale",
    "gaussian_scale_zcdp",
    "knorm_scale",
    "laplace_scale",
    "quieter_pure_noise",
    "subsampled_laplace_scale",
]
