"""Substituents in space: their conformers about the bond by which they are held, from model compounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from reexplore.chemistry.library import Scaffold, Substituent
from reexplore.chemistry.ligands import assemble_traced
from reexplore.errors import CalculationFailed, FailureCode

Array = NDArray[np.float64]

#: What holds a substituent: the element, and whether its bonds lie in a plane.
Anchor = Literal["C planar", "C", "N planar", "N", "O", "S"]

#: The smallest compound with the anchor `[*:1]` is bonded to; it gives bond lengths and torsional energies.
_MODELS: dict[Anchor, str] = {
    "C planar": "c1ccccc1[*:1]",
    "C": "C[*:1]",
    "N planar": "CC(=O)N(C)[*:1]",
    "N": "CN(C)[*:1]",
    "O": "CO[*:1]",
    "S": "CS[*:1]",
}

#: Torsions about the bond to the anchor are tried in steps of this many degrees.
TORSION_STEP_DEGREES = 15
_EMBEDDED = 10
_KEPT = 4
#: Conformers of the model compound higher than this above the lowest are not tried.
_WINDOW_KCAL_MOL = 5.0
#: A conformer this near to a lower one (any atom of the substituent, torsion about the bond apart) is the same.
_SAME_ANGSTROM = 0.4
_FORCE_FIELD_STEPS = 2000
_SEED = 20260


@dataclass(frozen=True, eq=False)
class Fragment:
    """A substituent with the anchor at the origin, its bond along +z and the anchor's first neighbour at y = 0, x > 0.

    `atoms` are the indices of the heavy atoms in the substituent's SMILES. `symbols` and the second
    axis of `positions_angstrom`, shape (poses, atoms, 3), hold them and then their hydrogens, each
    owned by `owners` (a position among the heavy atoms). `first` is the one bonded to the anchor.
    Poses are conformers times torsions; `energies_kcal_mol`, shape (poses,), is the model compound's,
    above its lowest.
    """

    atoms: tuple[int, ...]
    first: int
    symbols: tuple[str, ...]
    owners: tuple[int, ...]
    bonds: tuple[tuple[int, int], ...]
    positions_angstrom: Array
    energies_kcal_mol: Array


def anchor_of(atom: Chem.Atom) -> Anchor:
    """Return what a site's atom is as a holder of substituents; raise `ValueError` for an element that holds none."""
    symbol = atom.GetSymbol()
    if symbol not in ("C", "N", "O", "S"):
        raise ValueError(f"a site on {symbol} has no model compound: sites are on C, N, O or S")
    if symbol in ("O", "S"):
        return symbol  # type: ignore[return-value]  # one of the two
    planar = atom.GetHybridization() == Chem.HybridizationType.SP2
    return f"{symbol} planar" if planar else symbol  # type: ignore[return-value]  # C or N


@lru_cache(maxsize=4096)
def fragment(substituent: Substituent, anchor: Anchor) -> Fragment:
    """Return a substituent's poses on this anchor (ETKDGv3, then MMFF94s, or UFF where that has no parameters).

    The same substituent gives the same poses. Raises `CalculationFailed` when nothing can be embedded.
    """
    ligand, trace = assemble_traced(Scaffold("model", _MODELS[anchor], 0, "", ""), (substituent,))
    mol = Chem.Mol(ligand.mol_with_hydrogens)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = _SEED
    parameters.numThreads = 1
    numbers = list(rdDistGeom.EmbedMultipleConfs(mol, _EMBEDDED, parameters))
    if not numbers:
        raise CalculationFailed(
            FailureCode.BUILD_FAILED, "fragment", f"RDKit embeds no conformer of {ligand.smiles}", smiles=ligand.smiles
        )
    field = _ForceField(mol)
    field.optimise()
    heavy = [i for i, part in enumerate(trace.part) if part == 1]
    held = _holder(mol, heavy)
    hydrogens = [n.GetIdx() for i in heavy for n in mol.GetAtomWithIdx(i).GetNeighbors() if n.GetAtomicNum() == 1]
    moving = heavy + hydrogens
    frames = [_in_frame(mol.GetConformer(n).GetPositions(), held, moving) for n in numbers]
    order = sorted(range(len(numbers)), key=lambda k: field.energy(numbers[k]))
    lowest = field.energy(numbers[order[0]])
    kept: list[int] = []
    for k in order:
        near = field.energy(numbers[k]) < lowest + _WINDOW_KCAL_MOL
        if near and len(kept) < _KEPT and all(_differ(frames[k], frames[other]) for other in kept):
            kept.append(k)
    poses, energies = [], []
    for k in kept:
        for angle in range(0, 360, TORSION_STEP_DEGREES):
            turned = frames[k] @ _about_z(np.radians(angle)).T
            poses.append(turned)
            energies.append(
                field.energy_with(numbers[k], moving, _from_frame(turned, field.positions(numbers[k]), held))
            )
    place = {atom: i for i, atom in enumerate(moving)}
    return Fragment(
        atoms=tuple(trace.atom[i] for i in heavy),
        first=place[held.first],
        symbols=tuple(mol.GetAtomWithIdx(i).GetSymbol() for i in moving),
        owners=tuple(place[mol.GetAtomWithIdx(h).GetNeighbors()[0].GetIdx()] for h in hydrogens),
        bonds=tuple(
            (place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()])
            for b in mol.GetBonds()
            if b.GetBeginAtomIdx() in place and b.GetEndAtomIdx() in place
        ),
        positions_angstrom=np.array(poses),
        energies_kcal_mol=np.array(energies) - min(energies),
    )


class _ForceField:
    """MMFF94s of one molecule's conformers, or UFF where that has no parameters; kcal/mol."""

    def __init__(self, mol: Chem.Mol) -> None:
        self._mol = mol
        self._properties = None
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            self._properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol, mmffVariant="MMFF94s")

    def optimise(self) -> None:
        if self._properties is not None:
            rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
                self._mol, numThreads=1, maxIters=_FORCE_FIELD_STEPS, mmffVariant="MMFF94s"
            )
        else:
            rdForceFieldHelpers.UFFOptimizeMoleculeConfs(self._mol, numThreads=1, maxIters=_FORCE_FIELD_STEPS)

    def positions(self, number: int) -> Array:
        return np.asarray(self._mol.GetConformer(number).GetPositions())

    def energy(self, number: int) -> float:
        return self._field(number).CalcEnergy()

    def energy_with(self, number: int, atoms: list[int], places: Array) -> float:
        positions = self.positions(number)
        positions[atoms] = places
        return self._field(number).CalcEnergy(positions.ravel().tolist())

    def _field(self, number: int) -> Any:
        if self._properties is not None:
            return rdForceFieldHelpers.MMFFGetMoleculeForceField(self._mol, self._properties, confId=number)
        return rdForceFieldHelpers.UFFGetMoleculeForceField(self._mol, confId=number)


@dataclass(frozen=True)
class _Holder:
    """The bond of a model compound: the anchor, the substituent's first atom, and the anchor's first neighbour."""

    anchor: int
    first: int
    neighbour: int


def _holder(mol: Chem.Mol, heavy: list[int]) -> _Holder:
    inside = set(heavy)
    anchor, first = next(
        (n.GetIdx(), i)
        for i in heavy
        for n in mol.GetAtomWithIdx(i).GetNeighbors()
        if n.GetIdx() not in inside and n.GetAtomicNum() > 1
    )
    others = [n.GetIdx() for n in mol.GetAtomWithIdx(anchor).GetNeighbors() if n.GetIdx() != first]
    return _Holder(anchor, first, min(others))


def frame(bond: Array, neighbour: Array) -> Array:
    """Return the axes x, y, z as rows: z along `bond`, `neighbour` in the half-plane y = 0, x > 0.

    Vectors start at the anchor; shapes (..., 3) to (..., 3, 3).
    """
    z = bond / np.linalg.norm(bond, axis=-1, keepdims=True)
    x = neighbour - (neighbour * z).sum(axis=-1, keepdims=True) * z
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=-2)


def _axes(positions: Array, held: _Holder) -> Array:
    origin = positions[held.anchor]
    return frame(positions[held.first] - origin, positions[held.neighbour] - origin)


def _in_frame(positions: Array, held: _Holder, atoms: list[int]) -> Array:
    return np.asarray((positions[atoms] - positions[held.anchor]) @ _axes(positions, held).T)


def _from_frame(places: Array, positions: Array, held: _Holder) -> Array:
    return np.asarray(places @ _axes(positions, held) + positions[held.anchor])


def _about_z(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _differ(first: Array, second: Array) -> bool:
    """Return whether two conformers differ at every torsion about the bond."""
    turns = range(0, 360, TORSION_STEP_DEGREES)
    return all(np.abs(first @ _about_z(np.radians(angle)).T - second).max() > _SAME_ANGSTROM for angle in turns)
