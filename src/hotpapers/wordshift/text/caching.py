"""Counts of files kept on disk, so that a run that was killed goes on at the next file."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hotpapers.common.files import write_bytes
from hotpapers.wordshift.text.inputs import Input
from hotpapers.wordshift.text.reading import Reading
from hotpapers.wordshift.text.tallies import Tally
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["Cache"]

_FORMAT = 1
_ARRAYS = ("values", "documents", "indices", "counts")


class Cache:
    """A folder of tallies, one a file and way of counting.

    The key is the file's path, size and time of change, and all that decides its counts. An entry is
    written whole or not at all; one that can't be read is counted again.

    Parameters
    ----------
    folder
        Made when the first tally is kept.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, reading: Reading, *, apart: bool) -> None:
        self.folder = Path(folder)
        self._how = {
            "format": _FORMAT,
            "tokenizer": tokenizer.fingerprint,
            "reading": asdict(reading),
            "apart": apart,
        }

    def get(self, given: Input) -> Tally | None:
        """The tally of a file, if it is here; tells `given` its hash."""
        path = self._path(given)
        if path is None:
            return None
        try:
            kept = json.loads(gzip.decompress(path.read_bytes()))
            arrays = {name: np.array(kept[name], dtype=np.int64) for name in _ARRAYS}
            tally = Tally(types=kept["types"], names=kept["names"], groups=kept["groups"], **arrays)
            given.sha256, given.bytes_read = kept["sha256"], kept["bytes"]
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None
        return tally

    def keep(self, given: Input, tally: Tally) -> None:
        """Write the tally of a file; standard input and texts at hand are not kept."""
        path = self._path(given)
        if path is None:
            return
        content = {
            "types": tally.types,
            "names": tally.names,
            "groups": tally.groups,
            "sha256": given.sha256,
            "bytes": given.bytes_read,
        } | {name: getattr(tally, name).tolist() for name in _ARRAYS}
        write_bytes(path, gzip.compress(json.dumps(content).encode(), compresslevel=1, mtime=0))

    def _path(self, given: Input) -> Path | None:
        if given.path is None or not given.path.is_file():
            return None
        status = given.path.stat()
        # The name too: documents are called by it.
        key = [str(given.path.resolve()), given.name, status.st_size, status.st_mtime_ns, self._how]
        return self.folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()}.json.gz"
