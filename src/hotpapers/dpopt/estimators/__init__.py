"""Private linear models as scikit-learn estimators."""

from hotpapers.dpopt.estimators.classifiers import DPLinearSVC, DPLogisticRegression
from hotpapers.dpopt.estimators.regressors import DPHuberRegressor, DPRidge

__all__ = ["DPHuberRegressor", "DPLinearSVC", "DPLogisticRegression", "DPRidge"]
