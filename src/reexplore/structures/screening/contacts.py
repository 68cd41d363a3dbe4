"""Who is too near to whom, for many poses at once: a repulsion to choose by, and the verdict of quality control."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.metals import METALS, Metal
from reexplore.structures.bonds import BOND_TOLERANCE, COVALENT_RADII_ANGSTROM
from reexplore.structures.quality import CLASH_SHARE, METAL_CONTACT_ANGSTROM, VAN_DER_WAALS_ANGSTROM

#: Depth of the Lennard-Jones well whose repulsive part ranks poses (J. D. Weeks, D. Chandler and
#: H. C. Andersen, J. Chem. Phys. 1971, 54, 5237), in kcal/mol: that of carbon in common force fields.
_DEPTH_KCAL_MOL = 0.1
#: From this distance on the hydrogen of a hydrogen bond does not repel its acceptor (water dimer: 1.95 Å).
_HYDROGEN_BOND_ANGSTROM = 1.9
_ACCEPTORS = ("N", "O", "F")
#: The metal keeps what is not bound to it at a distance: its second shell begins about here.
_METAL_RANGE_ANGSTROM = 3.4
#: No pair repels more than this, so that sums stay finite.
_MOST_KCAL_MOL = 1000.0

Kinds = NDArray[np.intp]
Single = NDArray[np.float32]

#: An atom is of its element's kind; the hydrogens that can be given to a hydrogen bond are a kind of their own.
_POLAR = "polar H"
_METAL = "metal"
_NAMES = (*VAN_DER_WAALS_ANGSTROM, _POLAR, _METAL)


def kinds_of(symbols: Sequence[str], owners: Sequence[str]) -> Kinds:
    """Return the kind of each atom; `owners` names the element each hydrogen is bonded to (ignored for others)."""
    names = [
        _METAL if s in METALS else _POLAR if s == "H" and owner in ("N", "O", "S") else s
        for s, owner in zip(symbols, owners, strict=True)
    ]
    return np.array([_NAMES.index(name) for name in names], dtype=np.intp)


def squared_distances(first: Single, second: Single) -> Single:
    """Return Å² between all atoms of all poses: (P, A, 3) and (Q, B, 3) to (P, Q, A, B)."""
    p, a, _ = first.shape
    q, b, _ = second.shape
    left, right = first.reshape(p * a, 3), second.reshape(q * b, 3)
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None] - 2.0 * (left @ right.T)
    return np.maximum(squares, 1e-4).reshape(p, a, q, b).swapaxes(1, 2)


def repulsion_kcal_mol(
    squares: Single, first: Kinds, second: Kinds, *, counted: NDArray[np.bool_] | None = None
) -> Single:
    """Return the repulsion between poses, (P, Q, A, B) to (P, Q); `counted`, (A, B), leaves out bonded pairs."""
    reach = _RANGES_SQUARED[first[:, None], second[None]]
    if counted is not None:
        reach = np.where(counted, reach, np.float32(0.0))
    sixth = np.maximum((reach / squares) ** 3 - 1.0, 0.0)
    return np.asarray(np.minimum(_DEPTH_KCAL_MOL * sixth**2, _MOST_KCAL_MOL).sum(axis=(-1, -2), dtype=np.float32))


def too_near(squares: Single, first: Kinds, second: Kinds, *, metal: Metal) -> NDArray[np.bool_]:
    """Return which atoms are nearer than quality control allows two that are not bonded, (..., A, B)."""
    return np.asarray(squares < _limits_squared(metal)[first[:, None], second[None]])


def _range(first: str, second: str) -> float:
    if _METAL in (first, second):
        return _METAL_RANGE_ANGSTROM
    if (first == _POLAR and second in _ACCEPTORS) or (second == _POLAR and first in _ACCEPTORS):
        return _HYDROGEN_BOND_ANGSTROM
    return VAN_DER_WAALS_ANGSTROM[_element(first)] + VAN_DER_WAALS_ANGSTROM[_element(second)]


def _limit(first: str, second: str, metal: Metal) -> float:
    """Return below which distance two atoms clash or would be taken for bonded."""
    elements = {_element(first), _element(second)} - {_METAL}
    if _METAL in (first, second):
        return 0.0 if "H" in elements else metal.shannon_radius_angstrom + METAL_CONTACT_ANGSTROM
    pair = (_element(first), _element(second))
    bonded = BOND_TOLERANCE * sum(COVALENT_RADII_ANGSTROM[e] for e in pair)
    # Hydrogen bonds are short: a hydrogen and a heavy atom clash when they look bonded.
    mixed = (pair[0] == "H") != (pair[1] == "H")
    return bonded if mixed else max(bonded, CLASH_SHARE * sum(VAN_DER_WAALS_ANGSTROM[e] for e in pair))


def _element(name: str) -> str:
    return "H" if name == _POLAR else name


@lru_cache(maxsize=64)
def _limits_squared(metal: Metal) -> Single:
    return np.array([[_limit(a, b, metal) ** 2 for b in _NAMES] for a in _NAMES], dtype=np.float32)


_RANGES_SQUARED = np.array([[_range(a, b) ** 2 for b in _NAMES] for a in _NAMES], dtype=np.float32)
