"""Generalized word shift graphs: which words make two texts differ, and how.

>>> from hotpapers import wordshift as ws
>>> s = ws.shift({"good": 3, "day": 5}, {"good": 1, "day": 7}, measure="proportion")
>>> [s.types[at] for at in s.order], [round(float(x), 3) for x in s.contribution]
(['day', 'good'], [0.25, -0.25])
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.wordshift.counts import Counts, as_counts
    from hotpapers.wordshift.figures.bars import to_text
    from hotpapers.wordshift.figures.graphs import save, shift_graph, shift_graphs
    from hotpapers.wordshift.keyness_measures import keyness
    from hotpapers.wordshift.matrices import matrix
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.page.page import to_html, to_svg, write_page
    from hotpapers.wordshift.shifts import Shift, WordShiftError
    from hotpapers.wordshift.tables import table, write_table
    from hotpapers.wordshift.text.contexts import Context, contexts
    from hotpapers.wordshift.text.counting import count, count_groups
    from hotpapers.wordshift.text.tokens import Tokenizer
    from hotpapers.wordshift.timelines import series
    from hotpapers.wordshift.uncertainty.confidence import Intervals, intervals
    from hotpapers.wordshift.uncertainty.null_tests import NullTest, permutation_test

__all__ = [
    "Context",
    "Counts",
    "Intervals",
    "NullTest",
    "Shift",
    "Tokenizer",
    "WordShiftError",
    "as_counts",
    "contexts",
    "count",
    "count_groups",
    "intervals",
    "keyness",
    "matrix",
    "permutation_test",
    "save",
    "series",
    "shift",
    "shift_graph",
    "shift_graphs",
    "table",
    "to_html",
    "to_svg",
    "to_text",
    "write_page",
    "write_table",
]

__getattr__ = lazy_face(
    __name__,
    **{
        "counts": ("Counts", "as_counts"),
        "figures.bars": ("to_text",),
        "figures.graphs": ("save", "shift_graph", "shift_graphs"),
        "keyness_measures": ("keyness",),
        "matrices": ("matrix",),
        "measures": ("shift",),
        "page.page": ("to_html", "to_svg", "write_page"),
        "shifts": ("Shift", "WordShiftError"),
        "tables": ("table", "write_table"),
        "text.contexts": ("Context", "contexts"),
        "text.counting": ("count", "count_groups"),
        "text.tokens": ("Tokenizer",),
        "timelines": ("series",),
        "uncertainty.confidence": ("Intervals", "intervals"),
        "uncertainty.null_tests": ("NullTest", "permutation_test"),
    },
)
