"""Screening geometries: substituents grafted on the template of the bare scaffold, without quantum chemistry.

One relaxed lanthanum complex of the scaffold with hydrogen at every site serves all its ligands. Each
substituent comes with its own geometry (`fragments`) and is put in place of the site's hydrogen; of
its poses the one is taken that costs least: torsional energy of a model compound, plus repulsion by
the complex, plus repulsion by the other substituents. Everything is done for many ligands at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from reexplore.chemistry.library import Substituent, find_substituent
from reexplore.chemistry.ligands import Ligand, Trace
from reexplore.errors import CalculationFailed, Failure, FailureCode
from reexplore.structures.screening.poses import POSES, Placed, between, placed
from reexplore.structures.screening.scaffolding import Scaffolding
from reexplore.structures.structure import Structure

STAGE = "grafting"

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
Single = NDArray[np.float32]

#: The places are gone through this often at most; mostly nothing changes after the second time.
_SWEEPS = 5


class Grafting:
    """The template of a bare scaffold and the substituents that may take its sites.

    `scaffolding` is the template, cut open at its sites. A place is a site of one of the complex's
    ligands: place number = ligand × sites + site. A substituent without a 3D geometry is in `failures`;
    its ligands are refused.
    """

    def __init__(self, scaffolding: Scaffolding, substituents: tuple[Substituent, ...]) -> None:
        self.scaffolding = scaffolding
        self.substituents = substituents
        places = range(scaffolding.ligands * scaffolding.scaffold.sites)
        self.failures: dict[int, Failure] = {}
        self._placed = [[self._place(place, r) for r in range(len(substituents))] for place in places]
        sizes = [len(p.symbols) for row in self._placed for p in row]
        shape = (len(self._placed), len(substituents), POSES)
        self.atoms_per_place = max(sizes, default=0)
        self.positions = np.zeros((*shape, self.atoms_per_place, 3))
        self._energies = np.full(shape, np.inf, dtype=np.float32)
        self._clash = np.zeros(shape, dtype=bool)
        for i, row in enumerate(self._placed):
            for r, one in enumerate(row):
                poses, atoms, _ = one.positions.shape
                self.positions[i, r, :poses, :atoms] = one.positions
                self._energies[i, r, :poses] = one.energies
                self._clash[i, r, :poses] = one.clash
        #: Atomic numbers, shape (places, substituents, atoms); 0 is padding.
        self.numbers = np.zeros((*shape[:2], self.atoms_per_place), dtype=np.intp)
        for i, row in enumerate(self._placed):
            for r, one in enumerate(row):
                self.numbers[i, r, : len(one.symbols)] = [_atomic_number(s) for s in one.symbols]
        self._pairs = {(i, j): _PairTable(len(substituents)) for j in places for i in range(j)}

    def _place(self, place: int, number: int) -> Placed:
        try:
            return placed(self.scaffolding, place, self.substituents[number])
        except CalculationFailed as failed:
            self.failures[number] = failed.failure
            return placed(self.scaffolding, place, find_substituent("H"))

    @property
    def places(self) -> int:
        """Return how many sites the whole complex has."""
        return len(self._placed)

    def graft(self, choices: Integers) -> Grafts:
        """Return the complexes of many ligands; `choices`, shape (ligands, sites), numbers their substituents."""
        sites = self.scaffolding.scaffold.sites
        taken = choices[:, [place % sites for place in range(self.places)]]
        tables = {
            pair: (self._pair_rows(pair, taken), self._pairs[pair].energies, self._pairs[pair].clash)
            for pair in self._pairs
        }
        alone = [self._energies[i][taken[:, i]] for i in range(self.places)]
        poses = np.stack([energies.argmin(axis=1) for energies in alone], axis=1) if alone else taken
        for _ in range(_SWEEPS):
            before = poses.copy()
            for i in range(self.places):
                cost = alone[i].copy()
                for j in range(self.places):
                    if j == i:
                        continue
                    rows, energies, _ = tables[min(i, j), max(i, j)]
                    cost += energies[rows, :, poses[:, j]] if i < j else energies[rows, poses[:, j]]
                poses[:, i] = cost.argmin(axis=1)
            if np.array_equal(poses, before):
                break
        clash = np.zeros(len(choices), dtype=bool) | np.isin(choices, list(self.failures)).any(axis=1)
        for i in range(self.places):
            clash |= self._clash[i][taken[:, i], poses[:, i]]
        for (i, j), (rows, _, touching) in tables.items():
            clash |= touching[rows, poses[:, i], poses[:, j]]
        return Grafts(self, choices, taken, poses, clash)

    def touching(self, taken: Integers, poses: Integers) -> list[str]:
        """Return the substituents of one complex that are too near to something, as `name at site k`."""
        found = {i for i in range(self.places) if self._clash[i, taken[i], poses[i]]}
        for (i, j), table in self._pairs.items():
            if table.clash[table.rows[taken[i], taken[j]], poses[i], poses[j]]:
                found |= {i, j}
        sites = self.scaffolding.scaffold.sites
        names = [f"{self.substituents[taken[i]].name} at site {i % sites + 1}" for i in sorted(found)]
        return list(dict.fromkeys(names))

    def layout_order(self, choice: Integers, ligand: Ligand, trace: Trace) -> list[int]:
        """Return the index in the order of `Grafts` of each atom in `Layout` order."""
        base = self.scaffolding
        order = [0]
        for number in range(base.ligands):
            order += self._ligand_order(number, choice, trace)
        size = 1 + base.ligands * ligand.mol_with_hydrogens.GetNumAtoms()
        if len(order) != size:
            raise ValueError(f"{len(order)} atoms were traced, but {size} belong to {base.ligands} × {ligand.name}")
        # Co-ligands and waters.
        rest = range(base.layout.ligand(base.ligands - 1).stop, len(base.layout))
        return order + [int(base.core_index[atom]) for atom in rest]

    def _ligand_order(self, number: int, choice: Integers, trace: Trace) -> list[int]:
        base = self.scaffolding
        at, sites = base.atoms_of(number), base.scaffold.sites
        bare = base.candidate.ligand.mol_with_hydrogens
        starts = [len(base.core) + (number * sites + s) * self.atoms_per_place for s in range(sites)]
        heavy: list[int] = []
        hydrogens: list[int] = []
        for part, atom in zip(trace.part, trace.atom, strict=True):
            if part == 0:
                index = base.place[atom]
                heavy.append(int(base.core_index[at[index]]))
                around = [n.GetIdx() for n in bare.GetAtomWithIdx(index).GetNeighbors() if n.GetAtomicNum() == 1]
                mine = {h: int(base.core_index[at[h]]) for h in around if base.core_index[at[h]] >= 0}
                for s, site in enumerate(base.sites):
                    if site.atom == index:
                        kept = self._kept_hydrogens(number * sites + s, int(choice[s]), starts[s])
                        mine |= zip(site.hydrogens, kept, strict=False)
                hydrogens += [mine[h] for h in sorted(mine)]
            else:
                group = self._placed[number * sites + part - 1][choice[part - 1]].part
                if group is None:
                    raise ValueError(f"site {part} has a hydrogen, but the ligand has atoms there")
                own = group.atoms.index(atom)
                heavy.append(starts[part - 1] + own)
                hydrogens += [
                    starts[part - 1] + len(group.atoms) + h for h, owner in enumerate(group.owners) if owner == own
                ]
        return heavy + hydrogens

    def _kept_hydrogens(self, place: int, choice: int, start: int) -> list[int]:
        """Return the hydrogens that a site's atom keeps beside its substituent."""
        mine = self._placed[place][choice]
        first = len(mine.part.symbols) if mine.part else 0
        return [start + i for i in range(first, len(mine.symbols))]

    def _pair_rows(self, pair: tuple[int, int], taken: Integers) -> Integers:
        """Return the row of each ligand in the table of two places, filling in what is not there yet."""
        i, j = pair
        table = self._pairs[pair]
        met = np.unique(taken[:, i] * len(self.substituents) + taken[:, j])
        pairs = [divmod(int(code), len(self.substituents)) for code in met]
        table.add(
            [
                (a, b, between(self.scaffolding, i, self._placed[i][a], j, self._placed[j][b]))
                for a, b in pairs
                if table.rows[a, b] < 0
            ]
        )
        return np.asarray(table.rows[taken[:, i], taken[:, j]])


def _atomic_number(symbol: str) -> int:
    return int(Chem.GetPeriodicTable().GetAtomicNumber(symbol))


def _symbol(atomic_number: int) -> str:
    return str(Chem.GetPeriodicTable().GetElementSymbol(atomic_number))


class _PairTable:
    """What poses at two places cost each other, for every two substituents met so far; row 0 is for strangers."""

    def __init__(self, substituents: int) -> None:
        self.rows = np.full((substituents, substituents), -1, dtype=np.intp)
        self.energies = np.zeros((1, POSES, POSES), dtype=np.float32)
        self.clash = np.zeros((1, POSES, POSES), dtype=bool)

    def add(self, found: list[tuple[int, int, tuple[Single, NDArray[np.bool_]] | None]]) -> None:
        """Enter what was found for pairs of substituents: costs and verdicts of their poses, None for strangers."""
        energies, clash = [self.energies], [self.clash]
        for first, second, costs in found:
            if costs is None:
                self.rows[first, second] = 0
                continue
            self.rows[first, second] = sum(map(len, energies))
            (a, b) = costs[0].shape
            energies.append(np.zeros((1, POSES, POSES), dtype=np.float32))
            clash.append(np.zeros((1, POSES, POSES), dtype=bool))
            energies[-1][0, :a, :b], clash[-1][0, :a, :b] = costs
        self.energies, self.clash = np.concatenate(energies), np.concatenate(clash)


@dataclass(frozen=True, eq=False)
class Grafts:
    """The complexes of many ligands with lanthanum, their atoms in an order of their own.

    That order is the core and then the atoms of each place, padded to a common number.
    `choices` and `poses` have the shapes (ligands, sites) and (ligands, places); `clash`, shape
    (ligands,), tells which of them quality control would refuse with some metal of the series, or have
    no geometry at all.
    """

    grafting: Grafting
    choices: Integers
    taken: Integers
    poses: Integers
    clash: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of ligands."""
        return len(self.choices)

    def rows(self, rows: Integers) -> Grafts:
        """Return the complexes of some of the ligands."""
        return Grafts(self.grafting, self.choices[rows], self.taken[rows], self.poses[rows], self.clash[rows])

    @cached_property
    def positions_angstrom(self) -> Array:
        """Return all positions, shape (ligands, atoms, 3); those of padding mean nothing."""
        base = self.grafting.scaffolding
        core = np.broadcast_to(base.core_positions, (len(self), len(base.core), 3))
        places = np.arange(self.grafting.places)
        grafted = self.grafting.positions[places, self.taken, self.poses]
        return np.concatenate([core, grafted.reshape(len(self), -1, 3)], axis=1)

    @cached_property
    def numbers(self) -> Integers:
        """Return the atomic number of every atom, the metal's lanthanum's, shape (ligands, atoms); 0 is padding."""
        base = self.grafting.scaffolding
        core = np.array([_atomic_number(s) for s in base.core_symbols], dtype=np.intp)
        grafted = self.grafting.numbers[np.arange(self.grafting.places), self.taken]
        everyone = np.broadcast_to(core, (len(self), len(core)))
        return np.concatenate([everyone, grafted.reshape(len(self), -1)], axis=1)

    @cached_property
    def part(self) -> Integers:
        """Return the ligand or water each atom belongs to (`exchange.parts`), -1 for the metal, shape (atoms,)."""
        base = self.grafting.scaffolding
        places = np.arange(self.grafting.places) // max(base.scaffold.sites, 1)
        return np.concatenate([base.core_part, np.repeat(places, self.grafting.atoms_per_place)])

    def failure(self, row: int) -> Failure | None:
        """Return why the complex of one ligand is no screening geometry, or None when it is one."""
        if not self.clash[row]:
            return None
        for number in self.choices[row]:
            if (failure := self.grafting.failures.get(int(number))) is not None:
                return failure
        touching = self.grafting.touching(self.taken[row], self.poses[row])
        return Failure(
            FailureCode.CLASH,
            STAGE,
            f"no pose keeps {' and '.join(touching)} clear of the rest of the complex",
            {"substituents": touching},
        )

    def structure(self, row: int, *, ligand: Ligand, trace: Trace) -> Structure:
        """Return the complex of one ligand in `Layout` order; `ligand` and `trace` are what `assemble_traced` gave."""
        base = self.grafting.scaffolding
        order = self.grafting.layout_order(self.choices[row], ligand, trace)
        symbols = [_symbol(int(number)) for number in self.numbers[row][order]]
        charge = base.charge_beside + base.ligands * ligand.charge
        return Structure(tuple(symbols), self.positions_angstrom[row][order], charge)
