"""arXiv identifiers; they live a few floors down, in `hotpapers.common.arxiv_ids`."""

from hotpapers.common.arxiv_ids import find_arxiv_ids, normalise_arxiv_id

__all__ = ["find_arxiv_ids", "normalise_arxiv_id"]
