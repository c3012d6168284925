"""Modern Hopfield networks: an associative memory whose one update is attention, and layers built on it.

>>> from hotpapers.hopfield import hopfield_retrieve
>>> found = hopfield_retrieve([1.0, 0.25], [[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], beta=4.0)
>>> [round(float(value), 3) for value in found]
[1.995, 0.005]
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.hopfield.convergence import energy, jacobian, update
    from hotpapers.hopfield.errors import HopfieldError
    from hotpapers.hopfield.fixed_points import has_one_fixed_point, k_mass, regime
    from hotpapers.hopfield.fixed_sets import HopfieldLayer, HopfieldPooling
    from hotpapers.hopfield.functional import hopfield_retrieve
    from hotpapers.hopfield.heads.analysing import analyze_heads
    from hotpapers.hopfield.heads.averaging import GaussianAveraging
    from hotpapers.hopfield.heads.losses import replacement_costs
    from hotpapers.hopfield.heads.replacing import replace_heads, restore_heads
    from hotpapers.hopfield.heads.reports import HeadReport
    from hotpapers.hopfield.layers import Hopfield
    from hotpapers.hopfield.memory.report import TrustReport
    from hotpapers.hopfield.memory.retrieval import Retrieval
    from hotpapers.hopfield.memory.store import HopfieldMemory
    from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier
    from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier
    from hotpapers.hopfield.retrieval import RetrievalBound, retrieval_bound, separation
    from hotpapers.hopfield.storage import CapacityBound, capacity
    from hotpapers.hopfield.tabular import HopfieldMemoryClassifier
    from hotpapers.hopfield.transformer import HopfieldDecoderLayer, HopfieldEncoderLayer

__all__ = [
    "CapacityBound",
    "DeepRCClassifier",
    "GaussianAveraging",
    "HeadReport",
    "Hopfield",
    "HopfieldDecoderLayer",
    "HopfieldEncoderLayer",
    "HopfieldError",
    "HopfieldLayer",
    "HopfieldMILClassifier",
    "HopfieldMemory",
    "HopfieldMemoryClassifier",
    "HopfieldPooling",
    "Retrieval",
    "RetrievalBound",
    "TrustReport",
    "analyze_heads",
    "capacity",
    "energy",
    "has_one_fixed_point",
    "hopfield_retrieve",
    "jacobian",
    "k_mass",
    "regime",
    "replace_heads",
    "replacement_costs",
    "restore_heads",
    "retrieval_bound",
    "separation",
    "update",
]

__getattr__ = lazy_face(
    __name__,
    convergence=("energy", "jacobian", "update"),
    errors=("HopfieldError",),
    fixed_points=("has_one_fixed_point", "k_mass", "regime"),
    fixed_sets=("HopfieldLayer", "HopfieldPooling"),
    functional=("hopfield_retrieve",),
    layers=("Hopfield",),
    retrieval=("RetrievalBound", "retrieval_bound", "separation"),
    storage=("CapacityBound", "capacity"),
    tabular=("HopfieldMemoryClassifier",),
    transformer=("HopfieldDecoderLayer", "HopfieldEncoderLayer"),
    **{
        "heads.analysing": ("analyze_heads",),
        "heads.averaging": ("GaussianAveraging",),
        "heads.losses": ("replacement_costs",),
        "heads.replacing": ("replace_heads", "restore_heads"),
        "heads.reports": ("HeadReport",),
        "memory.report": ("TrustReport",),
        "memory.retrieval": ("Retrieval",),
        "memory.store": ("HopfieldMemory",),
        "mil.classifier": ("HopfieldMILClassifier",),
        "repertoire.classifier": ("DeepRCClassifier",),
    },
)
