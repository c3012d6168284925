"""The lexicons that go by a name: one ships with the package, the others lie in a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotpapers.common.datasets import data_file, data_folders
from hotpapers.wordshift.data import WORDSHIFT
from hotpapers.wordshift.lexicon.lexicons import LexiconInfo

__all__ = ["SHELF", "ShelvedLexicon"]

_SHIPPED = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class ShelvedLexicon:
    """Where a named lexicon lies.

    Parameters
    ----------
    info
        What users see.
    file
        File name, in the package or in the data set.
    decade
        Which of the file's decades.
    """

    info: LexiconInfo
    file: str
    decade: int | None = None

    def is_here(self) -> bool:
        """Whether the file is on this machine (its bytes are checked when it is read)."""
        if self.info.shipped:
            return True
        return any((folder / WORDSHIFT.name / self.file).is_file() for folder in data_folders())

    def path(self) -> Path:
        """The file, its bytes checked.

        Raises
        ------
        UnavailableError
            If it is not here: says where it comes from.
        """
        return _SHIPPED / self.file if self.info.shipped else data_file(WORDSHIFT, self.file)


SHELF: tuple[ShelvedLexicon, ...] = (
    ShelvedLexicon(
        info=LexiconInfo(
            name="VADER",
            centre=0.0,
            licence="MIT, copyright 2016 C.J. Hutto",
            source="github.com/cjhutto/vaderSentiment; Hutto and Gilbert, ICWSM 2014",
            shipped=True,
            raters=10,
        ),
        file="vader.tsv",
    ),
    ShelvedLexicon(
        info=LexiconInfo(
            name="labMT_English",
            centre=5.0,
            licence="CC BY-NC-SA 4.0 by its authors' package",
            source="Dodds et al., PLoS ONE 6(12), 2011",
            shipped=False,
        ),
        file="labMT_English.tsv.gz",
    ),
    *(
        ShelvedLexicon(
            info=LexiconInfo(
                name=f"SocialSent-historical_{decade}",
                centre=0.0,
                licence="public domain dedication",
                source="Hamilton et al., EMNLP 2016",
                shipped=False,
            ),
            file="socialsent_historical.tsv.gz",
            decade=decade,
        )
        for decade in range(1850, 2001, 10)
    ),
)
