"""Can these donors hold one metal at all? A force field answers in a tenth of a second."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from reexplore.chemistry.co_ligands import CO_LIGANDS
from reexplore.chemistry.ligands import CoLigands, Ligand
from reexplore.chemistry.metals import TEMPLATE_METAL
from reexplore.errors import InputError
from reexplore.structures.holding import DONOR_RADII_ANGSTROM

#: A metal-donor distance may lie this far from the sum of radii, Å: the scatter of relaxed complexes.
_DONOR_SLACK_ANGSTROM = 0.25
#: No other atom comes nearer to the metal, Å: the carbon of a carboxylate that binds through both oxygens is at 2.8.
_HEAVY_ANGSTROM, _HYDROGEN_ANGSTROM = 2.75, 2.5
#: The lone pair of an aromatic nitrogen lies in its ring's plane, so the ring's other atoms are at least this far, Å.
_RING_ANGSTROM = 3.1
_FARTHEST_ANGSTROM = 100.0
_FORCE_CONSTANT = 300.0  # kcal/mol/Å²

#: What a chelate may be strained by, per donor: at most 1.8 kcal/mol in 33 known chelates, at least 2.7 in 13 pairs
#: of donors that no metal holds, such as those of 4-pyridinolate or terephthalate
#: (tests/structures/builders/test_feasibility.py).
STRAIN_KCAL_MOL_PER_DONOR = 2.5
#: Conformers embedded, so many at a time, before the donors are given up; the first that fits ends the search.
_PORTION, _PORTIONS = 4, 8
_STEPS = 1000


def chelate_strain_kcal_mol(ligand: Ligand, *, donors: tuple[int, ...], seed: int = 1) -> float:
    """Return the strain of the ligand when these atoms of `mol` hold one lanthanum, in kcal/mol.

    UFF (A. K. Rappé et al., J. Am. Chem. Soc. 1992, 114, 10024) without charges: the energy above the
    nearest minimum of the free ligand, with the metal as a point at its distances from the donors and
    clear of every other atom. The search stops at the first conformer below the limit, and at the first
    portion of which nothing can be embedded. An estimate for refusing what is impossible, not an energy to quote.
    """
    mol = _with_metal(ligand)
    lower, upper = _bounds(mol, donors)
    lowest = np.inf
    for portion in range(_PORTIONS):
        embedded = _embedded(mol, lower, upper, seed=seed + portion)
        if not embedded:
            # It was tried many times for each of them; the next portion takes as long and finds no more.
            return np.inf
        for number in embedded:
            lowest = min(lowest, _strain(mol, number, lower, upper))
            if lowest <= STRAIN_KCAL_MOL_PER_DONOR * len(donors):
                return float(lowest)
    return float(lowest)


def can_hold(ligand: Ligand, donors: tuple[int, ...]) -> bool:
    """Return whether these atoms of `mol` can hold one metal together."""
    return chelate_strain_kcal_mol(ligand, donors=donors) <= STRAIN_KCAL_MOL_PER_DONOR * len(donors)


def apart(ligand: Ligand) -> tuple[int, ...]:
    """Return the donors that cannot hold one metal together, or nothing when all can.

    An impossible pair is named if there is one, else all of them.
    """
    donors = ligand.donors
    if can_hold(ligand, donors):
        return ()
    return next((pair for pair in combinations(donors, 2) if not can_hold(ligand, pair)), donors)


def require_co_ligands(co_ligands: CoLigands) -> None:
    """Raise `InputError` for a co-ligand of a person's own whose donors cannot hold one metal together."""
    for ligand, _ in co_ligands:
        if ligand.name not in CO_LIGANDS and apart(ligand):
            raise InputError(f"the co-ligand '{ligand.name}': its donors cannot hold one metal together")


def _with_metal(ligand: Ligand) -> Chem.Mol:
    editable = Chem.RWMol(ligand.mol_with_hydrogens)
    editable.AddAtom(Chem.Atom(TEMPLATE_METAL.symbol))
    mol = editable.GetMol()
    Chem.SanitizeMol(mol)
    return mol


def _bounds(mol: Chem.Mol, donors: tuple[int, ...]) -> tuple[list[float], list[float]]:
    """Return the least and the greatest distance of every atom of the ligand from the metal, in Å."""
    atoms = list(mol.GetAtoms())[:-1]
    lower = [_HYDROGEN_ANGSTROM if atom.GetSymbol() == "H" else _HEAVY_ANGSTROM for atom in atoms]
    upper = [_FARTHEST_ANGSTROM] * len(atoms)
    for ring in mol.GetRingInfo().AtomRings():
        if any(d in ring and atoms[d].GetSymbol() == "N" and atoms[d].GetIsAromatic() for d in donors):
            for atom in ring:
                lower[atom] = _RING_ANGSTROM
    for donor in donors:
        ideal = TEMPLATE_METAL.shannon_radius_angstrom + DONOR_RADII_ANGSTROM[atoms[donor].GetSymbol()]
        lower[donor], upper[donor] = ideal - _DONOR_SLACK_ANGSTROM, ideal + _DONOR_SLACK_ANGSTROM
    return lower, upper


def _embedded(mol: Chem.Mol, lower: list[float], upper: list[float], *, seed: int) -> list[int]:
    metal = mol.GetNumAtoms() - 1
    bounds = rdDistGeom.GetMoleculeBoundsMatrix(mol)
    # RDKit keeps upper bounds above the diagonal and lower ones below it.
    bounds[:metal, metal], bounds[metal, :metal] = upper, lower
    # Not ETKDG, whose torsions are those of free molecules: they hold two oxygens of oxalate apart.
    parameters: Any = rdDistGeom.KDG()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    parameters.useRandomCoords = True
    parameters.embedFragmentsSeparately = False
    parameters.ignoreSmoothingFailures = True
    parameters.SetBoundsMat(bounds)
    return list(rdDistGeom.EmbedMultipleConfs(mol, _PORTION, parameters))


def _strain(mol: Chem.Mol, number: int, lower: list[float], upper: list[float]) -> float:
    metal = mol.GetNumAtoms() - 1
    held = rdForceFieldHelpers.UFFGetMoleculeForceField(mol, confId=number)
    held.Initialize()
    for atom, (least, most) in enumerate(zip(lower, upper, strict=True)):
        held.UFFAddDistanceConstraint(atom, metal, False, least, most, _FORCE_CONSTANT)
    held.Minimize(maxIts=_STEPS)
    positions = mol.GetConformer(number).GetPositions()
    distances = np.linalg.norm(positions[:-1] - positions[-1], axis=1)
    excess = np.maximum(np.maximum(np.array(lower) - distances, distances - np.array(upper)), 0.0)
    free = rdForceFieldHelpers.UFFGetMoleculeForceField(mol, confId=number)
    free.Initialize()
    above = free.CalcEnergy()
    free.Minimize(maxIts=_STEPS)
    strain = above - free.CalcEnergy() + _FORCE_CONSTANT * float(excess @ excess)
    # A force field may collapse to minus infinity from a bad start: no conformer at all.
    return strain if abs(above) < 1e6 and abs(strain) < 1e6 else np.inf
