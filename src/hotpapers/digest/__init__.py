"""The day's hot papers: ranked by attention, searchable, published, and running.

>>> from hotpapers.digest import Store, first_day, rank
>>> with Store(":memory:") as store:
...     _ = store.put_post(first_day())
...     print(rank(store, top=1)[0].paper.title)
Hopfield Networks is All You Need
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.digest.comparing import compare_windows
    from hotpapers.digest.facts import first_day
    from hotpapers.digest.post import parse_post, parse_post_leniently, render_post
    from hotpapers.digest.ranking import Ranked, rank
    from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post
    from hotpapers.digest.search import SearchIndex
    from hotpapers.digest.store import Store
    from hotpapers.digest.trends import rising_words

__all__ = [
    "Attention",
    "Entry",
    "Mention",
    "Paper",
    "Post",
    "Ranked",
    "SearchIndex",
    "Store",
    "compare_windows",
    "first_day",
    "parse_post",
    "parse_post_leniently",
    "rank",
    "render_post",
    "rising_words",
]

__getattr__ = lazy_face(
    __name__,
    records=("Attention", "Entry", "Mention", "Paper", "Post"),
    comparing=("compare_windows",),
    facts=("first_day",),
    post=("parse_post", "parse_post_leniently", "render_post"),
    ranking=("Ranked", "rank"),
    search=("SearchIndex",),
    store=("Store",),
    trends=("rising_words",),
)
