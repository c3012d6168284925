"""The digest's data set: the public archive that its tests and claims measure against."""

from hotpapers.common.datasets import DataSet

__all__ = ["ARCHIVE"]

ARCHIVE = DataSet(
    name="digest",
    files={
        "posts-2020.zip": "f5baf9bc745a817023cc454f4eba1ee87289c0f8793ca00bff4a3732e693cb44",
        "hot-papers-2020-08-06.md": "f8e18dbf09b7873c30a2e05d170cecd37f6ee1a4b94076b9610982e973c8ecc5",
        "hot-papers-2020-08-06.mojibake.md": "c989c4c9f6501e2c36aaf39c9a35700d5d082bf85845c3b60ae4fd47a47d0d7c",
    },
    licence="repository MIT; abstracts and tweets belong to their authors: for tests, not for republishing",
    source="github.com/TatsuyaShirakawa/daily-arxiv-gatsby, commit 2e966c3, content/posts",
)
