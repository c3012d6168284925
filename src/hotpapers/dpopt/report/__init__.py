"""The privacy report: what a privacy officer reads, made of the ledger and of public or noisy numbers alone."""

from hotpapers.dpopt.report.contents import (
    Coefficients,
    Iterations,
    PrivacyReport,
    iterations_of,
    noise_deviation,
)

__all__ = ["Coefficients", "Iterations", "PrivacyReport", "iterations_of", "noise_deviation"]
