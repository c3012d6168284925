"""The published bags that the paper's table is about, with their folds."""

from __future__ import annotations

from hotpapers.common.datasets import DataSet

__all__ = ["BAGS"]

BAGS = DataSet(
    name="hopfield",
    files={
        "mil_elephant.npz": "b73d64a2e70a158b8a74d745ab7201428c5fda2711dc93f06e447a8c061fa40f",
        "mil_fox.npz": "39195d11f5c8f0080607e947b636bbfaacd450c3c9dd51792808cefdeafae816",
        "mil_tiger.npz": "0c6ba96e169fdbfe6c137034141210cc69ff4601e0de67ba8edd79bcf8bfc6a3",
        "mil_musk1.npz": "b263c1c24a58b09c74f793d1daee51841cf26ac6efff0ac7874e963d2323507c",
    },
    licence="MIT (repository); Musk: UCI",
    source="MIDatasets.jl, after Andrews et al. (2002) and the UCI repository",
)
