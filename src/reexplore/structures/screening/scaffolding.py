"""The template of a bare scaffold cut open at its sites: what stays, and what substituents take the place of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.library import Scaffold, find_substituent
from reexplore.chemistry.ligands import CoLigands, Ligand, Trace, assemble_traced
from reexplore.chemistry.metals import SERIES, TEMPLATE_METAL, Metal
from reexplore.structures.metal_exchange import NEWEST_CONTRACTION, part_shifts, parts
from reexplore.structures.screening.contacts import Kinds, kinds_of
from reexplore.structures.screening.fragments import Anchor, anchor_of
from reexplore.structures.structure import Layout, Structure

Array = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Site:
    """A site of the bare ligand; indices are those of its `mol_with_hydrogens`.

    `hydrogens` are those that a substituent may replace: all of the atom's, or one of them where the
    atom has several sites. `neighbour` gives torsions their zero.
    """

    atom: int
    symbol: str
    anchor: Anchor
    neighbour: int
    neighbours: tuple[int, ...]
    hydrogens: tuple[int, ...]


def bare_candidate(scaffold: Scaffold, *, ligands: int, waters: int, co_ligands: CoLigands = ()) -> Candidate:
    """Return the lanthanum complex of a scaffold with hydrogen at every site."""
    ligand, _ = _bare(scaffold)
    return Candidate(ligand, TEMPLATE_METAL, ligands, waters, co_ligands)


class Scaffolding:
    """A template in `Layout` order of `bare_candidate`, and where everything of it is.

    The core is every atom that no substituent can replace. `core_part` is the ligand, co-ligand or water an atom
    belongs to (`exchange.parts`), -1 for the metal. `ends` are the metals between whose places all
    others lie, with what each part is moved by; `metals` are those that take part although they seldom have this
    coordination number.
    """

    def __init__(
        self,
        scaffold: Scaffold,
        template: Structure,
        *,
        ligands: int,
        waters: int,
        co_ligands: CoLigands = (),
        metals: tuple[Metal, ...] = (),
        contraction: int = NEWEST_CONTRACTION,
    ) -> None:
        self.scaffold = scaffold
        self._metals = metals
        self._contraction = contraction
        self.template = template
        self.candidate = bare_candidate(scaffold, ligands=ligands, waters=waters, co_ligands=co_ligands)
        self.layout = Layout.of(self.candidate)
        if len(template) != len(self.layout) or template.symbols[0] != TEMPLATE_METAL.symbol:
            raise ValueError(f"the template of {self.candidate.name} has {len(self.layout)} atoms, not {len(template)}")
        self.ligands = ligands
        self.waters = waters
        _, trace = _bare(scaffold)
        #: Index in the bare ligand of each heavy atom of the scaffold's SMILES.
        self.place = {atom: i for i, atom in enumerate(trace.atom)}
        self.sites = _sites(scaffold, self.candidate.ligand.mol_with_hydrogens, self.place)
        replaced = {self.layout.ligand(k)[h] for k in range(ligands) for s in self.sites for h in s.hydrogens}
        self.core = np.array([i for i in range(len(template)) if i not in replaced], dtype=np.intp)
        #: Position in the core of each atom of the template, -1 for those that may be replaced.
        self.core_index = np.full(len(template), -1, dtype=np.intp)
        self.core_index[self.core] = np.arange(len(self.core))
        self.core_positions: Array = template.positions_angstrom[self.core]
        self.core_symbols = tuple(template.symbols[i] for i in self.core)
        part = np.full(len(template), -1, dtype=np.intp)
        for number, atoms in enumerate(parts(self.layout)):
            part[list(atoms)] = number
        self.core_part = part[self.core]

    def atoms_of(self, ligand: int) -> range:
        """Return the template's atoms of one ligand."""
        return self.layout.ligand(ligand)

    @property
    def charge_beside(self) -> int:
        """Return the charge of the complex without its ligands: that of the metal and of the co-ligands."""
        beside = sum(count * ligand.charge for ligand, count in self.candidate.co_ligands)
        return self.candidate.metal.oxidation_state + beside

    def shifts(self, metals: tuple[Metal, ...]) -> Array:
        """Return how far each ligand, co-ligand and water moves for each metal, in Å, shape (metals, parts, 3)."""
        return part_shifts(
            self.template, layout=self.layout, old=TEMPLATE_METAL, metals=metals, contraction=self._contraction
        )

    @cached_property
    def core_kinds(self) -> Kinds:
        """Return the kind of each atom of the core."""
        bound = [_owner(atom) for ligand in self.candidate.bound for atom in ligand.mol_with_hydrogens.GetAtoms()]
        owners = ["", *bound, *("O",) * (3 * self.waters)]
        return kinds_of(self.core_symbols, [owners[i] for i in self.core])

    @cached_property
    def ends(self) -> tuple[tuple[Metal, Array], ...]:
        """Return lanthanum and the metal that moves this complex most, with the shift of each part."""
        number = self.candidate.coordination_number
        held = tuple(metal for metal in SERIES if number in metal.usual_numbers or metal in self._metals) or SERIES
        shifts = self.shifts(held)
        farthest = int(np.linalg.norm(shifts, axis=-1).sum(axis=1).argmax())
        nothing = np.zeros_like(shifts[0])
        return ((TEMPLATE_METAL, nothing), (held[farthest], shifts[farthest]))


def _bare(scaffold: Scaffold) -> tuple[Ligand, Trace]:
    return assemble_traced(scaffold, (find_substituent("H"),) * scaffold.sites)


def _owner(atom: Chem.Atom) -> str:
    return str(atom.GetNeighbors()[0].GetSymbol()) if atom.GetSymbol() == "H" else ""


def _sites(scaffold: Scaffold, bare: Chem.Mol, place: dict[int, int]) -> tuple[Site, ...]:
    mol = Chem.MolFromSmiles(scaffold.smiles)
    dummies = sorted((a for a in mol.GetAtoms() if a.GetAtomicNum() == 0), key=lambda a: int(a.GetAtomMapNum()))
    anchors = [dummy.GetNeighbors()[0] for dummy in dummies]
    together = [anchor.GetIdx() for anchor in anchors]
    found = []
    for number, anchor in enumerate(anchors):
        atom = bare.GetAtomWithIdx(place[anchor.GetIdx()])
        around = [n.GetIdx() for n in atom.GetNeighbors()]
        hydrogens = [i for i in around if bare.GetAtomWithIdx(i).GetAtomicNum() == 1]
        if together.count(anchor.GetIdx()) > 1:
            hydrogens = [hydrogens[together[:number].count(anchor.GetIdx())]]
        heavy = [i for i in around if bare.GetAtomWithIdx(i).GetAtomicNum() > 1]
        kept = [i for i in around if i not in hydrogens]
        found.append(
            Site(atom.GetIdx(), atom.GetSymbol(), anchor_of(anchor), min(heavy or kept), tuple(kept), tuple(hydrogens))
        )
    return tuple(found)
