"""Generalized word shift graphs: which words make two texts differ, and how.

>>> from hotpapers import wordshift as ws
>>> s = ws.shift({"good": 3, "day": 5}, {"good": 1, "day": 7}, measure="proportion")
>>> s.table(to="columns")["type"], [round(float(x), 3) for x in s.contribution]
(['day', 'good'], [0.25, -0.25])
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.wordshift.counts import Counts, Documents, as_counts
    from hotpapers.wordshift.figures.bars import to_text
    from hotpapers.wordshift.figures.graphs import save, save_graphs, shift_graph, shift_graphs
    from hotpapers.wordshift.keyness_measures import keyness, keyness_versus_rest
    from hotpapers.wordshift.lexicon.lexicons import Lexicon, lexicons, load_lexicon, save_lexicon
    from hotpapers.wordshift.matrices import divergence, matrix
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.page.page import to_html, to_svg, write_page
    from hotpapers.wordshift.rank_turbulence import probability_turbulence, rank_turbulence_divergence
    from hotpapers.wordshift.shifts import Shift, WordShiftError
    from hotpapers.wordshift.tables import table, write_table
    from hotpapers.wordshift.text.cluster import count_on_cluster
    from hotpapers.wordshift.text.contexts import Context, contexts
    from hotpapers.wordshift.text.counting import count, count_groups
    from hotpapers.wordshift.text.tokens import Tokenizer
    from hotpapers.wordshift.timelines import series, trajectories
    from hotpapers.wordshift.uncertainty.confidence import Intervals, intervals
    from hotpapers.wordshift.uncertainty.null_tests import NullTest, permutation_test

__all__ = [
    "Context",
    "Counts",
    "Documents",
    "Intervals",
    "Lexicon",
    "NullTest",
    "Shift",
    "Tokenizer",
    "WordShiftError",
    "as_counts",
    "contexts",
    "count",
    "count_groups",
    "count_on_cluster",
    "divergence",
    "intervals",
    "keyness",
    "keyness_versus_rest",
    "lexicons",
    "load_lexicon",
    "matrix",
    "permutation_test",
    "probability_turbulence",
    "rank_turbulence_divergence",
    "save",
    "save_graphs",
    "save_lexicon",
    "series",
    "shift",
    "shift_graph",
    "shift_graphs",
    "table",
    "to_html",
    "to_svg",
    "to_text",
    "trajectories",
    "write_page",
    "write_table",
]

__getattr__ = lazy_face(
    __name__,
    **{
        "counts": ("Counts", "Documents", "as_counts"),
        "figures.bars": ("to_text",),
        "figures.graphs": ("save", "save_graphs", "shift_graph", "shift_graphs"),
        "keyness_measures": ("keyness", "keyness_versus_rest"),
        "lexicon.lexicons": ("Lexicon", "lexicons", "load_lexicon", "save_lexicon"),
        "matrices": ("divergence", "matrix"),
        "measures": ("shift",),
        "page.page": ("to_html", "to_svg", "write_page"),
        "rank_turbulence": ("probability_turbulence", "rank_turbulence_divergence"),
        "shifts": ("Shift", "WordShiftError"),
        "tables": ("table", "write_table"),
        "text.cluster": ("count_on_cluster",),
        "text.contexts": ("Context", "contexts"),
        "text.counting": ("count", "count_groups"),
        "text.tokens": ("Tokenizer",),
        "timelines": ("series", "trajectories"),
        "uncertainty.confidence": ("Intervals", "intervals"),
        "uncertainty.null_tests": ("NullTest", "permutation_test"),
    },
)
