"""How alike two ligands are: Tanimoto similarity of Morgan fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rdkit import Chem
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from rdkit.DataStructs import BulkTanimotoSimilarity


def similarities(smiles: str, others: Sequence[str]) -> list[float]:
    """Return how alike each of some ligands is to one, 0 to 1, all given by their canonical SMILES."""
    return [float(s) for s in BulkTanimotoSimilarity(_fingerprint(smiles), [_fingerprint(o) for o in others])]


def most_alike(smiles: str, others: Sequence[str], *, count: int) -> list[tuple[int, float]]:
    """Return place and similarity of the ligands that are most like one, the nearest first; itself is left out."""
    found = [(n, s) for n, s in enumerate(similarities(smiles, others)) if others[n] != smiles]
    return sorted(found, key=lambda each: (-each[1], others[each[0]]))[:count]


@lru_cache(maxsize=65536)
def _fingerprint(smiles: str) -> Any:
    """Return the Morgan fingerprint of radius 2 (D. Rogers, M. Hahn, J. Chem. Inf. Model. 2010, 50, 742)."""
    return GetMorganGenerator(radius=2).GetFingerprint(Chem.MolFromSmiles(smiles))
