"""SMILES as Morgan fingerprints: which substructures a molecule has, as bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.common.errors import MissingExtraError
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["BITS", "RADIUS", "Fingerprints", "fingerprints", "need_rdkit"]

BITS, RADIUS = 1024, 2


@dataclass(frozen=True, kw_only=True)
class Fingerprints:
    """Molecules as bits.

    Parameters
    ----------
    bits
        1 where a molecule has a substructure that falls on the bit, uint8 ``[n, BITS]``.
    kept
        Position of each molecule among the strings given, int64 ``[n]``.
    refused
        Positions of strings that are no molecule, int64 ``[given - n]``.
    """

    bits: npt.NDArray[np.uint8]
    kept: npt.NDArray[np.int64]
    refused: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kept)


def need_rdkit() -> Any:
    """The rdkit package.

    Raises
    ------
    MissingExtraError
        If it is not installed; says how to install it.
    """
    try:
        import rdkit
    except ImportError as error:
        raise MissingExtraError(
            'reading SMILES needs rdkit: pip install "hotpapers[hopfield-molecules]"'
        ) from error
    return rdkit


def fingerprints(smiles: Sequence[Any]) -> Fingerprints:
    """Morgan fingerprints of radius 2 in 1024 bits, without chirality (Rogers and Hahn, 2010).

    Parameters
    ----------
    smiles
        One string a molecule. What is missing, empty or no valid molecule is left out and told in `refused`.

    Raises
    ------
    HopfieldError
        If none of them is a molecule.
    MissingExtraError
        If rdkit is not installed.
    """
    need_rdkit()
    from rdkit import Chem, rdBase
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    generator = GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    made, kept, refused = [], [], []
    with rdBase.BlockLogs():  # it would write several lines for each string that is no molecule
        for at, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text) if isinstance(text, str) and text.strip() else None
            if molecule is None or not molecule.GetNumAtoms():
                refused.append(at)
                continue
            kept.append(at)
            made.append(generator.GetFingerprintAsNumPy(molecule).astype(np.uint8))
    if not made:
        raise HopfieldError(f"none of {len(refused)} strings is a molecule in SMILES")
    return Fingerprints(
        bits=np.stack(made), kept=np.array(kept, np.int64), refused=np.array(refused, np.int64)
    )
