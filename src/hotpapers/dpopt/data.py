"""The public tables that claims, benchmarks and docs measure on."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.datasets import DataSet

__all__ = ["ADULT", "ADULT_SCHEMA"]

ADULT = DataSet(
    name="dpopt",
    files={
        "adult-train.csv.gz": "c7a2b4716a97f930123e0baf879188d701e798172631a654fc703d4b082907f3",
        "adult-test.csv.gz": "41743e91fe4d25fd353ea754bfdb850444d050bd14aaee06a5be952b6dbfa3ec",
    },
    licence="CC BY 4.0",
    source="UCI Machine Learning Repository, Adult (Census Income)",
)
"""32,561 and 16,281 rows of an old published census extract."""

ADULT_SCHEMA = Path(__file__).parent / "tables" / "adult.schema.toml"
"""Its public schema."""
