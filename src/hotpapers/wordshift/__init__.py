"""Generalized word shift graphs: which words make two texts differ, and how.

>>> from hotpapers import wordshift as ws
>>> s = ws.shift({"good": 3, "day": 5}, {"good": 1, "day": 7}, measure="proportion")
>>> [s.types[at] for at in s.order], [round(float(x), 3) for x in s.contribution]
(['day', 'good'], [0.25, -0.25])
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.wordshift.bars import to_text
    from hotpapers.wordshift.confidence import Intervals, intervals
    from hotpapers.wordshift.counting import count, count_groups
    from hotpapers.wordshift.counts import Counts, as_counts
    from hotpapers.wordshift.figures import save, shift_graph, shift_graphs
    from hotpapers.wordshift.keyness_measures import keyness
    from hotpapers.wordshift.matrices import matrix
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.page import to_html, write_page
    from hotpapers.wordshift.shifts import Shift, WordShiftError
    from hotpapers.wordshift.tables import table, write_table
    from hotpapers.wordshift.timelines import series
    from hotpapers.wordshift.tokens import Tokenizer

__all__ = [
    "Counts",
    "Intervals",
    "Shift",
    "Tokenizer",
    "WordShiftError",
    "as_counts",
    "count",
    "count_groups",
    "intervals",
    "keyness",
    "matrix",
    "save",
    "series",
    "shift",
    "shift_graph",
    "shift_graphs",
    "table",
    "to_html",
    "to_text",
    "write_page",
    "write_table",
]

__getattr__ = lazy_face(
    __name__,
    bars=("to_text",),
    confidence=("Intervals", "intervals"),
    counting=("count", "count_groups"),
    counts=("Counts", "as_counts"),
    figures=("save", "shift_graph", "shift_graphs"),
    keyness_measures=("keyness",),
    matrices=("matrix",),
    measures=("shift",),
    page=("to_html", "write_page"),
    shifts=("Shift", "WordShiftError"),
    tables=("table", "write_table"),
    timelines=("series",),
    tokens=("Tokenizer",),
)
