"""One ligand around its metal: conformers whose donors all face one point, from distance geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from reexplore.chemistry.ligands import Ligand
from reexplore.chemistry.metals import Metal
from reexplore.errors import CalculationFailed, FailureCode
from reexplore.structures.conformers.rotamers import turned, turns
from reexplore.structures.holding import DONOR_RADII_ANGSTROM
from reexplore.structures.structure import Structure

Array = NDArray[np.float64]

#: How far a metal-donor distance may lie from the sum of radii while embedding, Å.
_DONOR_SLACK_ANGSTROM = 0.1
#: No other atom of a chelate comes nearer to the metal: the ring nitrogen of HOPO is at 2.8-3.1 Å.
_NEAREST_OTHER_ANGSTROM = 2.7
#: Two donors of one ligand are at least this far apart (bite of a nitrate: 2.1 Å), so that no two share a place.
_NEAREST_DONORS_ANGSTROM = 2.1
_FARTHEST_ANGSTROM = 30.0
#: How far a donor may be from where it belongs after the force field: amines of EDTA lie 0.3 Å out.
_HELD_ANGSTROM = 0.5

_FORCE_CONSTANT = 100.0  # kcal/mol/Å²; stiff beside torsions, soft beside bonds
_STEPS = 500
_EMBEDDING_TRIES = 10
#: Conformers nearer than this (heavy atoms and polar hydrogens, about the metal) are one.
_DISTINCT_ANGSTROM = 0.3


@dataclass(frozen=True, eq=False)
class Chelate:
    """A ligand's positions in Å with the metal at the origin, in the order of `Ligand.mol_with_hydrogens`.

    `energy_kcal_mol` is the force field's, with what holds the donors at their distances; it compares conformers.
    """

    positions_angstrom: Array
    donors: tuple[int, ...]
    energy_kcal_mol: float

    @property
    def directions(self) -> Array:
        """Return unit vectors from the metal to the donors, shape (donors, 3)."""
        arms = self.positions_angstrom[list(self.donors)]
        return arms / np.linalg.norm(arms, axis=1)[:, None]


def metal_donor_angstrom(element: str, metal: Metal) -> float:
    """Return the sum of Shannon's radii of a metal and a donor element, in Å."""
    return metal.shannon_radius_angstrom + DONOR_RADII_ANGSTROM[element]


def chelates(ligand: Ligand, *, metal: Metal, count: int, seed: int) -> list[Chelate]:
    """Return distinct conformers of a ligand that hold the metal with all their donors.

    `count` are embedded with the metal as a point at its distances from the donors (ETKDGv3; S. Wang et
    al., J. Chem. Inf. Model. 2020, 60, 2044) and pre-optimised with MMFF94s, or UFF where that has no
    parameters; then each side chain is turned. The same seed gives the same conformers. Raises
    `CalculationFailed` when the donors cannot face one metal.
    """
    mol = ligand.mol_with_hydrogens
    ideal = {d: metal_donor_angstrom(mol.GetAtomWithIdx(d).GetSymbol(), metal) for d in ligand.donors}
    found: list[Chelate] = []
    shapes: list[Array] = []

    def keep(start: Array) -> None:
        positions, energy_kcal_mol = _settled(mol, start, ideal)
        arms = np.linalg.norm(positions[list(ideal)], axis=1)
        shape = _shape(mol, positions)
        held = np.max(np.abs(arms - list(ideal.values()))) < _HELD_ANGSTROM
        if held and all(np.max(np.abs(shape - other)) > _DISTINCT_ANGSTROM for other in shapes):
            shapes.append(shape)
            found.append(Chelate(positions, ligand.donors, energy_kcal_mol))

    for embedded in _embedded(mol, ideal, count=count, seed=seed):
        keep(embedded)
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    for chelate in tuple(found):
        for turn in turns(ligand):
            start = turned(Structure(symbols, chelate.positions_angstrom, ligand.charge), turn)
            keep(np.vstack((start.positions_angstrom, np.zeros((1, 3)))))
    if not found:
        raise CalculationFailed(
            FailureCode.BUILD_FAILED,
            "placement",
            f"the donors of {ligand.smiles} cannot all reach one {metal.symbol}",
            smiles=ligand.smiles,
            donors=list(ligand.donors),
        )
    return found


def _embedded(mol: Chem.Mol, ideal: dict[int, float], *, count: int, seed: int) -> list[Array]:
    """Return embedded positions of the ligand's atoms and, last, the metal."""
    editable = Chem.RWMol(mol)
    point = editable.AddAtom(Chem.Atom(0))
    whole = editable.GetMol()
    whole.UpdatePropertyCache(strict=False)
    Chem.GetSymmSSSR(whole)
    bounds = rdDistGeom.GetMoleculeBoundsMatrix(whole)
    for atom in range(point):
        lower, upper = _NEAREST_OTHER_ANGSTROM, _FARTHEST_ANGSTROM
        if atom in ideal:
            lower, upper = ideal[atom] - _DONOR_SLACK_ANGSTROM, ideal[atom] + _DONOR_SLACK_ANGSTROM
        # RDKit keeps upper bounds above the diagonal and lower ones below it.
        bounds[atom, point], bounds[point, atom] = upper, lower
    for first in ideal:
        for second in ideal:
            if first < second:
                bounds[second, first] = min(max(bounds[second, first], _NEAREST_DONORS_ANGSTROM), bounds[first, second])
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.numThreads = 1
    parameters.useRandomCoords = True
    parameters.embedFragmentsSeparately = False
    # Donors that cannot face one metal would be tried for ever.
    parameters.maxIterations = _EMBEDDING_TRIES
    parameters.SetBoundsMat(bounds)
    numbers = rdDistGeom.EmbedMultipleConfs(whole, count, parameters)
    return [whole.GetConformer(n).GetPositions() for n in numbers]


def _settled(mol: Chem.Mol, positions: Array, ideal: dict[int, float]) -> tuple[Array, float]:
    """Return the ligand's positions after a force field with the metal as a point, then the origin, and its energy."""
    work = Chem.Mol(mol)
    conformer = Chem.Conformer(mol.GetNumAtoms())
    conformer.SetPositions(np.ascontiguousarray(positions[:-1]))
    work.RemoveAllConformers()
    work.AddConformer(conformer)
    field, restrain = _force_field(work)
    point = field.AddExtraPoint(*positions[-1], fixed=False) - 1
    field.Initialize()
    for atom in range(mol.GetNumAtoms()):
        lower, upper = _NEAREST_OTHER_ANGSTROM, _FARTHEST_ANGSTROM
        if atom in ideal:
            lower = upper = ideal[atom]
        restrain(field, atom, point, lower, upper)
    field.Minimize(maxIts=_STEPS)
    settled = np.array(field.Positions()).reshape(-1, 3)
    return np.asarray(settled[:-1] - settled[-1]), float(field.CalcEnergy())


def _force_field(mol: Chem.Mol) -> tuple[Any, Any]:
    """Return a force field and the function that keeps two of its points between two distances."""
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol, mmffVariant="MMFF94s")
        # Without the metal's charge electrostatics would draw every N-H and O-H to the anionic donors.
        properties.SetMMFFEleTerm(False)

        def restrain(field: Any, first: int, second: int, lower: float, upper: float) -> None:
            field.MMFFAddDistanceConstraint(first, second, False, lower, upper, _FORCE_CONSTANT)

        return rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties), restrain

    def restrain_uff(field: Any, first: int, second: int, lower: float, upper: float) -> None:
        field.UFFAddDistanceConstraint(first, second, False, lower, upper, _FORCE_CONSTANT)

    return rdForceFieldHelpers.UFFGetMoleculeForceField(mol), restrain_uff


def _shape(mol: Chem.Mol, positions: Array) -> Array:
    """Return distances that tell conformers and hands apart less their mirror images: rotation-free."""
    kept = [
        atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() != "H" or atom.GetNeighbors()[0].GetSymbol() != "C"
    ]
    points = np.vstack((np.zeros((1, 3)), positions[kept]))
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=-1))
