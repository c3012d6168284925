"""The published molecules that the paper's table is about."""

from __future__ import annotations

from hotpapers.common.datasets import DataSet

__all__ = ["LABELS", "MOLECULES"]

MOLECULES = DataSet(
    name="hopfield",
    files={
        "bace.csv.gz": "9d676d5b8bc791e762add8e764a4bbe4c8bc576c465ecdb40cd22b025e81382d",
        "bbbp.csv.gz": "411eb5e9573abbf1fb7b5e011d35911c1dbed28f203660caa333b10eee015f7d",
        "hiv.csv.gz": "ecb7265aaf5e50e03e9aa0f4119c6dbc80ae9e17f7d6b22a066979d34e05b240",
        "sider.csv.gz": "0e0249ec3511e17974a9414be5c511c1a6d630fceb3575b6c4f33392d44125a6",
    },
    licence="CC0 1.0",
    source="the AttentiveFP repository, after MoleculeNet",
)

LABELS = {"bace": "Class", "bbbp": "p_np", "hiv": "HIV_active", "sider": "SIDER*"}
"""Set -> its columns of labels."""
