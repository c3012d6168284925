"""Private training of torch modules (extra ``dpopt-torch``): `make_private` and what it returns."""

from hotpapers.dpopt.torch.optimizer import DPOptimizer
from hotpapers.dpopt.torch.poisson_loader import PoissonLoader
from hotpapers.dpopt.torch.private import make_private, make_private_with_epsilon
from hotpapers.dpopt.torch.row_gradients import RowGradients
from hotpapers.dpopt.torch.workers import GatheredSums, serve_sums

__all__ = [
    "DPOptimizer",
    "GatheredSums",
    "PoissonLoader",
    "RowGradients",
    "make_private",
    "make_private_with_epsilon",
    "serve_sums",
]
