"""The privacy report: what a privacy officer reads, made of the ledger and of public or noisy numbers alone."""

from hotpapers.dpopt.report.contents import Coefficients, Iterations, PrivacyReport
from hotpapers.dpopt.report.of_training import iterations_of, noise_deviation, report_of

__all__ = ["Coefficients", "Iterations", "PrivacyReport", "iterations_of", "noise_deviation", "report_of"]
