"""Many complexes as a metal-centred member sees them: the metal and what lies within its reach, without loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.metals import SERIES
from reexplore.errors import InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.baselines import RidgeFit
from reexplore.surrogate.samples import LIGAND_CHARGE

#: Every element a network can be asked about; the order is part of a member file's meaning.
ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I", *(metal.symbol for metal in SERIES))

_NUMBERS = [Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in ELEMENTS]
#: Position in `ELEMENTS` of each atomic number, -1 for those that are not in it.
_TYPES = np.full(120, -1, dtype=np.int64)
_TYPES[_NUMBERS] = np.arange(len(ELEMENTS))


@dataclass(frozen=True, eq=False)
class Stars:
    """The neighbours of all metals as one list: complex (metals of a ligand together), element, vector in Å.

    `metals` holds the element of each complex's metal; elements are positions in `ELEMENTS`.
    """

    metals: NDArray[np.int64]
    star: NDArray[np.int64]
    elements: NDArray[np.int64]
    vectors_angstrom: NDArray[np.float64]


def stars(complexes: Complexes, *, r_max_angstrom: float) -> Stars:
    """Return what lies nearer than `r_max_angstrom` to the metal of each complex.

    Raises `InputError` for an element no network knows.
    """
    types = _TYPES[complexes.numbers]
    there = complexes.numbers > 0
    if (types[there] < 0).any():
        strange = sorted({int(number) for number in complexes.numbers[there & (types < 0)]})
        symbols = ", ".join(Chem.GetPeriodicTable().GetElementSymbol(number) for number in strange)
        raise InputError(f"the surrogate knows no element {symbols}; it knows {', '.join(ELEMENTS)}")
    vectors = complexes.positions_angstrom[:, None] + complexes.shifts_angstrom[None]
    near = there[:, None] & (np.einsum("lmax,lmax->lma", vectors, vectors) < r_max_angstrom**2)
    ligand, metal, atom = np.nonzero(near)
    return Stars(
        metals=np.tile(np.array([ELEMENTS.index(m.symbol) for m in complexes.metals]), len(complexes.numbers)),
        star=ligand * len(complexes.metals) + metal,
        elements=types[ligand, atom],
        vectors_angstrom=vectors[ligand, metal, atom],
    )


def linear_part(prior: RidgeFit, complexes: Complexes) -> NDArray[np.float64]:
    """Return the prediction of a prior on compositions (`dataset.composition`) in kcal/mol, shape (L, M)."""
    weights = dict(zip(prior.columns, prior.coefficients, strict=True))
    of_number = np.zeros(len(_TYPES))
    of_number[_NUMBERS] = [weights.get(symbol, 0.0) for symbol in ELEMENTS]
    of_number[0] = 0.0
    charge = np.array([metal.oxidation_state for metal in complexes.metals])
    brought = weights.get(LIGAND_CHARGE, 0.0) * (complexes.charges[:, None] - charge[None])
    metals = np.array([weights.get(metal.symbol, 0.0) for metal in complexes.metals])
    return np.asarray(of_number[complexes.numbers].sum(axis=1)[:, None] + brought + metals[None] + prior.intercept)
